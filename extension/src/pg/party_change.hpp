// The parts of which every change of a party consists, whether it is of seats or of units.
#pragma once

#include "core/cancellation.hpp"
#include "core/unit_items.hpp"
#include "pg/live_booking.hpp"

namespace pgbk {

// What the booking is to be.
struct Party {
    std::int32_t seats;
    std::int64_t price;                               // with what is kept for what is gone
    std::optional<std::string_view> units = {};       // as text; nothing: seats
    std::optional<std::string_view> added_seats = {}; // as text; nothing: all are of one price
    std::int64_t given_up = 0;                        // of the price: what is kept for seats that are gone
};

// Throws Refusal wrong_booking_state for the party of a package, invalid_party_size.
void check_party_may_be(const LiveBooking& booking, std::int32_t party_size);

// Of what a change makes cheaper, what is kept: what was paid of it goes back by the terms of the purchase as of now,
// or as staff wish, and for what was not paid yet nobody is charged. Throws Refusal staff_only, refund_above_captured.
std::int64_t kept_of_change(const LiveBooking& booking, const BookingMoney& money, const core::CancellationWish& wish,
                            std::int64_t cheaper, TimestampTz clock);

// What is added costs what it costs now. Throws Refusal wrong_booking_state where that is money of another kind.
void check_currency(const LiveBooking& booking);

// Takes seats or gives them back, and changes the reservation. Throws Refusal sold_out, session_closed,
// session_cancelled or session_started.
void change_seats(const LiveBooking& booking, std::int32_t party_size, TimestampTz clock);

// Writes the booking, and settles what is due to or from the customer then.
void write_party(const LiveBooking& booking, const Party& party, const BookingMoney& money, TimestampTz clock);

// Gives the booking these units and no others. What stays keeps its price, what is added costs what it costs now.
void change_composition(const LiveBooking& booking, const std::vector<core::UnitItem>& items,
                        const core::CancellationWish& wish);

} // namespace pgbk
