#include "pg/erasure.hpp"

#include "pg/identity.hpp"
#include "pg/notify.hpp"

#include <array>

namespace pgbk {

namespace {

// Where customers changed their own bookings, they are named by their account.
void erase_actors(std::int32_t organization, const Value& ids) {
    static constinit Statement statement(
        "UPDATE booking.booking_changes AS h SET actor = 'erased'"
        "  FROM booking.bookings AS b"
        "  JOIN booking.customers AS c ON c.organization_id = $1 AND c.id = b.customer_id"
        " WHERE b.organization_id = $1 AND b.id = ANY ($2) AND h.organization_id = $1 AND h.booking_id = b.id"
        "   AND h.actor_kind = 'user' AND h.actor = c.user_id");
    const ErasureScope scope;
    statement.write({organization, ids});
}

void erase_units(std::int32_t organization, const Value& ids) {
    static constinit Statement statement(
        "UPDATE booking.booking_units AS u SET in_nonce = NULL, out_nonce = NULL"
        " WHERE u.organization_id = $1 AND u.booking_id = ANY ($2) AND num_nonnulls(u.in_nonce, u.out_nonce) > 0");
    statement.write({organization, ids});
}

// What is needed to know what was asked for and paid stays: all else may be a person's, such as where a page is, or
// why. What is under way is not asked for here; what has failed is not tried again. ids: of bookings or of
// reservations.
void erase_calls(std::int32_t organization, const Value& ids) {
    static constinit Statement statement(R"sql(
        UPDATE booking.provider_calls AS c
           SET request = (SELECT COALESCE(jsonb_object_agg(f.key, f.value), '{}') FROM jsonb_each(c.request) AS f
                           WHERE f.key = ANY ($3)),
               outcome = CASE WHEN c.outcome IS NOT NULL
                              THEN (SELECT COALESCE(jsonb_object_agg(f.key, f.value), '{}')
                                      FROM jsonb_each(c.outcome) AS f WHERE f.key = ANY ($3)) END,
               return_token = NULL, reason = NULL,
               status = CASE c.status WHEN 'failed' THEN 'abandoned' ELSE c.status END
         WHERE c.organization_id = $1 AND (c.booking_id = ANY ($2) OR c.reservation_id = ANY ($2))
           AND c.finished_at IS NOT NULL)sql");
    const std::vector<std::string_view> facts{"amount_minor", "currency",       "quantity",     "stripe_price_id",
                                              "package_id",   "event_type",     "start",        "end",
                                              "expires_at",   "payment_ref",    "provider_ref", "booking_call",
                                              "status",       "payment_call_id"};
    statement.write({organization, ids, text_array(facts)});
}

// Of events about these bookings and holds, and of what was sent along with them. An endpoint's answer may repeat any
// of it in any form.
// subjects: of events that are about neither a booking nor a hold of one.
std::int64_t erase_answers(std::int32_t organization, const Value& bookings, const Value& subjects) {
    static constinit Statement statement(
        "WITH told AS MATERIALIZED ("
        "    SELECT e.id FROM booking.booking_events AS e"
        "     WHERE e.organization_id = $1 AND (e.booking_id = ANY ($2) OR e.subject_id = ANY ($3)))"
        ", answered AS MATERIALIZED ("
        "    SELECT a.batch_id FROM booking.webhook_attempts AS a JOIN told AS t ON t.id = a.event_id"
        "     WHERE a.organization_id = $1 AND a.batch_id IS NOT NULL)"
        " UPDATE booking.webhook_attempts AS a SET response_body = NULL, response_headers = NULL"
        "  WHERE a.organization_id = $1"
        "    AND (a.event_id IN (SELECT t.id FROM told AS t) OR a.batch_id IN (SELECT n.batch_id FROM answered AS n))"
        "    AND (a.response_body IS NOT NULL OR a.response_headers IS NOT NULL)");
    return static_cast<std::int64_t>(statement.write({organization, bookings, subjects}).count());
}

// Words that came from outside, or that staff have typed: in those of the person anything may stand.
std::int64_t erase_facts(std::int32_t organization, const Value& bookings) {
    static constinit Statement statement(
        "UPDATE booking.booking_events AS e SET facts = e.facts - '{description,reason}'::text[]"
        " WHERE e.organization_id = $1 AND e.booking_id = ANY ($2) AND e.facts ?| '{description,reason}'::text[]");
    return static_cast<std::int64_t>(statement.write({organization, bookings}).count());
}

// The row stays, so that what comes again has no effect; what is still to be applied is not asked for here.
std::int64_t erase_inbox(std::int32_t organization, const Value& bookings, const Value& reservations,
                         std::string_view pattern) {
    static constinit Statement statement(
        "UPDATE booking.payment_events AS e SET body = '', headers = '{}'"
        " WHERE e.organization_id = $1 AND e.next_attempt_at IS NULL AND (e.body <> '' OR e.headers <> '{}')"
        "   AND (e.booking_id = ANY ($2)"
        "        OR e.payment_id IN (SELECT p.id FROM booking.payments AS p WHERE p.organization_id = $1"
        "                               AND (p.booking_id = ANY ($2) OR p.reservation_id = ANY ($3)))"
        "        OR encode(e.body, 'escape') ~* $4 OR e.headers::text ~* $4)");
    return static_cast<std::int64_t>(
        statement.write({organization, bookings, reservations, pattern.empty() ? Value::null(TEXTOID) : Value(pattern)})
            .count());
}

#define PGBK_ERASE_IN_TEXT_SQL(table, column)                                                                          \
    "UPDATE booking." table " AS x SET " column " = regexp_replace(x." column ", $2, '[erased]', 'gi')"                \
    " WHERE x.organization_id = $1 AND x." column " ~* $2"

#define PGBK_ERASE_IN_JSONB_SQL(table, column)                                                                         \
    "UPDATE booking." table " AS x SET " column " = regexp_replace(x." column "::text, $2, '[erased]', 'gi')::jsonb"   \
    " WHERE x.organization_id = $1 AND x." column "::text ~* $2"

constinit std::array mentions{
    Statement(PGBK_ERASE_IN_TEXT_SQL("sessions", "closed_reason")),
    Statement(PGBK_ERASE_IN_TEXT_SQL("schedule_exceptions", "reason")),
    Statement(PGBK_ERASE_IN_TEXT_SQL("blocked_periods", "reason")),
    Statement(PGBK_ERASE_IN_TEXT_SQL("payments", "conflict")),
    Statement(PGBK_ERASE_IN_TEXT_SQL("refunds", "reason")),
    Statement(PGBK_ERASE_IN_TEXT_SQL("payment_events", "reason")),
    Statement(PGBK_ERASE_IN_JSONB_SQL("booking_events", "facts")),
    Statement(PGBK_ERASE_IN_TEXT_SQL("webhook_endpoints", "disabled_reason")),
    Statement(PGBK_ERASE_IN_TEXT_SQL("webhook_sources", "disabled_reason")),
    Statement(PGBK_ERASE_IN_TEXT_SQL("webhook_deliveries", "reason")),
    Statement(PGBK_ERASE_IN_TEXT_SQL("webhook_attempts", "error")),
    Statement(PGBK_ERASE_IN_TEXT_SQL("webhook_attempts", "response_body")),
    Statement(PGBK_ERASE_IN_JSONB_SQL("webhook_attempts", "response_headers")),
    Statement(PGBK_ERASE_IN_TEXT_SQL("job_runs", "error_message")),
};

// Bookings of others, where somebody is mentioned with whom they come. A change like others.
std::int64_t erase_in_notes(std::int32_t organization, std::string_view pattern, TimestampTz clock) {
    static constinit Statement statement(
        "UPDATE booking.bookings AS b"
        "   SET notes = regexp_replace(b.notes, $2, '[erased]', 'gi'),"
        "       additional_notes = regexp_replace(b.additional_notes, $2, '[erased]', 'gi'),"
        "       cancel_reason = left(regexp_replace(b.cancel_reason, $2, '[erased]', 'gi'), 500),"
        "       metadata = regexp_replace(b.metadata::text, $2, '[erased]', 'gi')::jsonb,"
        "       version = b.version + 1, updated_at = $3"
        " WHERE b.organization_id = $1"
        "   AND concat_ws(E'\\n', b.notes, b.additional_notes, b.cancel_reason, b.metadata::text) ~* $2");
    return static_cast<std::int64_t>(statement.write({organization, pattern, Value::timestamp(clock)}).count());
}

} // namespace

std::int64_t erase_reservations(std::int32_t organization, const Value& ids) {
    static constinit Statement statement(R"sql(
        UPDATE booking.slot_reservations AS r
           SET customer_email = 'erased-' || r.id || '@erased.invalid', token_salt = NULL, idempotency_hash = NULL,
               request_hash = NULL
         WHERE r.organization_id = $1 AND r.id = ANY ($2)
           AND (r.customer_email <> 'erased-' || r.id || '@erased.invalid' OR r.idempotency_hash IS NOT NULL))sql");
    erase_calls(organization, ids);
    return static_cast<std::int64_t>(statement.write({organization, ids}).count());
}

std::int64_t erase_waitlist_entries(std::int32_t organization, const Value& ids) {
    static constinit Statement statement(R"sql(
        UPDATE booking.waitlist_entries AS w
           SET customer_email = 'erased-' || w.id || '@erased.invalid', customer_name = NULL, token_salt = NULL,
               idempotency_hash = NULL, request_hash = NULL
         WHERE w.organization_id = $1 AND w.id = ANY ($2)
           AND (w.customer_email <> 'erased-' || w.id || '@erased.invalid'
                OR num_nonnulls(w.customer_name, w.idempotency_hash) > 0))sql");
    return static_cast<std::int64_t>(statement.write({organization, ids}).count());
}

std::int64_t erase_bookings(std::int32_t organization, const Value& ids, TimestampTz clock) {
    static constinit Statement statement(R"sql(
        UPDATE booking.bookings AS b
           SET customer_email = 'erased-' || COALESCE(b.customer_id, b.id) || '@erased.invalid', customer_name = NULL,
               customer_phone = NULL, notes = NULL, additional_notes = NULL, cancel_reason = NULL, metadata = '{}',
               timezone = NULL, meeting_url = NULL, cal_booking_id = NULL, cal_uid = NULL, appointments = NULL,
               calendar_refusal = NULL, token_salt = NULL, idempotency_hash = NULL, request_hash = NULL,
               erased_at = COALESCE(b.erased_at, $3), version = b.version + 1, updated_at = $3
         WHERE b.organization_id = $1 AND b.id = ANY ($2)
           AND (b.erased_at IS NULL OR b.metadata <> '{}'
                OR b.customer_email <> 'erased-' || COALESCE(b.customer_id, b.id) || '@erased.invalid'
                OR num_nonnulls(b.customer_name, b.customer_phone, b.notes, b.additional_notes, b.cancel_reason,
                                b.timezone, b.meeting_url, b.cal_booking_id, b.cal_uid, b.appointments,
                                b.calendar_refusal, b.idempotency_hash) > 0))sql");
    erase_calls(organization, ids);
    erase_actors(organization, ids);
    erase_units(organization, ids);
    return static_cast<std::int64_t>(statement.write({organization, ids, Value::timestamp(clock)}).count());
}

std::int64_t erase_customer_row(std::int32_t organization, const core::Uuid& customer, TimestampTz clock) {
    static constinit Statement statement(R"sql(
        UPDATE booking.customers AS c
           SET email = 'erased-' || c.id || '@erased.invalid', user_id = NULL, name = NULL, phone = NULL,
               erased_at = COALESCE(c.erased_at, $3)
         WHERE c.organization_id = $1 AND c.id = $2
           AND (c.erased_at IS NULL OR c.email <> 'erased-' || c.id || '@erased.invalid'
                OR num_nonnulls(c.user_id, c.name, c.phone) > 0))sql");
    return static_cast<std::int64_t>(statement.write({organization, customer, Value::timestamp(clock)}).count());
}

std::int64_t erase_messages(std::int32_t organization, const Value& bookings, const Value& reservations,
                            const Value& entries, std::string_view pattern) {
    return erase_answers(organization, bookings, reservations) + erase_answers(organization, bookings, entries) +
           erase_facts(organization, bookings) + erase_inbox(organization, bookings, reservations, pattern);
}

std::int64_t erase_mentions(std::int32_t organization, std::string_view pattern, TimestampTz clock) {
    if (pattern.empty()) {
        return 0;
    }
    std::int64_t count = erase_in_notes(organization, pattern, clock);
    for (Statement& statement : mentions) {
        count += static_cast<std::int64_t>(statement.write({organization, pattern}).count());
    }
    return count;
}

void report_erasure(std::int32_t organization, const core::Uuid& subject, const Value& bookings,
                    const Value& reservations, const Value& entries, TimestampTz clock) {
    static constinit Statement statement(
        "INSERT INTO booking.booking_events (organization_id, id, kind, subject_id, facts, occurred_at)"
        " VALUES ($1, $2, 'customer.erased', $3, jsonb_build_object('booking_ids', to_jsonb($4::uuid[]),"
        "         'reservation_ids', to_jsonb($5::uuid[]), 'waitlist_entry_ids', to_jsonb($6::uuid[])), $7) RETURNING "
        "organization_id, id");
    notify_of_events(statement.write(
        {organization, new_id(organization), subject, bookings, reservations, entries, Value::timestamp(clock)}));
}

} // namespace pgbk
