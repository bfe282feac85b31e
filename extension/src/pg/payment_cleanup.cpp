// cleanup_payment_events: what came in is kept for as long as it may come again, or be asked for; the ledgers stay.
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

} // namespace

PGBK_WRITER(cleanup_payment_events, cleanup_payment_events_body);

} // namespace pgbk
