#include "pg/hold_writer.hpp"

#include "pg/capacity.hpp"
#include "pg/held_event.hpp"
#include "pg/idempotency.hpp"
#include "pg/identity.hpp"

namespace pgbk {

namespace {

// All of these statements have the same parameters: $1 organization, $2 session, $3 party size, $4 clock, $5 lane,
// $6 version of the terms, $7 e-mail, $8 id, $9 end or, where the terms are not known, length of the hold, $10 hash of
// the token, $11 to $13 salt, hash of the key and of the request, $14 seats that a lane must have.
//
// The fewer tables a statement names, the less it costs: with the terms known beforehand it looks at the counter, and
// at one row to see whether they still hold.
#define PGBK_SAME_TERMS_SQL                                                                                            \
    " AND (SELECT o.rules_version FROM booking.organizations AS o WHERE o.organization_id = $1) = $6"

#define PGBK_INSERT_HOLD_SQL                                                                                           \
    " INSERT INTO booking.slot_reservations (organization_id, id, session_id, party_size, customer_email, status,"     \
    "        created_at, expires_at, token_hash, token_salt, idempotency_hash, request_hash"

#define PGBK_TAKE_FROM_LANE_SQL                                                                                        \
    "    UPDATE booking.session_lanes AS l SET remaining = l.remaining - $3"                                           \
    "     WHERE l.organization_id = $1 AND l.session_id = $2 AND l.lane = $5"                                          \
    "       AND l.remaining >= $14" PGBK_SAME_TERMS_SQL " RETURNING 1"

#define PGBK_HOLD_SQL(expires_at) "$1, $8, $2, $3, $7, 'pending'::text, $4, " expires_at ", $10, $11, $12, $13"

Statement& statement_of(Source source) {
    static constinit Statement from_session("WITH taken AS ("
                                            "    UPDATE booking.sessions AS s SET remaining = s.remaining - $3"
                                            "     WHERE " PGBK_ON_SALE_SQL " AND s.remaining >= $3" PGBK_SAME_TERMS_SQL
                                            " RETURNING 1)" PGBK_INSERT_HOLD_SQL
                                            ") SELECT " PGBK_HOLD_SQL("$9") " FROM taken");
    static constinit Statement from_lane("WITH taken AS (" PGBK_TAKE_FROM_LANE_SQL ")" PGBK_INSERT_HOLD_SQL
                                         ") SELECT " PGBK_HOLD_SQL("$9") " FROM taken");
    static constinit Statement already_taken(PGBK_INSERT_HOLD_SQL ") VALUES (" PGBK_HOLD_SQL("$9") ")");
    static constinit Statement already_taken_unpaid(PGBK_INSERT_HOLD_SQL
                                                    ", counted_unpaid) VALUES (" PGBK_HOLD_SQL("$9") ", true)");
    switch (source) {
    case Source::session_row:
        return from_session;
    case Source::lane:
        return from_lane;
    case Source::taken_unpaid:
        return already_taken_unpaid;
    case Source::taken:
        break;
    }
    return already_taken;
}

// The same for a hold of units: $15 what they are, $16 whether its seats are counted as unpaid. Where there are units,
// the session is always looked at first, so that nothing is taken from its row here.
Statement& units_statement_of(Source source) {
    static constinit Statement from_lane(
        "WITH taken AS (" PGBK_TAKE_FROM_LANE_SQL ")" PGBK_INSERT_HOLD_SQL
        ", unit_items, counted_unpaid) SELECT " PGBK_HOLD_SQL("$9") ", $15::jsonb, $16 FROM taken");
    static constinit Statement already_taken(
        PGBK_INSERT_HOLD_SQL ", unit_items, counted_unpaid) VALUES (" PGBK_HOLD_SQL("$9") ", $15::jsonb, $16)");
    return source == Source::lane ? from_lane : already_taken;
}

// Where holds are limited, by address or by what is unpaid, or are of units, that is looked at first, in steps of their
// own.
constinit Statement take_and_learn_terms(
    "WITH taken AS ("
    "    UPDATE booking.sessions AS s SET remaining = s.remaining - $3"
    "      FROM booking.activities AS a, booking.organizations AS o"
    "     WHERE " PGBK_ON_SALE_SQL " AND s.remaining >= $3"
    "       AND a.organization_id = $1 AND a.id = s.activity_id AND o.organization_id = $1"
    "       AND $3 >= a.party_size_min AND $3 <= COALESCE(a.party_size_max, $3)"
    "       AND COALESCE($9, a.hold_seconds) BETWEEN 1 AND a.hold_seconds_max"
    "       AND a.live_holds_per_email IS NULL AND a.unpaid_percent_max IS NULL AND NOT a.has_units"
    " RETURNING " PGBK_TERMS_SQL "), held AS (" PGBK_INSERT_HOLD_SQL ") SELECT " PGBK_HOLD_SQL(
        "$4 + COALESCE($9, t.hold_seconds) * interval '1 second'") " FROM taken AS t) SELECT t.* FROM taken AS t");

// What a hold consists of, and the parameters that say so.
struct Draft {
    explicit Draft(const Request& of)
        : request(of),
          id(new_id(of.organization)),
          secret(new_secret(hold_token_purpose, of.idempotency_key)),
          stored(secret, of.idempotency_key,
                 of.idempotency_key.has_value() ? std::optional(request_digest(of)) : std::nullopt) {}

