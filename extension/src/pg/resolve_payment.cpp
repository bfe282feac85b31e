// resolve_payment: somebody decides about money that was not accepted by itself.
#include "pg/access.hpp"
#include "pg/actor.hpp"
#include "pg/booking_account.hpp"
#include "pg/confirmation.hpp"
#include "pg/identity.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

[[noreturn]] void refuse_decision(const Payment& payment, const std::string& problem, std::string hint) {
    throw Refusal(RefusalKind::not_to_decide, "payment " + uuid_text(payment.id) + " " + problem, {}, std::move(hint));
}

void check_decision(std::string_view decision) {
    if (decision != "accept" && decision != "refund") {
        throw Refusal(RefusalKind::invalid_decision, "decision is not accept or refund: " + core::quoted(decision), {},
                      {}, "decision");
    }
}

Payment lock_undecided(std::int32_t organization, const core::Uuid& id, std::string_view decision) {
    auto payment = find_payment(organization, id);
    if (!payment.has_value()) {
        throw Refusal(RefusalKind::payment_not_found, "no payment has the id " + uuid_text(id), {}, {}, "payment_id");
    }
    lock_payments({*payment});
    payment = find_payment(organization, id);
    if (payment->decision == decision) {
        return *payment;
    }
    if (payment->accepted || !payment->decision.empty()) {
        refuse_decision(*payment, payment->accepted ? "was accepted" : "is to be refunded",
                        "What is decided stays; money of a booking goes back by the provider.");
    }
    if (payment->captured == 0) {
        refuse_decision(*payment, "has brought no money yet", "There is nothing to decide.");
    }
    return *payment;
}

// The booking that the money is to pay: as the caller says, or as its events do; of a hold it is made now.
BookingAccount account_for(Payment& payment, const std::optional<core::Uuid>& booking) {
    if (booking.has_value()) {
        payment.booking = booking;
    } else if (!payment.booking.has_value() && payment.reservation.has_value()) {
        const auto hold = lock_hold(payment.organization, *payment.reservation);
        const auto made = booking_of(*hold);
        payment.booking = made.has_value() ? made->id : confirm_hold(*hold, {}, true).id;
    }
    if (!payment.booking.has_value()) {
        refuse_decision(payment, "names no booking", "Pass booking_id, or decide to refund it.");
    }
    auto account = lock_account(payment.organization, *payment.booking);
    if (!account.has_value()) {
        throw Refusal(RefusalKind::booking_not_found,
                      "no booking of the organization has the id " + uuid_text(*payment.booking), {}, {}, "booking_id");
    }
    return *account;
}

void accept_for(Payment& payment, BookingAccount& account) {
    if (core::largest_amount(payment.amounts, account.currency).minor == 0) {
        refuse_decision(payment, "is in " + payment.currency + ", the booking in " + account.currency,
                        "Decide to refund it.");
    }
    payment.conflict.clear();
    payment.subjects_differ = false;
    accept(payment, account.currency);
}

// Whoever it was; beside the booking's own changes, since a decision to refund changes nothing of it.
void record(const Payment& payment, std::string_view decision) {
    static constinit Statement decide("UPDATE booking.payments AS p SET decision = $3, decided_by = $4, decided_at = $5"
                                      " WHERE p.organization_id = $1 AND p.id = $2");
    static constinit Statement change(
        "INSERT INTO booking.booking_changes (organization_id, booking_id, id, changes, actor_kind, actor, actor_role,"
        "       changed_at)"
        " SELECT $1, $2, $3, jsonb_build_object('payment_id', jsonb_build_array($4, $4),"
        "                                       'payment_decision', jsonb_build_array(NULL, $5)), $6, $7, $8, $9");
    const Actor actor = current_actor();
    const Value now = Value::timestamp(settings::now());
    decide.write({payment.organization, payment.id, decision, actor.name, now});
    if (payment.booking.has_value()) {
        change.write({payment.organization, *payment.booking, new_id(payment.organization), payment.id, decision,
                      actor_kind_name(actor.kind), actor.name, actor.role, now});
    }
}

void refund_alone(const Payment& payment) {
    const core::PaymentState state = core::state_of(facts_of(payment));
    write_state(payment, state);
    if (set_due(payment, payment.captured - state.refunded - state.pending, "it was decided so")) {
        report_payment("refund.due", payment, "it was decided so");
    }
}

std::string_view status_of(const Payment& payment) {
    static constinit Statement statement("SELECT p.status FROM booking.payments AS p"
                                         " WHERE p.organization_id = $1 AND p.id = $2");
    return statement.write({payment.organization, payment.id}).bytes(0, 1);
}

Datum resolve_payment_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "payment_id");
    const std::string_view decision = text_argument(call, 1, "decision");
    const auto booking = optional_uuid(call, 2);
    const std::int32_t organization = core::organization_of(id).value_or(0);
    require_owner(call, organization, "decide about a payment");
    check_decision(decision);
    Payment payment = lock_undecided(organization, id, decision);
    if (payment.decision == decision) {
        return text_result(call, status_of(payment));
    }
    std::optional<BookingAccount> account;
    if (decision == "accept") {
        account = account_for(payment, booking);
        accept_for(payment, *account);
        write_facts(payment, std::nullopt);
    } else if (payment.booking.has_value()) {
        account = lock_account(organization, *payment.booking);
    }
    payment.decision = decision;
    record(payment, decision);
    if (account.has_value()) {
        settle_account(*account);
    } else {
        refund_alone(payment);
    }
    return text_result(call, status_of(payment));
}

} // namespace

PGBK_WRITER(resolve_payment, resolve_payment_body);

} // namespace pgbk
