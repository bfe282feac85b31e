// The parts of which every change of a party consists, whether it is of seats or of units.
#pragma once

#include "core/unit_items.hpp"
#include "pg/live_booking.hpp"

namespace pgbk {

// What the booking is to be.
struct Party {
    std::int32_t seats;
    std::int64_t price;
    std::optional<std::string_view> units; // as text; nothing: seats
};

// Throws Refusal wrong_booking_state for the party of a package, invalid_party_size.
void check_party_may_be(const LiveBooking& booking, std::int32_t party_size);

// Takes seats or gives them back, and changes the reservation. Throws Refusal sold_out, session_closed,
// session_cancelled or session_started.
void change_seats(const LiveBooking& booking, std::int32_t party_size, TimestampTz clock);

// Writes the booking, and settles what is due to or from the customer then.
void write_party(const LiveBooking& booking, const Party& party, const BookingMoney& money, TimestampTz clock);

// Gives the booking these units and no others. What it has keeps its price, what is new costs what it costs now.
void change_composition(const LiveBooking& booking, const std::vector<core::UnitItem>& items);

} // namespace pgbk
