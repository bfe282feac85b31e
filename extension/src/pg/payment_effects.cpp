#include "pg/payment_effects.hpp"

#include "core/booking_token.hpp"
#include "core/uuid_text.hpp"
#include "pg/booking_account.hpp"
#include "pg/confirmation.hpp"
#include "pg/digest.hpp"

#include <algorithm>

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

std::optional<core::Uuid> booking_with_token(std::int32_t organization, std::string_view text) {
    const auto token = core::parse_booking_token(text);
    if (!token.has_value() || token->organization != organization) {
        return std::nullopt;
    }
    static constinit Statement statement("SELECT b.id FROM booking.bookings AS b"
                                         " WHERE b.organization_id = $1 AND b.token_hash = $2");
    const Digest hash = sha256_of(as_bytes(token->token));
    const Rows rows = statement.write({organization, Value::bytea(as_bytes(hash))});
    return rows.empty() ? std::nullopt : std::optional(rows.uuid(0, 1));
}

std::optional<core::Uuid> existing(Statement& statement, std::int32_t organization, std::string_view text) {
    const auto id = core::parse_uuid(text);
    return id.has_value() && !statement.write({organization, *id}).empty() ? id : std::nullopt;
}

// What one event is about, with everything locked.
struct Case {
    const Sender& sender;
    const core::PaymentNews& news;
    Payment payment;
    std::optional<Reservation> hold;       // where there is no booking of it yet
    std::optional<BookingAccount> account; // of the booking
    bool is_decided;                       // nothing has changed since it was decided what the money is for
    std::string due_reason;                // why there is no booking to be had
    std::string trouble;                   // what of the event contradicts what is known
};

// Which booking was made of a hold, and from which hold a booking.
bool belongs_to(std::int32_t organization, const core::Uuid& booking, const core::Uuid& reservation) {
    static constinit Statement statement("SELECT 1 FROM booking.bookings AS b"
                                         " WHERE b.organization_id = $1 AND b.id = $2 AND b.reservation_id = $3");
    return !statement.write({organization, booking, reservation}).empty();
}

// Everything that was named is kept; what has arrived is the most of it.
void merge_amounts(Case& work) {
    const core::PaymentNews& news = work.news;
    Payment& payment = work.payment;
    payment.has_failed = payment.has_failed || news.failed;
    if (news.refunded_total.has_value()) {
        core::add_amount(payment.totals, *news.refunded_total);
    }
    const bool had_money = payment.captured > 0;
    if (news.captured.has_value() && core::add_amount(payment.amounts, *news.captured)) {
        work.is_decided = false;
    }
    derive_amounts(payment);
    if (payment.accepted && news.captured.has_value() && news.captured->currency != payment.currency) {
        work.trouble = "it is in " + news.captured->currency + ", the payment is in " + payment.currency;
    }
    const bool tells_refund = news.refunded_total.has_value() || news.refund.has_value();
    if (payment.captured == 0 || (!tells_refund && had_money)) {
        return;
    }
    if (news.refunded_total.has_value() && news.refunded_total->currency != payment.currency) {
        work.trouble =
            "the refund is in " + news.refunded_total->currency + ", what has arrived is in " + payment.currency;
    } else if (news.refund.has_value() && news.refund->amount.has_value() &&
               news.refund->amount->currency != payment.currency) {
        work.trouble =
            "the refund is in " + news.refund->amount->currency + ", what has arrived is in " + payment.currency;
    }
}

// What has come first names its currency, which shows to be another one as soon as the payment is there.
void report_foreign_refund(const Case& work, bool had_money) {
    if (had_money || work.payment.captured == 0 || !work.trouble.empty()) {
        return;
    }
    if (const std::string problem = foreign_refund_of(work.payment); !problem.empty()) {
        report_payment("payment.conflict", work.payment, problem);
    }
}

bool names_another(const Payment& payment, const Target& target) {
    if (target.differs) {
        return true;
    }
    if (target.booking.has_value()) {
        return payment.booking.has_value() ? *payment.booking != *target.booking : payment.reservation.has_value();
    }
    if (!target.reservation.has_value() || payment.reservation == target.reservation) {
        return false;
    }
    return !payment.booking.has_value() || !belongs_to(payment.organization, *payment.booking, *target.reservation);
}

