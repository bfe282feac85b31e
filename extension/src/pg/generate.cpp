// generate_activity_sessions: schedule and exceptions to rows, once, whoever asks and however often.
#include "core/validation.hpp"
#include "pg/access.hpp"
#include "pg/arguments.hpp"
#include "pg/array.hpp"
#include "pg/generation.hpp"
#include "pg/settings.hpp"
#include "pg/time_zone.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;
using std::chrono::days;
using std::chrono::local_days;

Dates requested_dates(const Call& call) {
    const DateADT first = date_argument(call, 1, "start_date");
    const std::int32_t count = int4_argument(call, 2, "days_ahead");
    core::check_days_ahead(count);
    const local_days start = to_local_days(DATE_NOT_FINITE(first) ? 0 : first);
    const local_days earliest{std::chrono::year(1970) / 1 / 2};
    const local_days latest{std::chrono::year(2200) / 1 / 1};
    if (DATE_NOT_FINITE(first) || start < earliest || start + days(count) > latest) {
        throw Refusal(RefusalKind::invalid_generation_range,
                      "start_date " + date_text(first) + " with days_ahead " + std::to_string(count) +
                          " is out of range",
                      "Dates from 1970-01-02 to 2199-12-31 can be generated.");
    }
    return {start, start + days(count) - days(1)};
}

std::int32_t generate(std::int32_t organization, const core::Uuid& id, const Dates& wanted) {
    if (wanted.last < wanted.first) {
        return 0;
    }
    lock_generation(id);
    ScheduledActivity activity = find_activity(organization, id);
    const std::vector<Dates> missing = missing_dates(activity, wanted);
    if (missing.empty()) {
        return 0;
    }
    read_schedule(activity);
    std::size_t created = 0;
    const TimestampTz clock = settings::now();
    for (const Dates& dates : missing) {
        const auto existing = taken_times(activity, dates, uuid_array(std::vector<core::Uuid>{}).datum());
        const auto sessions = plan_dates(activity, dates, to_sys_seconds(clock), existing);
        insert_sessions(activity, sessions);
        created += sessions.size();
    }
    set_watermark(activity, wanted);
    return static_cast<std::int32_t>(created);
}

Datum generate_activity_sessions_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "activity_id");
    const Dates dates = requested_dates(call);
    const std::int32_t organization = core::organization_of(id).value_or(0);
    require_member(call, organization, "generate sessions");
    return Int32GetDatum(generate(organization, id, dates));
}

Datum generate_all_sessions_body(Call& call) {
    const std::int32_t days_ahead = int4_argument(call, 0, "days_ahead");
    core::check_days_ahead(days_ahead);
    require_trusted(call, "generate the sessions of all organizations",
                    "Call generate_activity_sessions() for the activities of your own organization.");
    static constinit Statement statement(
        "SELECT a.organization_id, a.id, timezone(v.timezone, $1)::date"
        "  FROM booking.activities AS a"
        "  JOIN booking.organizations AS o ON o.organization_id = a.organization_id"
        "  JOIN booking.venues AS v ON v.organization_id = a.organization_id AND v.id = a.venue_id"
        " WHERE o.status = 'active' AND a.status = 'active'"
        " ORDER BY a.organization_id, a.id");
    const Rows rows = statement.write({Value::timestamp(settings::now())});
    std::int32_t created = 0;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        const local_days today = to_local_days(rows.date(row, 3));
        created += generate(rows.int4(row, 1), rows.uuid(row, 2), {today, today + days(days_ahead) - days(1)});
    }
    return Int32GetDatum(created);
}

} // namespace

PGBK_WRITER(generate_activity_sessions, generate_activity_sessions_body);
PGBK_WRITER(generate_all_sessions, generate_all_sessions_body);

} // namespace pgbk
