// A booking as the functions on its life see it: who asks has the right to, everything that may change is locked, and
// what is needed to decide is read.
//
// Lock order: the reservations (of all sessions of a package, by id), the booking, then sessions by id and lanes, as
// everywhere.
#pragma once

#include "pg/actor.hpp"
#include "pg/reservation.hpp"

namespace pgbk {

struct LiveBooking {
    std::int32_t organization;
    core::Uuid id;
    bool is_staff; // who asks is; else the customer
    std::string_view status;
    std::string_view payment_status;
    std::string_view refund_status;
    std::int64_t version;
    std::int32_t party_size;
    std::int64_t price;
    std::optional<std::int64_t> seat_price;
    std::int32_t cutoff_seconds;
    std::int32_t refund_percent;
    std::optional<TimestampTz> start;
    std::int32_t sessions_included;
    bool is_of_package;
    std::optional<Datum> unit_items;        // jsonb; nothing: seats
    std::optional<Datum> added_seats;       // jsonb, in the same form; nothing: all are of seat_price
    std::int64_t given_up;                  // of the price: what is kept for seats that are gone
    std::int32_t unit_count;                // its units have the numbers 1 to this
    std::optional<Reservation> reservation; // with a session, if it has one of ours
};

// Callers without a token are staff by role and claims, or the customer by claims; a token is the booking's, that of
// the booking which bought the package, or that of the hold. Throws Refusal booking_not_found, also for bookings of
// organizations that are not the caller's; wrong_booking_token; no_right_to_booking.
LiveBooking lock_live_booking(const Call& call, const core::Uuid& id, std::optional<std::string_view> token);

// Who acts with a token is recorded as a visitor, unless trusted code passes it on.
class VisitorScope {
public:
    VisitorScope(const Call& call, bool has_token);

private:
    std::optional<ActorScope> scope_;
};

// Throws Refusal stale_version.
void check_version(const LiveBooking& booking, std::optional<std::int64_t> expected);

// Throws Refusal booking_cancelled, or wrong_booking_state unless it is still to come. what: "moved".
void check_is_to_come(const LiveBooking& booking, const char* what);

bool is_past_cutoff(const LiveBooking& booking, TimestampTz clock);

// For customers: throws Refusal past_cutoff.
void check_cutoff(const LiveBooking& booking, TimestampTz clock);

struct BookingMoney {
    bool is_known;      // there are payments; else only the word of whoever confirmed it
    std::int64_t paid;  // minor units that have arrived
    std::int64_t there; // and are neither gone back nor on their way
    std::int64_t owing; // of the price, have not arrived, or have gone back because it did not need them then
};
BookingMoney money_of(std::int32_t organization, const core::Uuid& booking);

// The columns that all functions on a booking return.
Datum booking_result(const Call& call, const LiveBooking& booking);

// The same as jsonb, by the names that buyers know.
Datum booking_document(const Call& call, const LiveBooking& booking);

} // namespace pgbk
