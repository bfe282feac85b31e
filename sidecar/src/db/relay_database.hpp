// What the relay asks of the database: the functions that its role may call, and nothing else.
#pragma once

#include "db/link.hpp"
#include "inbound/source_table.hpp"
#include "metrics/metrics.hpp"
#include "outbound/delivery.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pgbk::relay {

struct Attachment {
    bool original = false;
    std::string version;
    std::optional<double> clock_offset; // seconds that the database is ahead of this machine
};

struct QueueStatus {
    bool original = false;
    double pending = 0, due = 0, leased = 0, dead = 0, blocked = 0, parked = 0;
    std::optional<double> oldest_due_seconds;
    double active = 0, disabled = 0, open = 0, held = 0; // endpoints
    double relays = 0;
    double calls_pending = 0, calls_due = 0, calls_running = 0, calls_failed = 0; // of providers
};

// A report, and what was claimed right after it.
struct Turn {
    int accepted = 0;
    std::vector<ClaimedRow> rows;
};

struct TestOutcome {
    std::string status;
    std::optional<int> http_status;
    std::optional<double> total_ms;
    std::string error;
};

// Each call ends in its handler, once: with a value, or with the answer that says what went wrong.
template <class Value> using CallHandler = std::function<void(std::optional<Value>, const Answer&)>;

class RelayDatabase {
public:
    RelayDatabase(Link& link, Metrics& metrics, std::string relay_id);

    void listen(CallHandler<bool> handler); // before attach: what happens in between is notified
    void attach(const std::string& host, const std::string& version, CallHandler<Attachment> handler);
    void make_endpoint(int organization, const std::string& url, const std::string& secret, CallHandler<bool> handler);
    void prepare(); // what is called for each delivery, or so
    void claim(int wanted, std::chrono::seconds lease, const std::optional<std::string>& only_delivery,
               CallHandler<std::vector<ClaimedRow>> handler);
    void complete(std::span<const Result> results, CallHandler<int> handler);
    // Both in one round trip and one transaction: one wait for the disk.
    void complete_and_claim(std::span<const Result> results, int wanted, std::chrono::seconds lease,
                            CallHandler<Turn> handler);
    void status(CallHandler<QueueStatus> handler);
    void sources(CallHandler<std::vector<SourceRow>> handler);
    void test_webhook(int organization, const std::string& name, CallHandler<std::string> handler);
    void delivery(const std::string& id, CallHandler<TestOutcome> handler);

    const std::string& relay_id() const { return relay_id_; }

private:
    // Times the call, counts its failure, and hands a good answer to `read`.
    template <class Value, class Read>
    void call(const char* name, const std::vector<Statement>& transaction, Read read, CallHandler<Value> handler);
    Statement claiming(int wanted, std::chrono::seconds lease, const std::optional<std::string>& only_delivery) const;
    Statement completing(std::span<const Result> results) const;

    Link& link_;
    Metrics& metrics_;
    std::string relay_id_;
};

} // namespace pgbk::relay
