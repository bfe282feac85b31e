// The catalogue as a visitor's page shows it: of active organizations, active activities, and sessions to come. What
// may be seen of a venue or an activity is said by the public views.
#include "core/date_range.hpp"
#include "pg/arguments.hpp"
#include "pg/booking_answer.hpp"
#include "pg/capacity.hpp"
#include "pg/session_resources.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

#define PGBK_VENUE_SQL                                                                                                 \
    "jsonb_build_object('id', v.id, 'name', v.name, 'embed_key', v.embed_key, 'timezone', v.timezone)"
#define PGBK_ACTIVITY_SQL                                                                                              \
    "jsonb_build_object('id', a.id, 'name', a.name, 'capacity', a.capacity, 'price_minor', a.price_minor,"             \
    "                   'price_basis', a.price_basis, 'currency', a.currency,"                                         \
    "                   'party_size_min', a.party_size_min, 'party_size_max', a.party_size_max,"                       \
    "                   'min_notice_seconds', a.min_notice_seconds, 'max_advance_seconds', a.max_advance_seconds)"     \
    " || COALESCE((SELECT jsonb_build_object('price_from_minor', min(u.price_minor), 'units', jsonb_agg("              \
    "                     jsonb_build_object("                                                                         \
    "                         'code', u.code, 'title', u.title, 'price_minor', u.price_minor,"                         \
    "                         'pax_count', u.pax_count, 'min_quantity', u.min_quantity,"                               \
    "                         'max_quantity', u.max_quantity, 'min_age', u.min_age, 'max_age', u.max_age,"             \
    "                         'accompanied_by', to_jsonb(u.accompanied_by)) ORDER BY u.sort_order, u.code))"           \
    "                FROM booking.public_activity_units AS u"                                                          \
    "               WHERE u.organization_id = $1 AND u.activity_id = a.id HAVING count(*) > 0), '{}')"

// $1 organization, $5 clock.
// clang-format off
#define PGBK_SESSION_SQL                                                                                               \
    "jsonb_build_object('id', s.id, 'start_time', " PGBK_INSTANT_SQL("s.start_time") ","                               \
    "                   'end_time', " PGBK_INSTANT_SQL("s.end_time") ", 'local_date', s.local_date,"                   \
    "                   'status', s.status, 'capacity_total', s.capacity_total,"                                       \
    "                   'seats_available', CASE WHEN s.status = 'open' AND " PGBK_ON_OFFER_SQL("$5")                   \
    "                        THEN GREATEST(" PGBK_AVAILABLE_SQL("$1", "s.id", "$5") ", 0) ELSE 0 END)"
// clang-format on

[[noreturn]] void refuse_unknown_venue(std::string_view embed_key) {
    throw Refusal(RefusalKind::venue_not_found, "no venue has the embed_key " + core::quoted(embed_key));
}

[[noreturn]] void refuse_unknown_activity(const core::Uuid& id) {
    throw Refusal(RefusalKind::activity_not_found, "no activity has the id " + uuid_text(id));
}

Datum public_venue_body(Call& call) {
    const std::int32_t organization = int4_argument(call, 0, "organization_id");
    const std::string_view key = text_argument(call, 1, "embed_key");
    static constinit Statement statement("SELECT " PGBK_VENUE_SQL " FROM booking.public_venues AS v"
                                         " WHERE v.organization_id = $1 AND v.embed_key = $2");
    const Rows rows = statement.read({organization, key});
    if (rows.empty()) {
        refuse_unknown_venue(key);
    }
    return copied_result(call, rows, 0, 1);
}

Datum public_venue_activities_body(Call& call) {
    const std::int32_t organization = int4_argument(call, 0, "organization_id");
    const std::string_view key = text_argument(call, 1, "embed_key");
    static constinit Statement statement(
        "SELECT jsonb_build_object('venue', " PGBK_VENUE_SQL ", 'activities', COALESCE("
        "           (SELECT jsonb_agg(" PGBK_ACTIVITY_SQL " ORDER BY a.name, a.id) FROM booking.public_activities AS a"
        "             WHERE a.organization_id = $1 AND a.venue_id = v.id), '[]'))"
        "  FROM booking.public_venues AS v WHERE v.organization_id = $1 AND v.embed_key = $2");
    const Rows rows = statement.read({organization, key});
    if (rows.empty()) {
        refuse_unknown_venue(key);
    }
    return copied_result(call, rows, 0, 1);
}

