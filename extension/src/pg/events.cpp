// record_events: the trigger that writes what happened, whoever made it happen. Its argument names the entity, never
// the table's name. All but one of its triggers are fired once a statement and write with one statement, over the
// transition tables old_rows and new_rows.
#include "core/event_kinds.hpp"
#include "pg/arguments.hpp"
#include "pg/notify.hpp"
#include "pg/settings.hpp"
#include "pg/trigger.hpp"

#include <cstring>

namespace pgbk {

namespace {

// $1: the clock. rows: organization_id, kind, subject_id, session_id, booking_id, facts; their order is that of the
// ids.
#define PGBK_WRITE_EVENTS_SQL(rows)                                                                                    \
    "INSERT INTO booking.booking_events (organization_id, id, kind, subject_id, session_id, booking_id, facts,"        \
    "       occurred_at)"                                                                                              \
    " SELECT x.organization_id, booking.new_id(x.organization_id), x.kind, x.subject_id, x.session_id, x.booking_id,"  \
    "        x.facts, $1 FROM (" rows ") AS x RETURNING organization_id, id"

// Old and new versions of the rows. A full join, because that can never be done by comparing each with each: the plan
// is kept, and the next statement may change ten thousand rows. A row that has got another id was changed by nobody of
// ours.
#define PGBK_VERSIONS_SQL                                                                                              \
    "old_rows AS o FULL JOIN new_rows AS n ON n.organization_id = o.organization_id AND n.id = o.id"
#define PGBK_BOTH_VERSIONS_SQL "COALESCE(o.id = n.id, false)"

// Columns that changed, with their values or, where those are not for everybody who sees the event, by their names.
#define PGBK_COLUMN_SQL(name) "('" name "', to_jsonb(o." name "), to_jsonb(n." name "))"
#define PGBK_CHANGED_FACTS_SQL(columns)                                                                                \
    "(SELECT COALESCE(jsonb_object_agg(c.name, c.after), '{}') FROM (VALUES " columns                                  \
    ") AS c (name, before, after) WHERE c.after IS DISTINCT FROM c.before)"
#define PGBK_CHANGED_NAMES_SQL(columns)                                                                                \
    "(SELECT CASE WHEN count(*) > 0 THEN jsonb_build_object('changed', jsonb_agg(c.name)) ELSE '{}' END"               \
    "   FROM (VALUES " columns ") AS c (name, before, after) WHERE c.after IS DISTINCT FROM c.before)"

// Bookings. What a booking is when it is made is said once more by the event of its status, unless it just waits.

constinit TransitionStatement booking_inserted(PGBK_WRITE_EVENTS_SQL(
    "SELECT n.organization_id, k.kind, n.id AS subject_id, n.session_id, n.id AS booking_id, k.facts"
    "  FROM new_rows AS n CROSS JOIN LATERAL (VALUES "
    "       ('booking.created', jsonb_strip_nulls(jsonb_build_object("
    "           'status', n.status, 'payment_status', n.payment_status, 'party_size', n.party_size,"
    "           'amount_cents', n.amount_cents, 'currency', n.currency, 'package_id', n.package_id,"
    "           'scheduled_start', n.scheduled_start, 'scheduled_end', n.scheduled_end))),"
    "       (CASE WHEN n.status <> 'pending' THEN 'booking.' || n.status END,"
    "        jsonb_build_object('status', n.status))) AS k (kind, facts)"
    " WHERE k.kind IS NOT NULL"));

// A time that comes with a status (paid, then scheduled) belongs to the event of the status; one that replaces another
// is an event of its own; any other change of it is a change like others.
constinit TransitionStatement booking_updated(PGBK_WRITE_EVENTS_SQL(
    "SELECT n.organization_id, k.kind, n.id AS subject_id, n.session_id, n.id AS booking_id, k.facts"
    "  FROM " PGBK_VERSIONS_SQL " CROSS JOIN LATERAL (SELECT"
    "       n.status IS DISTINCT FROM o.status AND n.status <> 'pending' AS has_status,"
    "       o.scheduled_start IS NULL AND n.scheduled_start IS NOT NULL AS is_appointed,"
    "       COALESCE(n.scheduled_start <> o.scheduled_start, false) AS is_rescheduled,"
    "       jsonb_build_object('session_id', n.session_id, 'scheduled_start', n.scheduled_start,"
    "                          'scheduled_end', n.scheduled_end) AS time) AS m"
    " CROSS JOIN LATERAL (SELECT " PGBK_CHANGED_FACTS_SQL(
        PGBK_COLUMN_SQL("party_size") "," PGBK_COLUMN_SQL("amount_cents") "," PGBK_COLUMN_SQL("currency") "," PGBK_COLUMN_SQL(
            "package_id")) " || CASE WHEN "
                           "m.is_rescheduled "
                           "OR (m.is_appointed "
                           "AND m.has_status) "
                           "THEN '{}' "
                           "ELSE"
                           " " PGBK_CHANGED_FACTS_SQL(PGBK_COLUMN_SQL("session_id") "," PGBK_COLUMN_SQL("scheduled_"
                                                                                                        "start") "," PGBK_COLUMN_SQL("scheduled_end")) " END || " PGBK_CHANGED_NAMES_SQL(
                               PGBK_COLUMN_SQL("customer_id") "," PGBK_COLUMN_SQL("customer_name") "," PGBK_COLUMN_SQL("customer_email") "," PGBK_COLUMN_SQL("customer_phone") "," PGBK_COLUMN_SQL(
                                   "notes") "," PGBK_COLUMN_SQL("metadata") "," PGBK_COLUMN_SQL("meeting_url")) " AS "
                                                                                                                "facts)"
                                                                                                                " AS d"
                                                                                                                " CROSS"
                                                                                                                " JOIN "
                                                                                                                "LATERA"
                                                                                                                "L "
                                                                                                                "(VALUE"
                                                                                                                "S "
                                                                                                                "      "
                                                                                                                " ("
                                                                                                                "CASE "
                                                                                                                "WHEN "
                                                                                                                "m.has_"
                                                                                                                "status"
                                                                                                                " THEN "
                                                                                                                "'booki"
                                                                                                                "ng.' "
                                                                                                                "|| "
                                                                                                                "n."
                                                                                                                "status"
                                                                                                                " END,"
                                                                                                                "      "
                                                                                                                "  "
                                                                                                                "jsonb_"
                                                                                                                "build_"
                                                                                                                "object"
                                                                                                                "('"
                                                                                                                "status"
                                                                                                                "', "
                                                                                                                "n."
                                                                                                                "status"
                                                                                                                ", "
                                                                                                                "'previ"
                                                                                                                "ous_"
                                                                                                                "status"
                                                                                                                "', "
                                                                                                                "o."
                                                                                                                "status"
                                                                                                                ")"
                                                                                                                "      "
                                                                                                                "  || "
                                                                                                                "CASE "
                                                                                                                "WHEN "
                                                                                                                "m.is_"
                                                                                                                "appoin"
                                                                                                                "ted "
                                                                                                                "THEN "
                                                                                                                "m."
                                                                                                                "time "
                                                                                                                "ELSE "
                                                                                                                "'{}' "
                                                                                                                "END),"
                                                                                                                "      "
                                                                                                                " ("
                                                                                                                "CASE "
                                                                                                                "WHEN "
                                                                                                                "m.is_"
                                                                                                                "resche"
                                                                                                                "duled "
                                                                                                                "THEN "
                                                                                                                "'booki"
                                                                                                                "ng."
                                                                                                                "resche"
                                                                                                                "duled'"
                                                                                                                " END,"
                                                                                                                "      "
                                                                                                                "  "
                                                                                                                "m."
                                                                                                                "time "
                                                                                                                "|| "
                                                                                                                "jsonb_"
                                                                                                                "build_"
                                                                                                                "object"
                                                                                                                "('"
                                                                                                                "previo"
                                                                                                                "us_"
                                                                                                                "start'"
                                                                                                                ", "
                                                                                                                "o."
                                                                                                                "schedu"
                                                                                                                "led_"
                                                                                                                "start,"
                                                                                                                " '"
                                                                                                                "previo"
                                                                                                                "us_"
                                                                                                                "sessio"
                                                                                                                "n_id',"
                                                                                                                " o."
                                                                                                                "sessio"
                                                                                                                "n_id))"
                                                                                                                ","
                                                                                                                "      "
                                                                                                                " ("
                                                                                                                "CASE "
                                                                                                                "WHEN "
                                                                                                                "n."
                                                                                                                "paymen"
                                                                                                                "t_"
                                                                                                                "status"
                                                                                                                " IS "
                                                                                                                "DISTIN"
                                                                                                                "CT "
                                                                                                                "FROM "
                                                                                                                "o."
                                                                                                                "paymen"
                                                                                                                "t_"
                                                                                                                "status"
                                                                                                                " AND "
                                                                                                                "n."
                                                                                                                "paymen"
                                                                                                                "t_"
                                                                                                                "status"
                                                                                                                " <> "
                                                                                                                "'not_"
                                                                                                                "requir"
                                                                                                                "ed'"
                                                                                                                "      "
                                                                                                                "      "
                                                                                                                " THEN "
                                                                                                                "'payme"
                                                                                                                "nt.' "
                                                                                                                "|| "
                                                                                                                "n."
                                                                                                                "paymen"
                                                                                                                "t_"
                                                                                                                "status"
                                                                                                                " END,"
                                                                                                                "      "
                                                                                                                "  "
                                                                                                                "jsonb_"
                                                                                                                "build_"
                                                                                                                "object"
                                                                                                                "('"
                                                                                                                "paymen"
                                                                                                                "t_"
                                                                                                                "status"
                                                                                                                "', "
                                                                                                                "n."
                                                                                                                "paymen"
                                                                                                                "t_"
                                                                                                                "status"
                                                                                                                ", "
                                                                                                                "'previ"
                                                                                                                "ous_"
                                                                                                                "paymen"
                                                                                                                "t_"
                                                                                                                "status"
                                                                                                                "', "
                                                                                                                "o."
                                                                                                                "paymen"
                                                                                                                "t_"
                                                                                                                "status"
                                                                                                                ","
                                                                                                                "      "
                                                                                                                "      "
                                                                                                                "      "
                                                                                                                "      "
                                                                                                                "   "
                                                                                                                "'amoun"
                                                                                                                "t_"
                                                                                                                "cents'"
                                                                                                                ", "
                                                                                                                "n."
                                                                                                                "amount"
                                                                                                                "_cents"
                                                                                                                ", "
                                                                                                                "'curre"
                                                                                                                "ncy', "
                                                                                                                "n."
                                                                                                                "curren"
                                                                                                                "cy)),"
                                                                                                                "      "
                                                                                                                " ("
                                                                                                                "CASE "
                                                                                                                "WHEN "
                                                                                                                "n."
                                                                                                                "refund"
                                                                                                                "_statu"
                                                                                                                "s IS "
                                                                                                                "DISTIN"
                                                                                                                "CT "
                                                                                                                "FROM "
                                                                                                                "o."
                                                                                                                "refund"
                                                                                                                "_statu"
                                                                                                                "s AND "
                                                                                                                "n."
                                                                                                                "refund"
                                                                                                                "_statu"
                                                                                                                "s <> "
                                                                                                                "'none'"
                                                                                                                "      "
                                                                                                                "      "
                                                                                                                " THEN "
                                                                                                                "'refun"
                                                                                                                "d.' "
                                                                                                                "|| "
                                                                                                                "n."
                                                                                                                "refund"
                                                                                                                "_statu"
                                                                                                                "s END,"
                                                                                                                "      "
                                                                                                                "  "
                                                                                                                "jsonb_"
                                                                                                                "build_"
                                                                                                                "object"
                                                                                                                "('"
                                                                                                                "refund"
                                                                                                                "_statu"
                                                                                                                "s', "
                                                                                                                "n."
                                                                                                                "refund"
                                                                                                                "_statu"
                                                                                                                "s, "
                                                                                                                "'previ"
                                                                                                                "ous_"
                                                                                                                "refund"
                                                                                                                "_statu"
                                                                                                                "s', "
                                                                                                                "o."
                                                                                                                "refund"
                                                                                                                "_statu"
                                                                                                                "s)),"
                                                                                                                "      "
                                                                                                                " ("
                                                                                                                "CASE "
                                                                                                                "WHEN "
                                                                                                                "d."
                                                                                                                "facts "
                                                                                                                "<> "
                                                                                                                "'{}' "
                                                                                                                "THEN "
                                                                                                                "'booki"
                                                                                                                "ng."
                                                                                                                "update"
                                                                                                                "d' "
                                                                                                                "END, "
                                                                                                                "d."
                                                                                                                "facts)"
                                                                                                                ") AS "
                                                                                                                "k "
                                                                                                                "(kind,"
                                                                                                                " facts"
                                                                                                                ")"
                                                                                                                " WHERE"
                                                                                                                " k."
                                                                                                                "kind "
                                                                                                                "IS "
                                                                                                                "NOT "
                                                                                                                "NULL "
                                                                                                                "AND"
                                                                                                                " " PGBK_BOTH_VERSIONS_SQL));

// Reservations, where the organization wants events of them. The lookup is a subquery, so that it stays a lookup.

#define PGBK_WANTED_SQL                                                                                                \
    "(SELECT g.reservation_events FROM booking.organizations AS g WHERE g.organization_id = n.organization_id)"

constinit TransitionStatement reservation_inserted(
    PGBK_WRITE_EVENTS_SQL("SELECT n.organization_id, 'reservation.held' AS kind, n.id AS subject_id, n.session_id,"
                          "       NULL::uuid AS booking_id,"
                          "       jsonb_build_object('party_size', n.party_size, 'expires_at', n.expires_at) AS facts"
                          "  FROM new_rows AS n WHERE n.status = 'pending' AND " PGBK_WANTED_SQL));

constinit TransitionStatement reservation_updated(PGBK_WRITE_EVENTS_SQL(
    "SELECT n.organization_id, k.kind, n.id AS subject_id, n.session_id, NULL::uuid AS booking_id, k.facts"
    "  FROM " PGBK_VERSIONS_SQL " CROSS JOIN LATERAL (SELECT"
    "       CASE WHEN n.status IS DISTINCT FROM o.status"
    "            THEN CASE WHEN n.status IN ('expired', 'cancelled') THEN 'reservation.' || n.status END"
    "            WHEN n.status = 'pending' AND n.expires_at > o.expires_at THEN 'reservation.extended' END,"
    "       jsonb_build_object('party_size', n.party_size, 'expires_at', n.expires_at)) AS k (kind, facts)"
    " WHERE k.kind IS NOT NULL AND " PGBK_BOTH_VERSIONS_SQL " AND " PGBK_WANTED_SQL));

// The catalogue. Its events are for everybody, so their facts are what the public views show.

constinit TransitionStatement venue_inserted(PGBK_WRITE_EVENTS_SQL(
    "SELECT n.organization_id, 'venue.created' AS kind, n.id AS subject_id, NULL::uuid AS session_id,"
    "       NULL::uuid AS booking_id,"
    "       jsonb_build_object('name', n.name, 'timezone', n.timezone, 'embed_key', n.embed_key) AS facts"
    "  FROM new_rows AS n"));

constinit TransitionStatement venue_updated(PGBK_WRITE_EVENTS_SQL(
    "SELECT n.organization_id, 'venue.updated' AS kind, n.id AS subject_id, NULL::uuid AS session_id,"
    "       NULL::uuid AS booking_id, d.facts"
    "  FROM " PGBK_VERSIONS_SQL " CROSS JOIN LATERAL (SELECT " PGBK_CHANGED_FACTS_SQL(
        PGBK_COLUMN_SQL("name") "," PGBK_COLUMN_SQL("timezone") "," PGBK_COLUMN_SQL(
            "embed_key")) " || " PGBK_CHANGED_NAMES_SQL(PGBK_COLUMN_SQL("allowed_origins")) " AS facts) AS d WHERE "
                                                                                            "d.facts <> '{}' "
                                                                                            "AND"
                                                                                            " " PGBK_BOTH_VERSIONS_SQL));

constinit TransitionStatement venue_deleted(PGBK_WRITE_EVENTS_SQL(
    "SELECT o.organization_id, 'venue.deleted' AS kind, o.id AS subject_id, NULL::uuid AS session_id,"
    "       NULL::uuid AS booking_id, jsonb_build_object('name', o.name) AS facts FROM old_rows AS o"));

// Each names the status that the activity had: the public is told of active ones only.
constinit TransitionStatement activity_inserted(PGBK_WRITE_EVENTS_SQL(
    "SELECT n.organization_id, 'activity.created' AS kind, n.id AS subject_id, NULL::uuid AS session_id,"
    "       NULL::uuid AS booking_id,"
    "       jsonb_build_object('name', n.name, 'status', n.status, 'venue_id', n.venue_id, 'capacity', n.capacity,"
    "                          'price_minor', n.price_minor, 'price_basis', n.price_basis, 'currency', n.currency)"
    "           AS facts"
    "  FROM new_rows AS n"));

constinit TransitionStatement activity_updated(PGBK_WRITE_EVENTS_SQL(
    "SELECT n.organization_id, k.kind, n.id AS subject_id, NULL::uuid AS session_id, NULL::uuid AS booking_id,"
    "       jsonb_build_object('status', n.status)"
    "       || CASE WHEN n.status <> o.status THEN jsonb_build_object('previous_status', o.status) ELSE '{}' END"
    "       || k.facts AS facts"
    "  FROM " PGBK_VERSIONS_SQL
    " CROSS JOIN LATERAL (SELECT " PGBK_CHANGED_FACTS_SQL(PGBK_COLUMN_SQL("name") "," PGBK_COLUMN_SQL("status") "," PGBK_COLUMN_SQL("venue_id") "," PGBK_COLUMN_SQL("capacity") "," PGBK_COLUMN_SQL("party_size_min") "," PGBK_COLUMN_SQL("party_size_max")) " || " PGBK_CHANGED_NAMES_SQL(
        PGBK_COLUMN_SQL("schedule") "," PGBK_COLUMN_SQL("hold_seconds") "," PGBK_COLUMN_SQL("hold_seconds_max") "," PGBK_COLUMN_SQL("hold_extensions_max") "," PGBK_COLUMN_SQL(
            "lanes") "," PGBK_COLUMN_SQL("live_holds_per_email") "," PGBK_COLUMN_SQL("stripe_price_id")) " AS facts) "
                                                                                                         "AS d"
                                                                                                         " CROSS JOIN "
                                                                                                         "LATERAL "
                                                                                                         "(VALUES "
                                                                                                         "       (CASE "
                                                                                                         "WHEN d.facts "
                                                                                                         "<> '{}' THEN "
                                                                                                         "'activity."
                                                                                                         "updated' "
                                                                                                         "END, "
                                                                                                         "d.facts),"
                                                                                                         "       (CASE "
                                                                                                         "WHEN "
                                                                                                         "(n.price_"
                                                                                                         "minor, "
                                                                                                         "n.price_"
                                                                                                         "basis, "
                                                                                                         "n.currency)"
                                                                                                         "             "
                                                                                                         "     IS "
                                                                                                         "DISTINCT "
                                                                                                         "FROM "
                                                                                                         "(o.price_"
                                                                                                         "minor, "
                                                                                                         "o.price_"
                                                                                                         "basis, "
                                                                                                         "o.currency) "
                                                                                                         "THEN "
                                                                                                         "'pricing."
                                                                                                         "updated' END,"
                                                                                                         "        "
                                                                                                         "jsonb_build_"
                                                                                                         "object('"
                                                                                                         "price_minor',"
                                                                                                         " n.price_"
                                                                                                         "minor, "
                                                                                                         "'price_basis'"
                                                                                                         ", "
                                                                                                         "n.price_"
                                                                                                         "basis, "
                                                                                                         "'currency', "
                                                                                                         "n.currency,"
                                                                                                         "             "
                                                                                                         "             "
                                                                                                         " 'previous_"
                                                                                                         "price_minor',"
                                                                                                         " o.price_"
                                                                                                         "minor))) AS "
                                                                                                         "k (kind, "
                                                                                                         "facts)"
                                                                                                         " WHERE "
                                                                                                         "k.kind IS "
                                                                                                         "NOT NULL "
                                                                                                         "AND"
                                                                                                         " " PGBK_BOTH_VERSIONS_SQL));

constinit TransitionStatement activity_deleted(PGBK_WRITE_EVENTS_SQL(
    "SELECT o.organization_id, 'activity.deleted' AS kind, o.id AS subject_id, NULL::uuid AS session_id,"
    "       NULL::uuid AS booking_id,"
    "       jsonb_build_object('name', o.name, 'status', o.status, 'venue_id', o.venue_id) AS facts"
    "  FROM old_rows AS o"));

// Sessions come and go by the hundred: one event an activity and statement, with the session's id if it is one only.

#define PGBK_SESSIONS_SQL(kind, rows)                                                                                  \
    PGBK_WRITE_EVENTS_SQL(                                                                                             \
        "SELECT s.organization_id, '" kind "' AS kind, s.activity_id AS subject_id,"                                   \
        "       CASE count(*) WHEN 1 THEN (array_agg(s.id))[1] END AS session_id, NULL::uuid AS booking_id,"           \
        "       jsonb_build_object('count', count(*), 'first_start', min(s.start_time),"                               \
        "                          'last_start', max(s.start_time)) AS facts"                                          \
        "  FROM " rows " AS s GROUP BY s.organization_id, s.activity_id")

constinit TransitionStatement sessions_inserted(PGBK_SESSIONS_SQL("sessions.generated", "new_rows"));
constinit TransitionStatement sessions_deleted(PGBK_SESSIONS_SQL("sessions.removed", "old_rows"));

enum class Change : std::uint8_t { inserted, updated, deleted };

struct Recorder {
    const char* entity;
    Change change;
    TransitionStatement* statement;
};

constexpr Recorder recorders[] = {
    {"reservation", Change::inserted, &reservation_inserted},
    {"reservation", Change::updated, &reservation_updated},
    {"booking", Change::inserted, &booking_inserted},
    {"booking", Change::updated, &booking_updated},
    {"session", Change::inserted, &sessions_inserted},
    {"session", Change::deleted, &sessions_deleted},
    {"activity", Change::inserted, &activity_inserted},
    {"activity", Change::updated, &activity_updated},
    {"activity", Change::deleted, &activity_deleted},
    {"venue", Change::inserted, &venue_inserted},
    {"venue", Change::updated, &venue_updated},
    {"venue", Change::deleted, &venue_deleted},
};

constexpr const char* function_name = "record_events";

Change change_of(const TriggerData& data) {
    if (TRIGGER_FIRED_BY_INSERT(data.tg_event)) {
        return Change::inserted;
    }
    if (TRIGGER_FIRED_BY_UPDATE(data.tg_event)) {
        return Change::updated;
    }
    if (TRIGGER_FIRED_BY_DELETE(data.tg_event)) {
        return Change::deleted;
    }
    refuse_trigger("function \"%s\" is not for this kind of change", function_name);
}

bool is_named(const char* given, const char* wanted) {
    return given != nullptr && strcmp(given, wanted) == 0;
}

void check_transition_tables(const TriggerData& data, Change change) {
    const bool has_old = change == Change::inserted || is_named(data.tg_trigger->tgoldtable, "old_rows");
    const bool has_new = change == Change::deleted || is_named(data.tg_trigger->tgnewtable, "new_rows");
    if (!TRIGGER_FIRED_AFTER(data.tg_event) || !TRIGGER_FIRED_FOR_STATEMENT(data.tg_event) || !has_old || !has_new) {
        refuse_trigger("function \"%s\" must be fired after a statement, with transition tables old_rows and new_rows",
                       function_name);
    }
}

void record_statement(TriggerData& data, const char* entity) {
    const Change change = change_of(data);
    const auto* const recorder = std::find_if(std::begin(recorders), std::end(recorders), [&](const Recorder& r) {
        return r.change == change && strcmp(r.entity, entity) == 0;
    });
    if (recorder == std::end(recorders)) {
        refuse_trigger("function \"%s\" is not for this kind of change", function_name);
    }
    check_transition_tables(data, change);
    server([&] {
        if (SPI_register_trigger_data(&data) < 0) {
            elog(ERROR, "could not register the transition tables");
        }
    });
    notify_of_events(recorder->statement->write(data, {Value::timestamp(settings::now())}));
}

// The one trigger for each row: sessions change with every booking, and PostgreSQL allows a list of columns or
// transition tables, not both. The trigger's list and its WHEN keep it from being called for a counter.
void record_session_row(const TriggerData& data) {
    if (!TRIGGER_FIRED_AFTER(data.tg_event) || !TRIGGER_FIRED_BY_UPDATE(data.tg_event)) {
        refuse_trigger("function \"%s\" must be fired after an update, where it is fired for each row", function_name);
    }
    struct Session {
        std::int32_t organization;
        core::Uuid id;
        std::int32_t capacities[2]; // before, after
        std::string_view statuses[2];
    };
    const Session session = server([&] {
        Session found{};
        TupleDesc const descriptor = RelationGetDescr(data.tg_relation);
        const auto value = [&](HeapTuple row, const char* name, Oid type) {
            bool null = false;
            const Datum datum = heap_getattr(row, column(descriptor, name, type), descriptor, &null);
            if (null) {
                ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("\"%s\" must not be NULL", name)));
            }
            return datum;
        };
        found.organization = DatumGetInt32(value(data.tg_newtuple, "organization_id", INT4OID));
        memcpy(found.id.data(), DatumGetUUIDP(value(data.tg_newtuple, "id", UUIDOID))->data, found.id.size());
        HeapTuple const versions[] = {data.tg_trigtuple, data.tg_newtuple};
        for (int i = 0; i < 2; ++i) {
            found.capacities[i] = DatumGetInt32(value(versions[i], "capacity_total", INT4OID));
            found.statuses[i] = TextDatumGetCString(value(versions[i], "status", TEXTOID));
        }
        return found;
    });
    static constinit Statement statement(PGBK_WRITE_EVENTS_SQL(
        "SELECT $2 AS organization_id, 'sessions.updated' AS kind, $3 AS subject_id, $3 AS session_id,"
        "       NULL::uuid AS booking_id,"
        "       CASE WHEN $4 <> $5 THEN jsonb_build_object('status', $5, 'previous_status', $4) ELSE '{}' END"
        "       || CASE WHEN $6 <> $7 THEN jsonb_build_object('capacity_total', $7, 'previous_capacity_total', $6)"
        "               ELSE '{}' END AS facts"));
    statement.write({Value::timestamp(settings::now()), session.organization, session.id, session.statuses[0],
                     session.statuses[1], session.capacities[0], session.capacities[1]});
    notify_of_some_events(session.organization);
}

Datum record_events_body(Call& call) {
    auto& data = const_cast<TriggerData&>(trigger_data(call, function_name));
    if (data.tg_trigger->tgnargs != 1) {
        refuse_trigger("function \"%s\" must be told the entity", function_name);
    }
    const char* const entity = data.tg_trigger->tgargs[0];
    if (TRIGGER_FIRED_FOR_ROW(data.tg_event) && strcmp(entity, "session") == 0) {
        record_session_row(data);
    } else {
        record_statement(data, entity);
    }
    return PointerGetDatum(nullptr);
}

Datum event_kinds_body(Call& call) {
    ResultSet result(call);
    for (const core::EventKind& row : core::event_kinds()) {
        result.add({row.kind, core::entity_of(row.kind), core::audience_name(row.audience), row.description});
    }
    return null_result(call);
}

Datum event_description_body(Call& call) {
    return text_result(call, core::describe_event(text_argument(call, 0, "kind"), optional_text(call, 1)));
}

} // namespace

PGBK_WRITER(record_events, record_events_body);
PGBK_FUNCTION(event_kinds, event_kinds_body);
PGBK_FUNCTION(event_description, event_description_body);

} // namespace pgbk
