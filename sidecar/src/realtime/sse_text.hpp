// Server-Sent Events as text (WHATWG HTML, 9.2), and what a client asks for. Pure.
#pragma once

#include "http/message.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgbk::relay::sse {

struct Wish {
    std::vector<std::string> rooms;     // none: those that are the asker's own
    std::optional<std::int64_t> after;  // seq of the last event that the client has
    bool unknown_cursor = false;        // it has one, and it is none of ours
    std::string token;                  // a JWT; empty: none
    std::optional<std::string> booking; // the token of a booking
    std::string problem;                // empty: there is none
};

Wish read_wish(const Request& request);

// The beginning of the answer. allowed: the Origin of the request is.
std::string head(const Request& request, bool allowed);

// How long the client waits before it comes back, and where it stands until something happens.
std::string start(std::chrono::milliseconds retry, std::int64_t seq);

// Tells the client where it stands, and its page nothing: there is no data.
std::string cursor(std::int64_t seq);

// What happened: with an id for the client to resume from, unless it is state (seq 0), which is told anew.
std::string event(std::int64_t seq, std::string_view kind, const boost::json::object& body);

// Nothing; so that proxies keep the connection, and a client that is gone is noticed.
inline constexpr std::string_view heartbeat = ":\n\n";

} // namespace pgbk::relay::sse