constexpr std::chrono::days server_epoch{POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE};

std::chrono::sys_days days_of(DateADT date) {
    return std::chrono::sys_days(server_epoch + std::chrono::days(date));
}

Value date_value(std::chrono::sys_days date) {
    return Value::date(static_cast<DateADT>((date.time_since_epoch() - server_epoch).count()));
}

core::DateRange requested_dates(const Call& call, std::int32_t organization, const core::Uuid& activity) {
    static constinit Statement statement("SELECT ($3 AT TIME ZONE v.timezone)::date"
                                         "  FROM booking.public_activities AS a"
                                         "  JOIN booking.public_venues AS v"
                                         "    ON v.organization_id = $1 AND v.id = a.venue_id"
                                         " WHERE a.organization_id = $1 AND a.id = $2");
    const Rows rows = statement.read({organization, activity, Value::timestamp(settings::now())});
    if (rows.empty()) {
        refuse_unknown_activity(activity);
    }
    return core::read_date_range(optional_text(call, 1), optional_text(call, 2), days_of(rows.date(0, 1)));
}

Datum public_activity_sessions_body(Call& call) {
    const core::Uuid activity = uuid_argument(call, 0, "activity_id");
    const std::int32_t organization = core::organization_of(activity).value_or(0);
    const core::DateRange dates = requested_dates(call, organization, activity);
    // Walks the unique index (organization_id, activity_id, start_time); an operating day may begin and end up to a day
    // beside its date in UTC, and last past midnight.
    static constinit Statement statement(
        "SELECT jsonb_build_object('venue', " PGBK_VENUE_SQL ", 'activity', " PGBK_ACTIVITY_SQL
        ", 'from', $3, 'to', $4,"
        "       'sessions', COALESCE("
        "           (SELECT jsonb_agg(" PGBK_SESSION_SQL " ORDER BY s.start_time)"
        "              FROM booking.sessions AS s"
        "             WHERE s.organization_id = $1 AND s.activity_id = $2 AND s.start_time > $5"
        "               AND s.start_time >= $3::timestamp AT TIME ZONE 'UTC' - interval '1 day'"
        "               AND s.start_time < $4::timestamp AT TIME ZONE 'UTC' + interval '3 days'"
        "               AND s.local_date BETWEEN $3 AND $4 AND s.status <> 'cancelled'), '[]'))"
        "  FROM booking.public_activities AS a"
        "  JOIN booking.public_venues AS v ON v.organization_id = $1 AND v.id = a.venue_id"
        " WHERE a.organization_id = $1 AND a.id = $2");
    const Rows rows = statement.read(
        {organization, activity, date_value(dates.first), date_value(dates.last), Value::timestamp(settings::now())});
    if (rows.empty()) {
        refuse_unknown_activity(activity);
    }
    return copied_result(call, rows, 0, 1);
}

// By the venue's key, or by an activity's id: which of the two is missing is NULL.
Datum public_embed_body(Call& call) {
    const std::int32_t organization = int4_argument(call, 0, "organization_id");
    const auto activity = optional_uuid(call, 2);
    const std::string_view key = activity.has_value() ? std::string_view() : text_argument(call, 1, "embed_key");
    static constinit Statement statement(
        "SELECT jsonb_build_object('embed_key', v.embed_key, 'allowed_origins', to_jsonb(w.allowed_origins))"
        "  FROM booking.public_venues AS v"
        "  JOIN booking.venues AS w ON w.organization_id = $1 AND w.id = v.id"
        " WHERE v.organization_id = $1"
        "   AND CASE WHEN $3 IS NULL THEN v.embed_key = $2"
        "            ELSE EXISTS (SELECT 1 FROM booking.public_activities AS a"
        "                          WHERE a.organization_id = $1 AND a.id = $3 AND a.venue_id = v.id) END");
    const Rows rows =
        statement.read({organization, key, activity.has_value() ? Value(*activity) : Value::null(UUIDOID)});
    if (rows.empty() && activity.has_value()) {
        refuse_unknown_activity(*activity);
    }
    if (rows.empty()) {
        refuse_unknown_venue(key);
    }
    return copied_result(call, rows, 0, 1);
}

} // namespace

PGBK_READER(public_venue, public_venue_body);
PGBK_READER(public_venue_activities, public_venue_activities_body);
PGBK_READER(public_activity_sessions, public_activity_sessions_body);
PGBK_READER(public_embed, public_embed_body);

} // namespace pgbk
