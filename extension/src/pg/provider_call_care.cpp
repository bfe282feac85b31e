// What people do about calls of providers: try one again, and throw old ones away.
#include "pg/access.hpp"
#include "pg/provider_calls.hpp"
#include "pg/settings.hpp"

#include "pg/notify.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

Datum retry_provider_call_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "call_id");
    const std::int32_t organization = core::organization_of(id).value_or(0);
    require_owner(call, organization, "try a call of a provider again");
    static constinit Statement known(
        "SELECT 1 FROM booking.provider_calls AS c WHERE c.organization_id = $1 AND c.id = $2");
    static constinit Statement again(
        "UPDATE booking.provider_calls AS c"
        "   SET status = 'pending', next_attempt_at = $3, expires_at = GREATEST(c.expires_at, $3 + interval '1 day'),"
        "       attempts = 0, finished_at = NULL"
        " WHERE c.organization_id = $1 AND c.id = $2 AND c.status = 'failed' RETURNING 1");
    if (known.write({organization, id}).empty()) {
        throw Refusal(RefusalKind::provider_call_not_found, "no call of a provider has the id " + uuid_text(id));
    }
    const bool is_tried = !again.write({organization, id, Value::timestamp(settings::now())}).empty();
    if (is_tried) {
        notify_of_work();
    }
    return BoolGetDatum(is_tried);
}

Datum cleanup_provider_calls_body(Call& call) {
    constexpr std::int32_t most_days = 3650;
    const std::int32_t days = int4_argument(call, 0, "days");
    require_trusted(call, "clean up calls of providers", "pg_cron calls booking.maintain_job().");
    if (days < 1 || days > most_days) {
        throw Refusal(RefusalKind::invalid_retention, "days must be between 1 and 3650, got " + std::to_string(days));
    }
    // What was made for a booking that still stands is known by its call.
    static constinit Statement statement(
        "WITH old AS MATERIALIZED ("
        "    SELECT c.organization_id, c.id FROM booking.provider_calls AS c"
        "     WHERE c.finished_at < $1 AND c.check_at IS NULL"
        "       AND NOT EXISTS (SELECT 1 FROM booking.provider_calls AS x"
        "                        WHERE x.organization_id = c.organization_id AND x.about_call_id = c.id"
        "                          AND x.status IN ('pending', 'running')"
        "                          AND (x.booking_id = c.booking_id OR x.reservation_id = c.reservation_id))"
        "     FOR UPDATE SKIP LOCKED)"
        " DELETE FROM booking.provider_calls AS c USING old AS o"
        "  WHERE c.organization_id = o.organization_id AND c.id = o.id");
    const Rows rows = statement.write({Value::timestamp(settings::now() - days * USECS_PER_DAY)});
    return Int32GetDatum(static_cast<std::int32_t>(rows.count()));
}

} // namespace

PGBK_WRITER(retry_provider_call, retry_provider_call_body);
PGBK_WRITER(cleanup_provider_calls, cleanup_provider_calls_body);

} // namespace pgbk
