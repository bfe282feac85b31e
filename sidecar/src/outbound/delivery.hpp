// What the database hands out to be sent, and the facts that go back to it.
#pragma once

#include "net/address.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pgbk::relay {

using SteadyTime = std::chrono::steady_clock::time_point;

// A row of booking.relay_claim as it came.
struct ClaimedRow {
    std::string delivery_id;
    std::string lease_token;
    std::string request_id;
    bool batched = false;
    std::string endpoint_name;
    std::string url;
    int timeout_ms = 0;
    std::string headers;          // json
    std::string secrets;          // json
    std::string allowed_networks; // json
    std::string event_type;
    int attempt = 0;
    double occurred_at = 0; // Unix seconds
    std::string body;
};

struct Lease {
    std::string delivery_id;
    std::string token;
};

// One HTTP request: a delivery, or a batch of them.
struct Dispatch {
    std::vector<Lease> leases;
    std::string request_id;
    std::string endpoint_name;
    std::string url;
    std::chrono::milliseconds timeout{};
    std::string headers;
    std::string secrets;
    std::string allowed_networks;
    std::string event_type;
    int attempt = 0;
    double occurred_at = 0; // of the oldest
    std::string body;
};

// Rows of one batch come together and share their request_id; a batch's body is the JSON array of theirs.
std::vector<Dispatch> group_into_dispatches(std::vector<ClaimedRow> rows);

struct Facts {
    std::chrono::system_clock::time_point started_at;
    std::optional<int> http_status;
    std::string error_class; // empty: none
    std::string error;
    std::optional<double> dns_ms;
    std::optional<double> connect_ms;
    std::optional<double> tls_ms;
    std::optional<double> first_byte_ms;
    std::optional<double> total_ms;
    std::string remote_address;
    std::vector<std::pair<std::string, std::string>> response_headers;
    std::string response_body;
    bool response_truncated = false;
    std::optional<std::int64_t> retry_after_seconds;
};

// What became of a delivery; without facts it was never sent, and is given back.
struct Result {
    Lease lease;
    std::shared_ptr<const Facts> facts;
    SteadyTime lease_end;      // afterwards somebody else has it
    int tries = 0;             // how often the database could not take it
    std::uint64_t request = 0; // deliveries of one request have the same number, and stand side by side
    bool alone = false;        // refused in a report of its request's alone, so that no other's is to blame
};

// How many results from the front go into one report: at most `limit`, but requests are not cut, since the database
// takes what it finds of a batch in one report for the whole of its answer. One request always goes, whatever its size.
std::size_t results_to_report(const std::deque<Result>& results, std::size_t limit);

constexpr int tries_before_giving_up = 5;

// Whether nothing would be sent anew that is only waiting to be reported, if leases that ran out were claimed now: what
// waits was never sent, or is what the database refuses, in a lease that still runs or as often as it is tried.
bool may_claim_beside(const std::deque<Result>& results, SteadyTime now);

// A request is started only if its time and five seconds to report it fit into what is left of the lease. A timeout
// that would fit into no lease is cut down to what a fresh one has room for.
std::chrono::milliseconds timeout_within(std::chrono::milliseconds timeout, std::chrono::seconds lease);
bool lease_suffices(std::chrono::milliseconds timeout, std::chrono::steady_clock::duration left);

} // namespace pgbk::relay
