#include "pg/payment_ledger.hpp"

#include "core/refusal.hpp"
#include "pg/advisory_lock.hpp"
#include "pg/identity.hpp"
#include "pg/notify.hpp"
#include "pg/settings.hpp"

#include <algorithm>

namespace pgbk {

namespace {

// References of a provider mean the same in all its accounts; of anybody else, in all sources that name the same
// provider. A source that was made anew under its name is the same.
std::string provider_of(const Sender& sender) {
    switch (sender.options.payload) {
    case core::Payload::stripe:
        return "stripe";
    case core::Payload::airwallex:
        return "airwallex";
    default:
        return std::string(sender.options.provider.value_or(sender.name));
    }
}

std::optional<core::Uuid> uuid_if_any(const Rows& rows, std::uint64_t row, int column) {
    return rows.is_null(row, column) ? std::nullopt : std::optional(rows.uuid(row, column));
}

#define PGBK_PAYMENT_COLUMNS                                                                                           \
    "p.id, p.provider, p.provider_ref, p.booking_id, p.reservation_id, array_to_string(p.amounts, ',') AS amounts,"    \
    " array_to_string(p.refund_totals, ',') AS totals, p.amount_minor, p.currency, p.reported_refunded_minor,"         \
    " p.has_failed, p.accepted, p.is_first, p.subjects_differ, p.decision, p.conflict"

Payment payment_in(const Rows& rows, std::uint64_t row, std::int32_t organization) {
    return {organization,
            rows.uuid(row, 1),
            std::string(rows.bytes(row, 2)),
            std::string(rows.bytes(row, 3)),
            uuid_if_any(rows, row, 4),
            uuid_if_any(rows, row, 5),
            core::read_amounts(rows.bytes(row, 6)),
            core::read_amounts(rows.bytes(row, 7)),
            rows.int8(row, 8),
            std::string(rows.bytes(row, 9)),
            rows.int8(row, 10),
            rows.boolean(row, 11),
            rows.boolean(row, 12),
            rows.boolean(row, 13),
            rows.boolean(row, 14),
            std::string(rows.bytes(row, 15)),
            std::string(rows.bytes(row, 16)),
            true};
}

core::RefundStage stage_named(std::string_view status) {
    return status == "done"     ? core::RefundStage::done
           : status == "failed" ? core::RefundStage::failed
                                : core::RefundStage::pending;
}

Value text_or_none(std::string_view text) {
    return text.empty() ? Value::null(TEXTOID) : Value(text);
}

void lock_name(std::int32_t organization, const std::string& provider, std::string_view ref) {
    lock_until_transaction_ends(LockOf::payment,
                                std::to_string(organization) + ' ' + provider + ' ' + std::string(ref));
}

std::vector<Payment> payments_in(const Rows& rows, std::int32_t organization) {
    std::vector<Payment> payments;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        payments.push_back(payment_in(rows, row, organization));
    }
    return payments;
}

std::string money_text(std::int64_t minor, std::string_view currency) {
    return std::to_string(minor) + " " + std::string(currency) + " in minor units";
}

} // namespace

Payment lock_payment(const Sender& sender, std::string_view ref) {
    const std::string provider = provider_of(sender);
    lock_name(sender.organization, provider, ref);
    static constinit Statement statement("SELECT " PGBK_PAYMENT_COLUMNS "  FROM booking.payments AS p"
                                         " WHERE p.organization_id = $1 AND p.provider = $2 AND p.provider_ref = $3");
    const Rows rows = statement.write({sender.organization, std::string_view(provider), ref});
    if (!rows.empty()) {
        return payment_in(rows, 0, sender.organization);
    }
    Payment payment{};
    payment.organization = sender.organization;
    payment.id = new_id(sender.organization);
    payment.provider = provider;
    payment.ref = ref;
    return payment;
}

std::string payment_ref_of(const Sender& sender, const core::Uuid& booking) {
    static constinit Statement statement(
        "SELECT p.provider_ref FROM booking.payments AS p"
        " WHERE p.organization_id = $1 AND p.booking_id = $2 AND p.provider = $3 AND p.amount_minor > 0"
        " ORDER BY p.accepted DESC, p.provider_ref LIMIT 1");
    const std::string provider = provider_of(sender);
    const Rows rows = statement.write({sender.organization, booking, std::string_view(provider)});
    return rows.empty() ? std::string{} : std::string(rows.bytes(0, 1));
}

std::vector<Payment> payments_of(std::int32_t organization, const core::Uuid& booking) {
    static constinit Statement statement("SELECT " PGBK_PAYMENT_COLUMNS "  FROM booking.payments AS p"
                                         " WHERE p.organization_id = $1 AND p.booking_id = $2"
                                         " ORDER BY p.is_first DESC, p.created_at, p.id");
    return payments_in(statement.write({organization, booking}), organization);
}

