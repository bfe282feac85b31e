// The states of a hold, of a booking and of who waits, and which may follow which. The checks of the database and the
// diagrams of the documentation are made from these tables, so that there is one place to change.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace pgbk::core {

enum class StatusColumn : std::uint8_t {
    reservation_status,
    booking_status,
    payment_status,
    refund_status,
    waitlist_status
};

struct Transition {
    StatusColumn column;
    std::string_view from; // empty: the row is new
    std::string_view to;
    std::string_view why;
};

std::span<const Transition> transitions();

// True also for from == to: writing the same value is no transition.
bool may_become(StatusColumn column, std::string_view from, std::string_view to);

// The column's name as used in slot_reservations and waitlist_entries (status) and bookings (status, payment_status,
// refund_status).
std::string_view column_name(StatusColumn column);

} // namespace pgbk::core
