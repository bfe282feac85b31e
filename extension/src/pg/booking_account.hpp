// A booking and its money: locked together, and brought to where its payments say that it stands.
#pragma once

#include "pg/payment_ledger.hpp"
#include "pg/reservation.hpp"

namespace pgbk {

struct BookingAccount {
    std::int32_t organization;
    core::Uuid id;
    std::optional<core::Uuid> session;
    std::string status;
    std::string payment_status;
    std::string refund_status;
    std::int64_t price; // minor units
    std::int64_t kept;  // once it is cancelled
    std::string currency;
    std::string calendar_status; // empty: no appointment
    std::optional<TimestampTz> calendar_at;
    std::string cal_uid;
    bool has_time;
    bool has_several_sessions; // it bought more than the one that it is itself
    std::optional<TimestampTz> starts_at;
};

// Locks the reservations of the booking and of its further sessions, then the booking. Nothing if there is none.
std::optional<BookingAccount> lock_account(std::int32_t organization, const core::Uuid& id);

// Brings payments, refunds that are due and the booking in line with what is known; a booking that is cancelled by it
// gives its seats back. Sessions that have begun stay as they are, whatever goes back. The account must be locked, and
// is brought up to date.
void settle_account(BookingAccount& account);

// Accepts what is the booking's price, or, after a change has raised it, just what is still to be paid; else it is a
// conflict. Any amount that was ever named will do. The account must be locked.
void accept_if_due(Payment& payment, const BookingAccount& account);

// Money that came for a hold, and waits or was to go back, is the booking's that was made of it after all. The
// reservation must be locked. Throws Refusal retry if there is more of it than was locked before the reservation.
void claim_payments(std::int32_t organization, const core::Uuid& reservation, const core::Uuid& booking,
                    std::size_t locked);

} // namespace pgbk