// One that was accepted stays so; any other pays nothing until somebody decides.
void note_difference(Case& work) {
    work.trouble = "its events name different bookings";
    if (!work.payment.accepted) {
        work.payment.subjects_differ = true;
        work.payment.conflict = work.trouble;
    }
}

void open_target(Case& work, const Target& target) {
    Payment& payment = work.payment;
    const bool was_linked = payment.booking.has_value() || payment.reservation.has_value();
    if (!was_linked) {
        payment.booking = target.booking;
        payment.reservation = target.reservation;
        work.is_decided = !target.booking.has_value() && !target.reservation.has_value();
    }
    if (!payment.booking.has_value() && payment.reservation.has_value()) {
        work.hold = lock_hold(payment.organization, *payment.reservation);
        if (const auto booking = work.hold.has_value() ? booking_of(*work.hold) : std::nullopt; booking.has_value()) {
            payment.booking = booking->id;
            work.is_decided = false;
        }
    }
    if (payment.booking.has_value()) {
        work.account = lock_account(payment.organization, *payment.booking);
    }
    if (target.differs || (was_linked && names_another(payment, target))) {
        note_difference(work);
    }
}

void confirm_for_money(Case& work) {
    Payment& payment = work.payment;
    std::string currency;
    try {
        const Price price = price_of(*work.hold);
        currency = price.currency;
        if (!is_price(payment, price.amount, price.currency)) {
            return;
        }
        payment.booking = confirm_hold(*work.hold, {}, true).id;
    } catch (const Refusal& refusal) {
        if (refusal.kind() == RefusalKind::retry) {
            throw;
        }
        work.due_reason = refusal.message();
        return;
    }
    accept(payment, currency);
    work.account = lock_account(payment.organization, *payment.booking);
}

void judge(Case& work) {
    Payment& payment = work.payment;
    if (payment.accepted || !payment.decision.empty() || payment.captured == 0 || payment.subjects_differ ||
        work.is_decided) {
        return;
    }
    if (work.account.has_value()) {
        accept_if_due(payment, *work.account);
    } else if (work.hold.has_value()) {
        confirm_for_money(work);
    }
}

// An amount that nobody can read is the payment's trouble only if it was to tell what has arrived.
void note_problem(Case& work) {
    const core::PaymentNews& news = work.news;
    Payment& payment = work.payment;
    const bool is_of_payment = !news.refund.has_value();
    if (!news.problem.empty() && is_of_payment && !payment.accepted && payment.captured == 0) {
        payment.conflict = news.problem;
    }
}

std::optional<core::Money> refund_amount(const Case& work) {
    const core::RefundNews& refund = *work.news.refund;
    if (refund.amount.has_value()) {
        return refund.amount;
    }
    if (work.payment.captured > 0) {
        return core::Money{work.payment.captured, work.payment.currency};
    }
    return work.account.has_value() ? std::optional(core::Money{work.account->price, work.account->currency})
                                    : std::nullopt;
}

// Without a booking: the money waits to be claimed, or, if it came for a hold that is no more, for its way back.
void settle_alone(const Case& work) {
    const Payment& payment = work.payment;
    const core::PaymentState state = core::state_of(facts_of(payment));
    write_state(payment, state);
    const bool is_owed = payment.decision == "refund" || (payment.reservation.has_value() && payment.conflict.empty());
    const std::int64_t left = is_owed ? payment.captured - state.refunded - state.pending : 0;
    if (set_due(payment, left, work.due_reason)) {
        report_payment("refund.due", payment, work.due_reason);
    }
}

Effect effect_of(const Case& work, bool is_named) {
    const Payment& payment = work.payment;
    Effect effect{"applied", work.due_reason, payment.id, payment.booking};
    if (!work.news.problem.empty() || !work.trouble.empty()) {
        effect.status = "conflict";
        effect.reason = work.news.problem.empty() ? work.trouble : work.news.problem;
    } else if (!payment.conflict.empty() && work.news.captured.has_value()) {
        effect.status = "conflict";
        effect.reason = payment.conflict;
    } else if (!payment.booking.has_value() && !payment.reservation.has_value()) {
        effect.status = "failed";
        effect.reason = is_named ? "there is no booking or reservation as it names" : "it names no booking";
    }
    return effect;
}

