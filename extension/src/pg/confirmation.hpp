// A hold becomes a booking: by confirm_reservation, and by money that has arrived for it.
#pragma once

#include "pg/buyer.hpp"
#include "pg/reservation.hpp"

namespace pgbk {

struct Price {
    std::int64_t amount; // minor units, of the whole party
    std::string_view currency;
};

struct ConfirmedBooking {
    core::Uuid id;
    std::string_view number;
    std::string_view status;
    std::string_view payment_status;
};

// The booking that was made from the reservation, if there is one.
std::optional<ConfirmedBooking> booking_of(const Reservation& reservation);

// What the hold costs: the price of the time at which it was made, not that of today. Throws Refusal session_not_found
// or session_cancelled.
Price price_of(const Reservation& reservation);

// The reservation must be locked. Idempotent; takes the seats again where the hold had run out. Throws, before anything
// is written, Refusal reservation_cancelled, session_not_found, session_cancelled, payment_required where it has a
// price and may_confirm_paid is false, late_confirmation_refused where there is no room any more; and retry.
ConfirmedBooking confirm_hold(const Reservation& reservation, const Contact& contact, bool may_confirm_paid);

} // namespace pgbk