std::optional<Payment> find_payment(std::int32_t organization, const core::Uuid& id) {
    static constinit Statement statement("SELECT " PGBK_PAYMENT_COLUMNS "  FROM booking.payments AS p"
                                         " WHERE p.organization_id = $1 AND p.id = $2");
    const Rows rows = statement.write({organization, id});
    return rows.empty() ? std::nullopt : std::optional(payment_in(rows, 0, organization));
}

std::vector<Payment> unclaimed_payments(std::int32_t organization, const core::Uuid& reservation) {
    static constinit Statement statement("SELECT " PGBK_PAYMENT_COLUMNS "  FROM booking.payments AS p"
                                         " WHERE p.organization_id = $1 AND p.reservation_id = $2"
                                         "   AND p.booking_id IS NULL"
                                         " ORDER BY p.provider, p.provider_ref");
    return payments_in(statement.write({organization, reservation}), organization);
}

void lock_payments(const std::vector<Payment>& payments) {
    for (const Payment& payment : payments) {
        lock_name(payment.organization, payment.provider, payment.ref);
    }
}

bool has_accepted_payment(std::int32_t organization, const core::Uuid& booking) {
    static constinit Statement statement("SELECT 1 FROM booking.payments AS p"
                                         " WHERE p.organization_id = $1 AND p.booking_id = $2 AND p.accepted LIMIT 1");
    return !statement.write({organization, booking}).empty();
}

void derive_amounts(Payment& payment) {
    if (!payment.accepted || payment.currency.empty()) {
        const auto& named = payment.amounts.empty() ? payment.totals : payment.amounts;
        payment.currency = core::largest_amount(named).currency;
    }
    payment.captured = core::largest_amount(payment.amounts, payment.currency).minor;
    payment.reported_refunded = core::largest_amount(payment.totals, payment.currency).minor;
}

core::PaymentFacts facts_of(const Payment& payment) {
    static constinit Statement statement("SELECT f.amount_minor, f.status, f.was_done, f.is_whole"
                                         "  FROM booking.refunds AS f"
                                         " WHERE f.organization_id = $1 AND f.payment_id = $2 AND f.status <> 'due'"
                                         "   AND f.currency = $3");
    core::PaymentFacts facts{payment.captured,
                             payment.reported_refunded,
                             payment.has_failed,
                             payment.accepted,
                             payment.is_first,
                             !payment.conflict.empty(),
                             {}};
    const Rows rows = statement.write({payment.organization, payment.id, std::string_view(payment.currency)});
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        facts.refunds.push_back(
            {rows.int8(row, 1), stage_named(rows.bytes(row, 2)), rows.boolean(row, 3), rows.boolean(row, 4)});
    }
    return facts;
}

void write_facts(const Payment& payment, const std::optional<core::Uuid>& source) {
    static constinit Statement insert(
        "INSERT INTO booking.payments (organization_id, id, provider, provider_ref, source_id, booking_id,"
        "       reservation_id, status, amount_minor, currency, reported_refunded_minor, has_failed, accepted, "
        "conflict,"
        "       created_at, updated_at, amounts, refund_totals, is_first, subjects_differ)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN $13 IS NULL THEN 'pending' ELSE 'conflict' END, $8, $9, $10,"
        "         $11, $12, $13, $14, $14, string_to_array($15, ','), string_to_array($16, ','), $17, $18)");
    static constinit Statement update(
        "UPDATE booking.payments AS p"
        "   SET booking_id = $3, reservation_id = $4, amount_minor = $5, currency = $6, reported_refunded_minor = $7,"
        "       has_failed = $8, accepted = $9, conflict = $10,"
        "       status = CASE WHEN $10 IS NOT NULL THEN 'conflict' WHEN p.status = 'conflict' THEN 'pending'"
        "                     ELSE p.status END,"
        "       updated_at = $11, amounts = string_to_array($12, ','), refund_totals = string_to_array($13, ','),"
        "       is_first = $14, subjects_differ = $15"
        " WHERE p.organization_id = $1 AND p.id = $2"
        "   AND (p.booking_id, p.reservation_id, p.amount_minor, p.currency, p.reported_refunded_minor, p.has_failed,"
        "        p.accepted, p.conflict, p.amounts, p.refund_totals, p.is_first, p.subjects_differ)"
        "       IS DISTINCT FROM"
        "       ($3, $4, $5, $6, $7, $8, $9, $10, string_to_array($12, ','), string_to_array($13, ','), $14, $15)");
    const Value booking = uuid_or_null(payment.booking);
    const Value reservation = uuid_or_null(payment.reservation);
    const Value currency = text_or_none(payment.currency);
    const Value conflict = text_or_none(payment.conflict);
    const Value now = Value::timestamp(settings::now());
    const std::string amounts = core::amounts_text(payment.amounts);
    const std::string totals = core::amounts_text(payment.totals);
    if (!payment.is_known) {
        insert.write({payment.organization, payment.id, std::string_view(payment.provider),
                      std::string_view(payment.ref), uuid_or_null(source), booking, reservation,
                      Value::int8(payment.captured), currency, Value::int8(payment.reported_refunded),
                      payment.has_failed, payment.accepted, conflict, now, std::string_view(amounts),
                      std::string_view(totals), payment.is_first, payment.subjects_differ});
        return;
    }
    update.write({payment.organization, payment.id, booking, reservation, Value::int8(payment.captured), currency,
                  Value::int8(payment.reported_refunded), payment.has_failed, payment.accepted, conflict, now,
                  std::string_view(amounts), std::string_view(totals), payment.is_first, payment.subjects_differ});
}

