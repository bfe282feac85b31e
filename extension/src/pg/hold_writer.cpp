#include "pg/hold_writer.hpp"

#include "pg/capacity.hpp"
#include "pg/held_event.hpp"
#include "pg/idempotency.hpp"
#include "pg/identity.hpp"
#include "pg/lane.hpp"
#include "pg/plain_counter.hpp"
#include "pg/plain_insert.hpp"

namespace pgbk {

namespace {

// The fewer tables a statement names, the less it costs: with the terms known beforehand it looks at the counter, and
// at one row to see whether they still hold. $1 organization, $2 session, $3 party size, $4 clock, $5 version.
#define PGBK_SAME_TERMS_SQL                                                                                            \
    " AND (SELECT o.rules_version FROM booking.organizations AS o WHERE o.organization_id = $1) = $5"

bool take_from_session(const Request& request, TimestampTz clock, const Terms& terms) {
    static constinit Statement statement("UPDATE booking.sessions AS s SET remaining = s.remaining - $3"
                                         " WHERE " PGBK_ON_SALE_SQL " AND s.remaining >= $3" PGBK_SAME_TERMS_SQL);
    const Rows rows = statement.write(
        {request.organization, request.session, request.party_size, Value::timestamp(clock), terms.version});
    return rows.count() > 0;
}

bool take_from_lane(const Request& request, const Place& place, const Terms& terms) {
    static constinit Statement statement("UPDATE booking.session_lanes AS l SET remaining = l.remaining - $3"
                                         " WHERE l.organization_id = $1 AND l.session_id = $2 AND l.lane = $4"
                                         "   AND l.remaining >= $6" PGBK_SAME_TERMS_SQL);
    const Rows rows = statement.write({request.organization, request.session, request.party_size, place.lane,
                                       terms.version, request.party_size + place.to_leave});
    return rows.count() > 0;
}

// Where holds are limited, by address or by what is unpaid, or are of units, that is looked at first, in steps of their
// own.
std::optional<Terms> take_and_learn_terms(const Request& request, TimestampTz clock) {
    static constinit Statement statement(
        "UPDATE booking.sessions AS s SET remaining = s.remaining - $3"
        "  FROM booking.activities AS a, booking.organizations AS o"
        " WHERE " PGBK_ON_SALE_SQL " AND s.remaining >= $3"
        "   AND a.organization_id = $1 AND a.id = s.activity_id AND o.organization_id = $1"
        "   AND $3 >= a.party_size_min AND $3 <= COALESCE(a.party_size_max, $3)"
        "   AND COALESCE($5, a.hold_seconds) BETWEEN 1 AND a.hold_seconds_max"
        "   AND a.live_holds_per_email IS NULL AND a.unpaid_percent_max IS NULL AND NOT a.has_units"
        "   AND a.min_notice_seconds = 0 AND a.max_advance_seconds IS NULL"
        " RETURNING " PGBK_TERMS_SQL);
    const Value length = request.hold_seconds.has_value() ? Value(*request.hold_seconds) : Value::null(INT4OID);
    const Rows rows =
        statement.write({request.organization, request.session, request.party_size, Value::timestamp(clock), length});
    return rows.empty() ? std::nullopt : std::optional(read_terms(rows, 1));
}

bool take_seats(const Request& request, TimestampTz clock, const Place& place, const Terms& terms) {
    switch (place.source) {
    case Source::session_row:
        return take_from_session(request, clock, terms);
    case Source::lane:
        return take_from_lane(request, place, terms);
    case Source::taken:
    case Source::taken_unpaid:
        break;
    }
    return true;
}

// What is written of a hold whose seats are taken.
struct Draft {
    Draft(const Request& of, TimestampTz clock, const Place& place, const Terms& terms)
        : request(of),
          id(new_id(of.organization)),
          secret(new_secret(hold_token_purpose, of.idempotency_key)),
          stored(secret, of.idempotency_key,
                 of.idempotency_key.has_value() ? std::optional(request_digest(of)) : std::nullopt),
          created_at(clock),
          expires_at(clock + of.hold_seconds.value_or(terms.hold_seconds) * USECS_PER_SEC),
          is_unpaid(place.source == Source::taken_unpaid) {}

