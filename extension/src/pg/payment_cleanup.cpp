// cleanup_payment_events: what came in is kept for as long as it may come again, or be asked for; the ledgers stay.
// cancel_unpaid_bookings: bookings of packages that nobody has paid do not stay open for ever.
#include "core/refusal.hpp"
#include "pg/access.hpp"
#include "pg/arguments.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

constexpr std::int32_t least_days = 30; // senders try again for some days, and people look later
constexpr std::int32_t most_days = 3650;

Datum cleanup_payment_events_body(Call& call) {
    const std::int32_t days = int4_argument(call, 0, "days");
    require_trusted(call, "remove received events",
                    "pg_cron calls booking.maintain_job(); others need booking_service.");
    if (days < least_days || days > most_days) {
        throw Refusal(RefusalKind::invalid_retention, "days must be between 30 and 3650, got " + std::to_string(days));
    }
    static constinit Statement statement(
        "DELETE FROM booking.payment_events AS e USING booking.organizations AS o"
        " WHERE e.organization_id = o.organization_id AND e.received_at < $1 AND e.next_attempt_at IS NULL"
        " RETURNING 1");
    const Rows rows = statement.write({Value::timestamp(settings::now() - days * USECS_PER_DAY)});
    return Int32GetDatum(static_cast<std::int32_t>(rows.count()));
}

Datum cancel_unpaid_bookings_body(Call& call) {
    const std::int32_t days = int4_argument(call, 0, "days");
    constexpr std::int32_t most = 365;
    require_trusted(call, "cancel unpaid bookings",
                    "pg_cron calls booking.maintain_job(); others need booking_service.");
    if (days < 1 || days > most) {
        throw Refusal(RefusalKind::invalid_retention, "days must be between 1 and 365, got " + std::to_string(days));
    }
    // Money that is not the price is for a person to decide about; a payment that is being applied has the lock.
    static constinit Statement statement(
        "WITH unpaid AS ("
        "    SELECT b.organization_id, b.id FROM booking.organizations AS o"
        "      JOIN booking.bookings AS b ON b.organization_id = o.organization_id"
        "     WHERE b.status = 'pending' AND b.payment_status IN ('pending', 'failed') AND b.package_id IS NOT NULL"
        "       AND b.expires_at < $1"
        "       AND NOT EXISTS (SELECT 1 FROM booking.payments AS p"
        "                        WHERE p.organization_id = b.organization_id AND p.booking_id = b.id"
        "                          AND p.amount_minor > 0)"
        "       FOR NO KEY UPDATE OF b SKIP LOCKED)"
        " UPDATE booking.bookings AS b SET status = 'cancelled', version = b.version + 1, updated_at = $2"
        "   FROM unpaid AS u WHERE b.organization_id = u.organization_id AND b.id = u.id RETURNING 1");
    const TimestampTz now = settings::now();
    const Rows rows = statement.write({Value::timestamp(now - days * USECS_PER_DAY), Value::timestamp(now)});
    return Int32GetDatum(static_cast<std::int32_t>(rows.count()));
}

} // namespace

PGBK_WRITER(cancel_unpaid_bookings, cancel_unpaid_bookings_body);
PGBK_WRITER(cleanup_payment_events, cleanup_payment_events_body);

} // namespace pgbk
