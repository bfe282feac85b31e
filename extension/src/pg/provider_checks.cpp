// Look-ups of what a provider has made and of which no webhook has told how it has ended: they may be lost, and Cal.com
// does not repeat its own.
#include "pg/provider_checks.hpp"

#include "pg/calendar_calls.hpp"
#include "pg/payment_calls.hpp"

namespace pgbk {

namespace {

// Whether money of this provider has paid it, so that its session is over.
bool is_paid_by(const PaymentSubject& subject, std::string_view provider) {
    static constinit Statement statement("SELECT 1 FROM booking.payments AS p"
                                         " WHERE p.organization_id = $1 AND p.provider = $4 AND p.amount_minor > 0"
                                         "   AND (p.booking_id = $2 OR p.reservation_id = $3)");
    return !statement
                .write(
                    {subject.organization, uuid_or_null(subject.booking), uuid_or_null(subject.reservation), provider})
                .empty();
}

void check_payment(const PaymentSubject& subject, const core::Uuid& call, std::string_view provider) {
    if (is_payable(subject)) {
        queue_payment_look_up(subject.organization, call);
    } else if (!is_paid_by(subject, provider)) {
        queue_expiry(subject.organization, call);
    }
}

} // namespace

void queue_checks(const ProviderAccounts& accounts, TimestampTz now) {
    // The look-up says when the next one is; until then there is none.
    static constinit Statement statement(
        "WITH due AS MATERIALIZED ("
        "    SELECT d.organization_id, d.id"
        "      FROM unnest($1, $2) AS a (organization_id, provider)"
        "     CROSS JOIN LATERAL (SELECT c.organization_id, c.id FROM booking.provider_calls AS c"
        "                          WHERE c.organization_id = a.organization_id AND c.provider = a.provider"
        "                            AND c.check_at <= $3 ORDER BY c.check_at LIMIT 20 FOR UPDATE SKIP LOCKED) AS d)"
        " UPDATE booking.provider_calls AS c SET check_at = NULL FROM due AS d"
        "  WHERE c.organization_id = d.organization_id AND c.id = d.id"
        " RETURNING c.organization_id, c.id, c.provider, c.action, c.booking_id, c.reservation_id");
    const Rows rows = statement.write({accounts.organizations, accounts.providers, Value::timestamp(now)});
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        const std::int32_t organization = rows.int4(row, 1);
        if (rows.bytes(row, 4) != "create_payment") {
            queue_calendar_look_up(organization, rows.uuid(row, 2));
            continue;
        }
        const PaymentSubject subject{organization,
                                     rows.is_null(row, 5) ? std::nullopt : std::optional(rows.uuid(row, 5)),
                                     rows.is_null(row, 6) ? std::nullopt : std::optional(rows.uuid(row, 6))};
        check_payment(subject, rows.uuid(row, 2), rows.bytes(row, 3));
    }
}

} // namespace pgbk