    bool insert_plain() const {
        static constinit PlainInsert insert(
            "slot_reservations", "record_events", PlainColumn{"organization_id", INT4OID}, PlainColumn{"id", UUIDOID},
            PlainColumn{"session_id", UUIDOID}, PlainColumn{"party_size", INT4OID},
            PlainColumn{"customer_email", TEXTOID}, PlainColumn{"status", TEXTOID},
            PlainColumn{"created_at", TIMESTAMPTZOID}, PlainColumn{"expires_at", TIMESTAMPTZOID},
            PlainColumn{"token_hash", BYTEAOID}, PlainColumn{"token_salt", BYTEAOID},
            PlainColumn{"idempotency_hash", BYTEAOID}, PlainColumn{"request_hash", BYTEAOID},
            PlainColumn{"counted_unpaid", BOOLOID});
        return insert.write({request.organization, id, request.session, request.party_size, request.email,
                             std::string_view("pending"), Value::timestamp(created_at), Value::timestamp(expires_at),
                             stored.token_hash(), stored.salt(), stored.key_hash(), stored.request_hash(), is_unpaid});
    }

    void insert_by_statement(std::optional<std::string_view> units) const {
        static constinit Statement statement(
            "INSERT INTO booking.slot_reservations (organization_id, id, session_id, party_size, customer_email,"
            "        status, created_at, expires_at, token_hash, token_salt, idempotency_hash, request_hash,"
            "        counted_unpaid, unit_items)"
            " VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7, $8, $9, $10, $11, $12, $13::jsonb)");
        const Rows rows =
            statement.write({request.organization, id, request.session, request.party_size, request.email,
                             Value::timestamp(created_at), Value::timestamp(expires_at), stored.token_hash(),
                             stored.salt(), stored.key_hash(), stored.request_hash(), is_unpaid, text_or_null(units)});
        if (rows.count() == 0) {
            // The seats are taken: this must not become an answer that leaves them so.
            server([] {
                ereport(ERROR, (errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION), errmsg("the hold was not written"),
                                errdetail("A trigger on booking.slot_reservations has left it out.")));
            });
        }
    }

    const Request& request;
    core::Uuid id;
    Secret secret;
    SecretColumns stored;
    TimestampTz created_at;
    TimestampTz expires_at;
    bool is_unpaid;
};

void write_with_event(const Draft& draft, const Terms& terms) {
    const Request& request = draft.request;
    HeldEvent event(request.organization, draft.id);
    if (draft.insert_plain()) {
        event.take(request.session, request.party_size, draft.expires_at);
    } else {
        draft.insert_by_statement(std::nullopt);
    }
    event.write(terms);
}

Hold insert_hold(const Request& request, TimestampTz clock, const Place& place, const Terms& terms) {
    const Draft draft(request, clock, place, terms);
    if (request.units.has_value()) {
        // At the prices that were read; the event is left to the trigger, which sees them.
        draft.insert_by_statement(core::unit_lines_text(request.units->lines));
    } else {
        write_with_event(draft, terms);
    }
    return Hold{draft.id, draft.expires_at, core::token_text(draft.secret.token)};
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

namespace {

PlainTake take_seats_plainly(const Request& request, TimestampTz clock, const Place& place, const Terms& terms) {
    const PlainWish wish{request.organization, request.session, terms.version, request.party_size};
    if (place.source == Source::session_row) {
        return take_from_plain_session(wish, clock);
    }
    const PlainLane taken = take_from_plain_lane(wish, place.lane);
    if (taken.result == PlainTake::taken && taken.lane != place.lane) {
        remember_lane(request.session, taken.lane);
    }
    return taken.result;
}

} // namespace

PlainHold write_hold_plainly(const Request& request, TimestampTz clock, const Place& place, const Terms& terms) {
    const PlainTake taken = take_seats_plainly(request, clock, place, terms);
    return {taken, taken == PlainTake::taken ? std::optional(insert_hold(request, clock, place, terms)) : std::nullopt};
}

std::optional<Hold> write_hold(const Request& request, TimestampTz clock, const Place& place, const Terms& terms) {
    if (!take_seats(request, clock, place, terms)) {
        return std::nullopt;
    }
    return insert_hold(request, clock, place, terms);
}

std::optional<Hold> write_hold_and_learn_terms(const Request& request, TimestampTz clock) {
    const auto terms = take_and_learn_terms(request, clock);
    if (!terms.has_value()) {
        return std::nullopt;
    }
    remember_terms(request.session, *terms);
    return insert_hold(request, clock, {Source::session_row}, *terms);
}

} // namespace pgbk
