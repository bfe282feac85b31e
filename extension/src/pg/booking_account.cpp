#include "pg/booking_account.hpp"

#include "pg/capacity.hpp"
#include "pg/live_booking.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

std::vector<Reservation> lock_all(std::int32_t organization, const Rows& ids) {
    std::vector<Reservation> reservations;
    for (std::uint64_t row = 0; row < ids.count(); ++row) {
        if (const auto reservation = lock_hold(organization, ids.uuid(row, 1)); reservation.has_value()) {
            reservations.push_back(*reservation);
        }
    }
    return reservations;
}

void lock_reservations(std::int32_t organization, const core::Uuid& booking) {
    static constinit Statement statement("SELECT b.reservation_id FROM booking.bookings AS b"
                                         " WHERE b.organization_id = $1 AND (b.id = $2 OR b.package_booking_id = $2)"
                                         "   AND b.reservation_id IS NOT NULL ORDER BY b.reservation_id");
    (void)lock_all(organization, statement.write({organization, booking}));
}

// The further sessions of a package that have not begun go with the booking that paid for them.
void cancel_further_sessions(const BookingAccount& account, TimestampTz clock) {
    static constinit Statement statement(
        "UPDATE booking.bookings AS b SET status = 'cancelled', version = b.version + 1, updated_at = $3"
        " WHERE b.organization_id = $1 AND b.package_booking_id = $2"
        "   AND (b.status IN ('scheduled', 'confirmed') AND b.scheduled_start > $3 OR b.status = 'paid')");
    statement.write({account.organization, account.id, Value::timestamp(clock)});
}

// Of the booking if it is cancelled, and of its further sessions. In the order of sessions, as everybody takes and
// gives.
void give_seats_back(const BookingAccount& account, bool is_cancelled, TimestampTz clock) {
    static constinit Statement statement(
        "SELECT b.reservation_id FROM booking.bookings AS b"
        " WHERE b.organization_id = $1 AND (b.id = $2 AND $3 OR b.package_booking_id = $2 AND b.status = 'cancelled')"
        "   AND b.reservation_id IS NOT NULL ORDER BY b.reservation_id");
    cancel_further_sessions(account, clock);
    std::vector<Reservation> reservations =
        lock_all(account.organization, statement.write({account.organization, account.id, is_cancelled}));
    std::sort(reservations.begin(), reservations.end(),
              [](const Reservation& a, const Reservation& b) { return a.session < b.session; });
    for (const Reservation& reservation : reservations) {
        if (reservation.status == "confirmed") {
            settle(reservation, "cancelled", clock);
            capacity::give({reservation.organization, reservation.session, reservation.party_size});
        }
    }
}

void write_statuses(BookingAccount& account, const core::BookingState& state, TimestampTz clock) {
    static constinit Statement statement(
        "UPDATE booking.bookings AS b"
        "   SET status = $3, payment_status = $4, refund_status = $5, version = b.version + 1, updated_at = $6"
        " WHERE b.organization_id = $1 AND b.id = $2");
    const bool is_cancelled = state.status == "cancelled";
    if (is_cancelled ? account.status != "cancelled" : state.refund_in_full && account.has_several_sessions) {
        give_seats_back(account, is_cancelled, clock);
    }
    if (state.status == account.status && state.payment_status == account.payment_status &&
        state.refund_status == account.refund_status) {
        return;
    }
    statement.write({account.organization, account.id, state.status, state.payment_status, state.refund_status,
                     Value::timestamp(clock)});
    account.status = state.status;
    account.payment_status = state.payment_status;
    account.refund_status = state.refund_status;
}

// The calendar may have been faster than the money.
void schedule_if_accepted(BookingAccount& account, TimestampTz clock) {
    if (account.status == "paid" && account.calendar_status == "accepted" && account.has_time) {
        write_statuses(account, {"scheduled", account.payment_status, account.refund_status, 0}, clock);
    }
}