void write_state(const Payment& payment, const core::PaymentState& state) {
    static constinit Statement statement(
        "UPDATE booking.payments AS p SET status = $3, refunded_minor = $4, updated_at = $5"
        " WHERE p.organization_id = $1 AND p.id = $2 AND (p.status, p.refunded_minor) IS DISTINCT FROM ($3, $4)");
    statement.write({payment.organization, payment.id, state.status, Value::int8(state.refunded),
                     Value::timestamp(settings::now())});
}

bool is_price(Payment& payment, std::int64_t price, std::string_view currency) {
    const core::Money wanted{price, std::string(currency)};
    const bool equal = std::find(payment.amounts.begin(), payment.amounts.end(), wanted) != payment.amounts.end();
    payment.conflict = equal ? std::string{}
                             : "the price is " + money_text(price, currency) + ", what has arrived is " +
                                   money_text(payment.captured, payment.currency);
    return equal;
}

void accept(Payment& payment, std::string_view currency) {
    payment.accepted = true;
    payment.is_first = !has_accepted_payment(payment.organization, *payment.booking);
    payment.currency = currency;
    derive_amounts(payment);
}

std::string contradiction_of(const Payment& payment, const core::RefundNews& news) {
    static constinit Statement statement("SELECT f.payment_id, f.currency, f.is_named FROM booking.refunds AS f"
                                         " WHERE f.organization_id = $1 AND f.provider = $2 AND f.provider_ref = $3");
    const Rows rows = statement.write({payment.organization, std::string_view(payment.provider), news.ref});
    if (rows.empty()) {
        return {};
    }
    if (rows.uuid(0, 1) != payment.id) {
        return "the refund " + core::quoted(news.ref) + " is known as one of another payment";
    }
    if (rows.boolean(0, 3) && news.amount.has_value() && news.amount->currency != rows.bytes(0, 2)) {
        return "the refund " + core::quoted(news.ref) + " is known in " + std::string(rows.bytes(0, 2));
    }
    return {};
}

std::string foreign_refund_of(const Payment& payment) {
    static constinit Statement statement("SELECT f.currency FROM booking.refunds AS f"
                                         " WHERE f.organization_id = $1 AND f.payment_id = $2 AND f.currency <> $3"
                                         " ORDER BY f.currency LIMIT 1");
    const auto text = [&](std::string_view currency) {
        return "a refund is in " + std::string(currency) + ", what has arrived is in " + payment.currency;
    };
    for (const core::Money& total : payment.totals) {
        if (total.currency != payment.currency) {
            return text(total.currency);
        }
    }
    const Rows rows = statement.write({payment.organization, payment.id, std::string_view(payment.currency)});
    return rows.empty() ? std::string{} : text(rows.bytes(0, 1));
}