    Rows write(Statement& statement, TimestampTz clock, const Place& place, const core::Uuid& version,
               const Value& end_or_length) const {
        return statement.write({request.organization, request.session, request.party_size, Value::timestamp(clock),
                                place.lane, version, request.email, id, end_or_length, stored.token_hash(),
                                stored.salt(), stored.key_hash(), stored.request_hash(),
                                request.party_size + place.to_leave});
    }

    // Units are stored at the prices that were read; the event is left to the trigger, which sees them.
    Rows write_units(TimestampTz clock, const Place& place, const core::Uuid& version, TimestampTz end) const {
        const std::string units = core::unit_lines_text(request.units->lines);
        return units_statement_of(place.source)
            .write({request.organization, request.session, request.party_size, Value::timestamp(clock), place.lane,
                    version, request.email, id, Value::timestamp(end), stored.token_hash(), stored.salt(),
                    stored.key_hash(), stored.request_hash(), request.party_size + place.to_leave,
                    std::string_view(units), place.source == Source::taken_unpaid});
    }

    const Request& request;
    core::Uuid id;
    Secret secret;
    SecretColumns stored;
};

TimestampTz end_of_hold(const Request& request, TimestampTz clock, const Terms& terms) {
    return clock + request.hold_seconds.value_or(terms.hold_seconds) * USECS_PER_SEC;
}

} // namespace

Digest request_digest(const Request& request) {
    // Where units were asked for, it is they that say how many seats are wanted.
    const std::string size = request.items.empty() ? std::to_string(request.party_size) : "";
    const std::string hold = request.hold_seconds.has_value() ? std::to_string(*request.hold_seconds) : "";
    if (!request.items.empty()) {
        const std::string items = core::unit_items_text(request.items);
        return sha256({as_bytes(request.session), size, request.email, hold, items});
    }
    return sha256({as_bytes(request.session), size, request.email, hold});
}

std::optional<Hold> write_hold(const Request& request, TimestampTz clock, const Place& place, const Terms& terms) {
    const Draft draft(request);
    const TimestampTz expires_at = end_of_hold(request, clock, terms);
    if (request.units.has_value()) {
        const bool is_written = draft.write_units(clock, place, terms.version, expires_at).count() > 0;
        return is_written ? std::optional(Hold{draft.id, expires_at, core::token_text(draft.secret.token)})
                          : std::nullopt;
    }
    HeldEvent event(request.organization, draft.id);
    const Rows rows =
        draft.write(statement_of(place.source), clock, place, terms.version, Value::timestamp(expires_at));
    if (rows.count() == 0) {
        return std::nullopt;
    }
    event.write(terms);
    return Hold{draft.id, expires_at, core::token_text(draft.secret.token)};
}

std::optional<Hold> write_hold_and_learn_terms(const Request& request, TimestampTz clock) {
    const Draft draft(request);
    HeldEvent event(request.organization, draft.id);
    const Value length = request.hold_seconds.has_value() ? Value(*request.hold_seconds) : Value::null(INT4OID);
    const Rows rows = draft.write(take_and_learn_terms, clock, {Source::session_row}, core::Uuid{}, length);
    if (rows.empty()) {
        return std::nullopt;
    }
    const Terms terms = read_terms(rows, 1);
    remember_terms(request.session, terms);
    event.write(terms);
    return Hold{draft.id, end_of_hold(request, clock, terms), core::token_text(draft.secret.token)};
}

} // namespace pgbk