// What has to go back is taken from the payments that came last, and from the one that the booking lives on at the very
// end: they are in this order.
void write_dues(const std::vector<Payment>& payments, const std::vector<core::PaymentState>& states, std::int64_t due) {
    for (std::size_t i = payments.size(); i-- > 0;) {
        const Payment& payment = payments.at(i);
        const std::int64_t left =
            std::max<std::int64_t>(payment.captured - states.at(i).refunded - states.at(i).pending, 0);
        if (payment.accepted) {
            const std::int64_t part = std::min(left, due);
            set_due(payment, part, "the booking does not need it");
            due -= part;
        } else if (set_due(payment, payment.decision == "refund" ? left : 0, "it was decided so")) {
            report_payment("refund.due", payment, "it was decided so");
        }
    }
}

} // namespace

std::optional<BookingAccount> lock_account(std::int32_t organization, const core::Uuid& id) {
    lock_reservations(organization, id);
    static constinit Statement statement(
        "SELECT b.session_id, b.status, b.payment_status, b.refund_status, b.amount_cents, b.currency,"
        "       b.calendar_status, b.calendar_at, b.cal_uid, b.scheduled_start IS NOT NULL,"
        "       b.sessions_included > 1, b.scheduled_start, b.kept_minor"
        "  FROM booking.bookings AS b WHERE b.organization_id = $1 AND b.id = $2 FOR NO KEY UPDATE");
    const Rows rows = statement.write({organization, id});
    if (rows.empty()) {
        return std::nullopt;
    }
    BookingAccount account{};
    account.organization = organization;
    account.id = id;
    if (!rows.is_null(0, 1)) {
        account.session = rows.uuid(0, 1);
    }
    account.status = rows.bytes(0, 2);
    account.payment_status = rows.bytes(0, 3);
    account.refund_status = rows.bytes(0, 4);
    account.price = rows.int8(0, 5);
    account.currency = rows.bytes(0, 6);
    account.calendar_status = rows.bytes(0, 7);
    if (!rows.is_null(0, 8)) {
        account.calendar_at = rows.timestamp(0, 8);
    }
    account.cal_uid = rows.bytes(0, 9);
    account.has_time = rows.boolean(0, 10);
    account.has_several_sessions = rows.boolean(0, 11);
    if (!rows.is_null(0, 12)) {
        account.starts_at = rows.timestamp(0, 12);
    }
    account.kept = rows.int8(0, 13);
    return account;
}

void settle_account(BookingAccount& account) {
    const std::vector<Payment> payments = payments_of(account.organization, account.id);
    std::vector<core::PaymentFacts> facts;
    std::vector<core::PaymentState> states;
    for (const Payment& payment : payments) {
        facts.push_back(facts_of(payment));
        states.push_back(core::state_of(facts.back()));
        write_state(payment, states.back());
    }
    const TimestampTz clock = settings::now();
    const std::string status = account.status;
    const std::string payment_status = account.payment_status;
    const std::string refund_status = account.refund_status;
    const bool has_begun = account.starts_at.has_value() && *account.starts_at <= clock;
    const core::BookingState state =
        core::state_of({status, payment_status, refund_status, account.price, account.kept, has_begun}, facts);
    write_statuses(account, state, clock);
    write_dues(payments, states, state.due);
    schedule_if_accepted(account, clock);
}

// The rest counts only beside money that was accepted: a part of the price is not taken for a beginning.
void accept_if_due(Payment& payment, const BookingAccount& account) {
    const BookingMoney money = money_of(account.organization, account.id);
    const bool is_rest =
        money.is_known && money.paid > 0 && money.owing > 0 && is_price(payment, money.owing, account.currency);
    if (is_rest || is_price(payment, account.price, account.currency)) {
        accept(payment, account.currency);
    }
}

void claim_payments(std::int32_t organization, const core::Uuid& reservation, const core::Uuid& booking,
                    std::size_t locked) {
    std::vector<Payment> payments = unclaimed_payments(organization, reservation);
    if (payments.size() > locked) {
        throw core::Refusal(core::RefusalKind::retry,
                            "money for reservation " + uuid_text(reservation) + " has just come", {},
                            "Roll back and try again.");
    }
    if (payments.empty()) {
        return;
    }
    auto account = lock_account(organization, booking);
    for (Payment& payment : payments) {
        payment.booking = booking;
        if (payment.captured > 0 && !payment.subjects_differ && payment.decision.empty()) {
            accept_if_due(payment, *account);
        }
        write_facts(payment, std::nullopt);
    }
    settle_account(*account);
}

} // namespace pgbk