bool put_refund(const Payment& payment, const core::RefundNews& news, const core::Money& amount) {
    static constinit Statement find("SELECT f.status, f.was_done, f.amount_minor, f.currency, f.is_named"
                                    "  FROM booking.refunds AS f"
                                    " WHERE f.organization_id = $1 AND f.provider = $2 AND f.provider_ref = $3");
    static constinit Statement insert(
        "INSERT INTO booking.refunds (organization_id, id, payment_id, provider, provider_ref, status, amount_minor,"
        "       currency, was_done, created_at, updated_at, is_whole, is_named)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12)");
    static constinit Statement update(
        "UPDATE booking.refunds AS f"
        "   SET status = $4, was_done = f.was_done OR $5, amount_minor = $6, currency = $8,"
        "       is_whole = f.is_whole OR $9, is_named = f.is_named OR $10, updated_at = $7"
        " WHERE f.organization_id = $1 AND f.provider = $2 AND f.provider_ref = $3"
        "   AND (f.status, f.was_done, f.amount_minor, f.currency, f.is_whole, f.is_named)"
        "       IS DISTINCT FROM ($4, f.was_done OR $5, $6, $8, f.is_whole OR $9, f.is_named OR $10)");
    const std::string_view provider = payment.provider;
    const bool is_done = news.stage == core::RefundStage::done;
    const bool is_named = news.amount.has_value();
    const Value now = Value::timestamp(settings::now());
    const Rows rows = find.write({payment.organization, provider, news.ref});
    if (rows.empty()) {
        insert.write({payment.organization, new_id(payment.organization), payment.id, provider, news.ref,
                      core::refund_stage_name(news.stage), Value::int8(amount.minor), std::string_view(amount.currency),
                      is_done, now, !is_named, is_named});
        return news.stage == core::RefundStage::failed;
    }
    // An amount that was named outweighs one that was only meant; of several, the largest.
    core::Money merged = amount;
    const core::Money known{rows.int8(0, 3), std::string(rows.bytes(0, 4))};
    if (rows.boolean(0, 5) && (!is_named || known.minor > amount.minor)) {
        merged = known;
    }
    const core::RefundStage stage = core::later_stage(stage_named(rows.bytes(0, 1)), news.stage);
    update.write({payment.organization, provider, news.ref, core::refund_stage_name(stage), is_done,
                  Value::int8(merged.minor), now, std::string_view(merged.currency), !is_named, is_named});
    return stage == core::RefundStage::failed && rows.bytes(0, 1) != "failed";
}

void resize_whole_refunds(const Payment& payment) {
    static constinit Statement statement(
        "UPDATE booking.refunds AS f SET amount_minor = $3, currency = $4, updated_at = $5"
        " WHERE f.organization_id = $1 AND f.payment_id = $2 AND f.is_whole AND NOT f.is_named"
        "   AND (f.amount_minor, f.currency) IS DISTINCT FROM ($3, $4)");
    if (payment.captured > 0) {
        statement.write({payment.organization, payment.id, Value::int8(payment.captured),
                         std::string_view(payment.currency), Value::timestamp(settings::now())});
    }
}

bool set_due(const Payment& payment, std::int64_t minor, std::string_view reason) {
    static constinit Statement remove("DELETE FROM booking.refunds AS f"
                                      " WHERE f.organization_id = $1 AND f.payment_id = $2 AND f.status = 'due'");
    static constinit Statement update("UPDATE booking.refunds AS f SET amount_minor = $3, updated_at = $4"
                                      " WHERE f.organization_id = $1 AND f.payment_id = $2 AND f.status = 'due'"
                                      " RETURNING 1");
    static constinit Statement insert("INSERT INTO booking.refunds (organization_id, id, payment_id, provider, status, "
                                      "amount_minor, currency, reason,"
                                      "       created_at, updated_at)"
                                      " VALUES ($1, $2, $3, $4, 'due', $5, $6, $7, $8, $8)");
    if (minor <= 0) {
        remove.write({payment.organization, payment.id});
        return false;
    }
    const Value now = Value::timestamp(settings::now());
    if (!update.write({payment.organization, payment.id, Value::int8(minor), now}).empty()) {
        return false;
    }
    insert.write({payment.organization, new_id(payment.organization), payment.id, std::string_view(payment.provider),
                  Value::int8(minor), std::string_view(payment.currency), text_or_none(reason), now});
    return true;
}

void report_payment(std::string_view kind, const Payment& payment, std::string_view reason) {
    // The name is for the description, where there is no booking whose number could be told.
    static constinit Statement statement(
        "INSERT INTO booking.booking_events (organization_id, id, kind, subject_id, session_id, booking_id, facts,"
        "       occurred_at)"
        " SELECT $1, $2, $3, $4, COALESCE(b.session_id, r.session_id), b.id,"
        "        jsonb_strip_nulls(jsonb_build_object('name', $7, 'provider', $8, 'amount_minor', $9, 'currency', $10,"
        "                                             'reservation_id', r.id, 'reason', $11)), $12"
        "   FROM (SELECT 1) AS x"
        "   LEFT JOIN booking.bookings AS b ON b.organization_id = $1 AND b.id = $5"
        "   LEFT JOIN booking.slot_reservations AS r ON r.organization_id = $1 AND r.id = $6"
        " RETURNING organization_id, id");
    notify_of_events(statement.write({payment.organization, new_id(payment.organization), kind, payment.id,
                                      uuid_or_null(payment.booking), uuid_or_null(payment.reservation),
                                      std::string_view(payment.ref), std::string_view(payment.provider),
                                      Value::int8(payment.captured), text_or_none(payment.currency),
                                      text_or_none(reason), Value::timestamp(settings::now())}));
}

} // namespace pgbk
