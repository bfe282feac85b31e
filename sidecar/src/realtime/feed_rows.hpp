// What the database's functions of realtime return, as the hub has it. Pure.
#pragma once

#include "realtime/feed.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace pgbk::relay {

// A row of booking.relay_events(); texts are JSON where the column is. Throws std::exception for what is none.
struct EventRow {
    std::int64_t seq = 0;
    int organization = 0;
    std::string id;
    std::string kind;
    std::string occurred_at;
    std::optional<std::string> customer;
    std::optional<std::string> booking;
    std::string rooms; // JSON
    std::optional<std::string> for_everybody, for_customer, for_members;
};
SharedEvent read_event(const EventRow& row);

// A row of booking.relay_availability() as a JSON object: an event that everybody may see. now: as the database has it,
// seconds since 1970. Throws as well.
Seats read_seats(const std::string& row, double now);

} // namespace pgbk::relay