void report(const Case& work, bool was_in_conflict) {
    if (!work.payment.conflict.empty() && !was_in_conflict) {
        report_payment("payment.conflict", work.payment, work.payment.conflict);
    } else if (!work.news.problem.empty() && work.payment.conflict.empty()) {
        report_payment("payment.conflict", work.payment, work.news.problem);
    } else if (!work.trouble.empty()) {
        report_payment("payment.conflict", work.payment, work.trouble);
    }
    if (work.news.disputed && (work.payment.booking.has_value() || work.payment.reservation.has_value())) {
        report_payment("payment.disputed", work.payment, {});
    }
}

} // namespace

Target find_target(std::int32_t organization, const core::Subject& subject) {
    static constinit Statement booking("SELECT 1 FROM booking.bookings AS b"
                                       " WHERE b.organization_id = $1 AND b.id = $2");
    static constinit Statement reservation("SELECT 1 FROM booking.slot_reservations AS r"
                                           " WHERE r.organization_id = $1 AND r.id = $2");
    Target target;
    target.booking = booking_with_token(organization, subject.booking_token);
    if (!target.booking.has_value() && !subject.booking_token.empty()) {
        return target;
    }
    const auto named = existing(booking, organization, subject.booking_id);
    const auto hold = existing(reservation, organization, subject.reservation_id);
    if (!target.booking.has_value()) {
        target.booking = named;
    }
    target.differs = named.has_value() && named != target.booking;
    if (!target.booking.has_value()) {
        target.reservation = hold;
    } else if (hold.has_value()) {
        target.differs = target.differs || !belongs_to(organization, *target.booking, *hold);
    }
    return target;
}

Effect apply_payment(const Sender& sender, const core::ProviderEvent& event) {
    const core::PaymentNews& news = *event.payment;
    const Target target = find_target(sender.organization, event.subject);
    std::string ref(news.ref);
    if (ref.empty() && target.booking.has_value()) {
        ref = payment_ref_of(sender, *target.booking);
    }
    if (ref.empty()) {
        return failed_effect("it names no payment, and no payment of the booking is known yet");
    }
    Case work{sender, news, lock_payment(sender, ref), std::nullopt, std::nullopt, true, {}, {}};
    const bool was_in_conflict = !work.payment.conflict.empty();
    const bool had_money = work.payment.captured > 0;
    const bool has_refund = news.refund.has_value() && news.problem.empty();
    if (std::string problem = has_refund ? contradiction_of(work.payment, *news.refund) : std::string{};
        !problem.empty()) {
        Effect effect{"conflict", std::move(problem), std::nullopt, work.payment.booking};
        if (work.payment.is_known) {
            effect.payment = work.payment.id;
            report_payment("payment.conflict", work.payment, effect.reason);
        }
        return effect;
    }
    open_target(work, target);
    merge_amounts(work);
    note_problem(work);
    judge(work);
    const auto amount = has_refund ? refund_amount(work) : std::nullopt;
    if (has_refund && !amount.has_value()) {
        return failed_effect("it names no amount, and no payment is known that it could be of");
    }
    write_facts(work.payment, sender.id == core::Uuid{} ? std::nullopt : std::optional(sender.id));
    resize_whole_refunds(work.payment);
    const bool refund_failed = has_refund && amount->minor > 0 && put_refund(work.payment, *news.refund, *amount);
    report_foreign_refund(work, had_money);
    const std::string refund_status = work.account.has_value() ? work.account->refund_status : std::string{};
    if (work.account.has_value()) {
        settle_account(*work.account);
    } else {
        settle_alone(work);
    }
    report(work, was_in_conflict);
    // A change of the booking's refund_status is an event already.
    if (refund_failed && (!work.account.has_value() || work.account->refund_status == refund_status)) {
        report_payment("refund.failed", work.payment, {});
    }
    return effect_of(work, event.subject.is_named());
}

} // namespace pgbk
