// An event of a booking from outside becomes one of ours, once however often it comes.
#pragma once

#include "core/json.hpp"
#include "pg/arguments.hpp"

namespace pgbk {

struct ReceivedBookingEvent {
    bool is_new;
    core::Uuid event; // that it became, now or when it came first
};

// Throws Refusal invalid_received_event.
ReceivedBookingEvent receive_event(std::int32_t organization, const core::JsonNode& document);

// {"status": ..., "event_id": ...}: what a sender is told of what was received.
Datum reception_result(const Call& call, std::string_view status, const core::Uuid& event);

} // namespace pgbk
