// reserve_slot and try_reserve_slot: seats taken and a hold written by one statement, or a refusal.
#include "core/token.hpp"
#include "core/validation.hpp"
#include "pg/advisory_lock.hpp"
#include "pg/arguments.hpp"
#include "pg/buyer.hpp"
#include "pg/capacity.hpp"
#include "pg/digest.hpp"
#include "pg/idempotency.hpp"
#include "pg/identity.hpp"
#include "pg/lane.hpp"
#include "pg/settings.hpp"
#include "pg/subtransaction.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

constexpr std::string_view token_purpose = "pg_booking hold token";

struct Request {
    std::int32_t organization;
    core::Uuid session;
    std::int32_t party_size;
    std::string_view email;
    std::optional<std::string_view> idempotency_key;
    std::optional<std::int32_t> hold_seconds;
};

struct Hold {
    core::Uuid reservation;
    TimestampTz expires_at;
    std::string token;
};

Request read_request(const Call& call) {
    Request request{};
    request.session = uuid_argument(call, 0, "session_id");
    request.party_size = int4_argument(call, 1, "party_size");
    request.email = text_argument(call, 2, "email");
    request.idempotency_key = optional_text(call, 3);
    request.hold_seconds = optional_int4(call, 4);
    core::check_party_size(request.party_size);
    core::check_email(request.email);
    if (request.idempotency_key.has_value()) {
        core::check_idempotency_key(*request.idempotency_key);
    }
    const auto organization = core::organization_of(request.session);
    if (!organization.has_value()) {
        refuse_unknown_session(request.session);
    }
    request.organization = *organization;
    return request;
}

Digest request_digest(const Request& request) {
    const std::string size = std::to_string(request.party_size);
    const std::string hold = request.hold_seconds.has_value() ? std::to_string(*request.hold_seconds) : "";
    return sha256({as_bytes(request.session), size, request.email, hold});
}

// What of a hold speaks against it besides the seats. $3 party size, $6 hold length.
#define PGBK_ACCEPTABLE_SQL                                                                                            \
    " AND $3 >= a.party_size_min AND $3 <= COALESCE(a.party_size_max, $3)"                                             \
    " AND COALESCE($6, a.hold_seconds) BETWEEN 1 AND a.hold_seconds_max"

// Where holds are limited, by address or by what is unpaid, that is looked at first, in steps of their own.
#define PGBK_UNLIMITED_SQL " AND a.live_holds_per_email IS NULL AND a.unpaid_percent_max IS NULL"

#define PGBK_INSERT_HOLD_WITH_SQL(more_columns, more_values)                                                           \
    " INSERT INTO booking.slot_reservations (organization_id, id, session_id, party_size, customer_email, status,"     \
    "        created_at, expires_at, token_hash, token_salt, idempotency_hash, request_hash" more_columns ")"          \
    " SELECT $1, $8, $2, $3, $7, 'pending', $4, $4 + t.hold_seconds * interval '1 second',"                            \
    "        $9, $10, $11, $12" more_values "   FROM (SELECT COALESCE($6, u.hold_seconds) AS hold_seconds FROM "
#define PGBK_INSERT_HOLD_SQL PGBK_INSERT_HOLD_WITH_SQL("", "")
#define PGBK_FROM_ITS_ACTIVITY_SQL                                                                                     \
    "booking.sessions AS s JOIN booking.activities AS u ON u.organization_id = $1 AND u.id = s.activity_id"            \
    " WHERE s.organization_id = $1 AND s.id = $2) AS t RETURNING expires_at, $5"

// Where the seats of a hold come from.
enum class Source : std::uint8_t {
    session_row,   // taken by the same statement, from the session's row
    own_lane,      // taken by the same statement, from this backend's lane
    unlocked_lane, // taken by the same statement, from any lane that has enough and that nobody is working on
    taken,         // taken already
    taken_unpaid,  // taken already, and counted as unpaid
};

// The statement takes the seats, unless that is done, and writes the hold if nothing speaks against it.
Statement& hold_statement(Source source) {
    static constinit Statement from_session(
        "WITH taken AS (" PGBK_TAKE_FROM_SESSION_SQL PGBK_ACCEPTABLE_SQL PGBK_UNLIMITED_SQL
        " RETURNING a.hold_seconds)" PGBK_INSERT_HOLD_SQL "taken AS u) AS t RETURNING expires_at, 0");
    // The last party's seats of a lane are left to the statement below: whoever waits here for a rival, and then finds
    // too few seats, keeps the lane's lock (see Kept).
    static constinit Statement from_own_lane(
        "WITH taken AS (" PGBK_TAKE_FROM_LANE_SQL PGBK_ACCEPTABLE_SQL PGBK_UNLIMITED_SQL
        " AND l.lane = $5 AND l.remaining > $3"
        " RETURNING a.hold_seconds)" PGBK_INSERT_HOLD_SQL "taken AS u) AS t RETURNING expires_at, $5");
    static constinit Statement from_unlocked_lane(
        "WITH free AS MATERIALIZED (" PGBK_UNLOCKED_LANE_SQL "), taken AS (" PGBK_TAKE_FROM_LANE_SQL PGBK_ACCEPTABLE_SQL
        " AND l.lane = (SELECT f.lane FROM free AS f)"
        " RETURNING a.hold_seconds, l.lane::integer)" PGBK_INSERT_HOLD_SQL
        "taken AS u) AS t RETURNING expires_at, (SELECT u.lane FROM taken AS u)");
    static constinit Statement already_taken(PGBK_INSERT_HOLD_SQL PGBK_FROM_ITS_ACTIVITY_SQL);
    static constinit Statement already_taken_unpaid(PGBK_INSERT_HOLD_WITH_SQL(", counted_unpaid", ", true")
                                                        PGBK_FROM_ITS_ACTIVITY_SQL);
    switch (source) {
    case Source::session_row:
        return from_session;
    case Source::own_lane:
        return from_own_lane;
    case Source::unlocked_lane:
        return from_unlocked_lane;
    case Source::taken_unpaid:
        return already_taken_unpaid;
    case Source::taken:
        break;
    }
    return already_taken;
}

std::optional<Hold> write_hold(const Request& request, TimestampTz clock, Source source, std::int32_t lane) {
    const core::Uuid id = new_id(request.organization);
    const Secret secret = new_secret(token_purpose, request.idempotency_key);
    const SecretColumns stored(secret, request.idempotency_key,
                               request.idempotency_key.has_value() ? std::optional(request_digest(request))
                                                                   : std::nullopt);
    const Value hold_seconds = request.hold_seconds.has_value() ? Value(*request.hold_seconds) : Value::null(INT4OID);
    const Rows rows = hold_statement(source).write(
        {request.organization, request.session, request.party_size, Value::timestamp(clock), lane, hold_seconds,
         request.email, id, stored.token_hash(), stored.salt(), stored.key_hash(), stored.request_hash()});
    if (rows.empty()) {
        return std::nullopt;
    }
    if (source == Source::unlocked_lane) {
        remember_lane(request.session, rows.int4(0, 2));
    }
    return Hold{id, rows.timestamp(0, 1), core::token_text(secret.token)};
}

// The fast path, by what this backend knows of the session.
std::optional<Hold> take_and_hold(const Request& request, TimestampTz clock, std::int32_t lanes) {
    if (lanes == 0) {
        return write_hold(request, clock, Source::session_row, 0);
    }
    return write_hold(request, clock, Source::own_lane, own_lane(request.session, lanes));
}

// What take() does is kept only if it gives a hold: no lock is left behind by a search in vain.
template <class Take> std::optional<Hold> all_or_nothing(Take take) {
    std::optional<Hold> hold;
    (void)in_subtransaction([&] {
        hold = take();
        return hold.has_value();
    });
    return hold;
}

void check_live_holds(const Request& request, std::int32_t most, TimestampTz clock) {
    static constinit Statement statement("SELECT count(*) FROM booking.slot_reservations AS h"
                                         " WHERE h.organization_id = $1 AND lower(h.customer_email) = lower($2)"
                                         "   AND h.status = 'pending' AND h.expires_at > $3");
    lock_email(request.organization, request.email);
    const Rows rows = statement.write({request.organization, request.email, Value::timestamp(clock)});
    if (rows.int8(0, 1) >= most) {
        throw Refusal(RefusalKind::hold_limit,
                      "this e-mail address has " + std::to_string(rows.int8(0, 1)) + " live holds already",
                      "The activity allows " + std::to_string(most) + ".",
                      "Confirm or cancel one of them, or wait until one expires.");
    }
}

struct Free {
    std::int32_t lanes;
    bool by_expired_hold; // the counters leave too little, and enough once expired holds are given back
    std::optional<std::int32_t> live_holds_per_email;
    std::optional<std::int32_t> unpaid_most; // seats of the session that may be held and not confirmed at once
};

// Where the share of unpaid seats is limited. A party that is larger than the share may still have its seats when
// nobody else holds any: nobody could ever book for it otherwise. What is read here is what the counters say together,
// without a lock; the take looks again, see capacity.cpp.
Free within_unpaid_share(const Request& request, Free free, std::int32_t capacity, std::int32_t percent,
                         TimestampTz clock) {
    constexpr std::int64_t whole = 100;
    const auto share = static_cast<std::int32_t>(std::int64_t{capacity} * percent / whole);
    free.unpaid_most = std::max(share, request.party_size);
    const capacity::Unpaid unpaid = capacity::unpaid_seats(request.organization, request.session, clock);
    if (unpaid.counted - unpaid.run_out + request.party_size > *free.unpaid_most) {
        throw Refusal(RefusalKind::unpaid_limit,
                      "too many seats of session " + uuid_text(request.session) + " are held and not confirmed yet",
                      "Held: " + std::to_string(unpaid.counted - unpaid.run_out) + "; the activity allows " +
                          std::to_string(share) + " of " + std::to_string(capacity) + " at once.",
                      "Try again soon: holds are confirmed or run out within minutes.");
    }
    free.by_expired_hold = free.by_expired_hold || unpaid.counted + request.party_size > *free.unpaid_most;
    return free;
}

#define PGBK_RUN_OUT_SQL PGBK_EXPIRED_SEATS_SQL("$1", "$2", "$4")

// Why the fast path found nothing: throws the refusal, or returns what there is to take.
Free explain(const Request& request, TimestampTz clock) {
    static constinit Statement statement(
        "SELECT s.status, s.start_time, s.capacity_total, (r.seats - s.oversold_by)::integer, a.party_size_min,"
        "       a.party_size_max, a.hold_seconds_max,"
        "       r.seats - s.oversold_by + " PGBK_RUN_OUT_SQL ","
        "       s.lane_count::integer, a.live_holds_per_email, a.unpaid_percent_max"
        "  FROM booking.sessions AS s"
        "  JOIN booking.activities AS a ON a.organization_id = $1 AND a.id = s.activity_id"
        " CROSS JOIN LATERAL (SELECT " PGBK_REMAINING_SQL " AS seats) AS r"
        " WHERE s.organization_id = $1 AND s.id = $2");
    const Rows rows =
        statement.write({request.organization, request.session, request.party_size, Value::timestamp(clock)});
    if (rows.empty()) {
        refuse_unknown_session(request.session);
    }
    const std::string_view status = rows.bytes(0, 1);
    const std::string which = "session " + uuid_text(request.session);
    if (status == "cancelled") {
        throw Refusal(RefusalKind::session_cancelled, which + " was cancelled");
    }
    if (status == "closed") {
        throw Refusal(RefusalKind::session_closed, which + " is closed for booking");
    }
    if (rows.timestamp(0, 2) <= clock) {
        throw Refusal(RefusalKind::session_started, which + " started at " + timestamp_text(rows.timestamp(0, 2)));
    }
    core::check_party_fits(request.party_size, rows.int4(0, 5), rows.int4(0, rows.is_null(0, 6) ? 3 : 6));
    if (request.hold_seconds.has_value()) {
        core::check_hold_length(std::chrono::seconds(*request.hold_seconds), std::chrono::seconds(rows.int4(0, 7)));
    }
    const std::int64_t available = rows.int8(0, 8);
    if (available < request.party_size) {
        remember_scarcity(request.session, true);
        throw Refusal(RefusalKind::sold_out,
                      which + " has not enough seats left for a party of " + std::to_string(request.party_size),
                      "Seats available: " + std::to_string(std::max<std::int64_t>(available, 0)) + ".",
                      "Choose another session: booking.next_available_sessions() lists those with enough seats.");
    }
    const Free free{rows.int4(0, 9), rows.int4(0, 4) < request.party_size,
                    rows.is_null(0, 10) ? std::nullopt : std::optional(rows.int4(0, 10)), std::nullopt};
    return rows.is_null(0, 11) ? free : within_unpaid_share(request, free, rows.int4(0, 3), rows.int4(0, 11), clock);
}

// The seats are taken wherever they lie, waiting for rivals if need be, and then the hold is written.
std::optional<Hold> take_then_hold(const Request& request, TimestampTz clock, const Free& free) {
    const bool unpaid = free.unpaid_most.has_value();
    const capacity::Seats seats{request.organization, request.session, request.party_size, unpaid};
    const auto expired = free.by_expired_hold ? capacity::Expired::reclaim : capacity::Expired::leave;
    if (!capacity::take(seats, clock, expired, free.unpaid_most.value_or(0))) {
        return std::nullopt;
    }
    auto hold = write_hold(request, clock, unpaid ? Source::taken_unpaid : Source::taken, 0);
    if (!hold.has_value()) {
        refuse_unknown_session(request.session); // it has just been deleted, and the seats with it
    }
    return hold;
}

// A lock that the fast path has left behind: it waited for a counter in vain.
enum class Kept : std::uint8_t { none, session, lane };

// Says in kept what is left behind if there is no hold.
std::optional<Hold> try_fast_path(const Request& request, TimestampTz clock, std::int32_t lanes, Kept& kept) {
    const auto has_written = [] { return TransactionIdIsValid(GetTopTransactionIdIfAny()); };
    if (has_written()) {
        // Whether it waits in vain could not be told afterwards, and so nothing must be left behind.
        return all_or_nothing([&] { return take_and_hold(request, clock, lanes); });
    }
    auto hold = take_and_hold(request, clock, lanes);
    if (!hold.has_value() && has_written()) {
        kept = lanes == 0 ? Kept::session : Kept::lane; // it changed nothing, and yet this is a writing transaction now
    }
    return hold;
}

// After a look at the session. Throws where holds are limited and this would be one too many.
std::optional<Hold> take_what_is_free(const Request& request, TimestampTz clock, const Free& free, Kept kept) {
    if (free.live_holds_per_email.has_value()) {
        check_live_holds(request, *free.live_holds_per_email, clock);
    }
    if (free.lanes > 0 && !free.by_expired_hold && !free.unpaid_most.has_value()) {
        // SKIP LOCKED may lock a lane, find that its seats have just gone, and keep the lock although it returns no
        // row.
        auto hold = all_or_nothing(
            [&] { return write_hold(request, clock, Source::unlocked_lane, own_lane(request.session, free.lanes)); });
        if (hold.has_value()) {
            return hold;
        }
    }
    if (kept == Kept::lane) {
        return std::nullopt; // others may be waiting for it with the seats that we want
    }
    return take_then_hold(request, clock, free);
}

Hold take_or_refuse(const Request& request) {
    // Each round ends by success, by a refusal, or because rivals changed the counters in between.
    constexpr int rounds = 16;
    bool look_first = was_scarce(request.session);
    Kept kept = Kept::none;
    for (int round = 0; round < rounds && kept != Kept::lane; ++round) {
        const TimestampTz clock = settings::now();
        const std::int32_t lanes = lanes_seen(request.session);
        if (!look_first) {
            if (auto hold = try_fast_path(request, clock, lanes, kept); hold.has_value()) {
                return *std::move(hold);
            }
        }
        const Free free = explain(request, clock);
        const bool is_limited = free.live_holds_per_email.has_value() || free.unpaid_most.has_value();
        look_first = is_limited || free.by_expired_hold || free.lanes == lanes;
        remember_lanes(request.session, free.lanes);
        remember_scarcity(request.session, is_limited);
        if (!look_first && kept == Kept::none) {
            continue; // the fast path looked in the wrong place
        }
        if (auto hold = take_what_is_free(request, clock, free, kept); hold.has_value()) {
            return *std::move(hold);
        }
        if (free.by_expired_hold) {
            if (kept != Kept::none) {
                break; // who is settling the holds may be waiting for us
            }
            capacity::await_settlement(request.organization, request.session, clock);
        }
    }
    throw Refusal(RefusalKind::retry, "others are just booking session " + uuid_text(request.session), {},
                  "Try again.");
}

// The answer already given to this key, if any. Waits for a call with the same key that is still under way.
std::optional<Hold> earlier_answer(const Request& request) {
    const Digest key_hash = lock_idempotency_key(request.organization, *request.idempotency_key);
    static constinit Statement statement("SELECT r.id, r.expires_at, r.request_hash, r.token_salt"
                                         "  FROM booking.slot_reservations AS r"
                                         " WHERE r.organization_id = $1 AND r.idempotency_hash = $2");
    const Rows rows = statement.write({request.organization, Value::bytea(as_bytes(key_hash))});
    if (rows.empty()) {
        return std::nullopt;
    }
    check_same_request(rows.bytes(0, 3), request_digest(request), "Session, party size, e-mail or hold length");
    return Hold{rows.uuid(0, 1), rows.timestamp(0, 2),
                core::token_text(token_from(token_purpose, rows.bytes(0, 4), *request.idempotency_key))};
}

Hold reserve(const Request& request) {
    if (request.idempotency_key.has_value()) {
        if (auto hold = earlier_answer(request); hold.has_value()) {
            return *std::move(hold);
        }
    }
    return take_or_refuse(request);
}

Datum reserve_slot_body(Call& call) {
    const Hold hold = reserve(read_request(call));
    return record_result(call, {hold.reservation, Value::timestamp(hold.expires_at), std::string_view(hold.token)});
}

// A refusal has written nothing but expiries that were due anyway, so it may become a row without a subtransaction.
Datum try_reserve_slot_body(Call& call) {
    try {
        const Hold hold = reserve(read_request(call));
        return record_result(call, {std::string_view("held"), hold.reservation, Value::timestamp(hold.expires_at),
                                    std::string_view(hold.token), Value::null(TEXTOID), Value::null(TEXTOID)});
    } catch (const Refusal& refusal) {
        return record_result(call,
                             {refusal.code().name, Value::null(UUIDOID), Value::null(TIMESTAMPTZOID),
                              Value::null(TEXTOID), refusal.code().sqlstate, std::string_view(refusal.message())});
    }
}

} // namespace

PGBK_WRITER(reserve_slot, reserve_slot_body);
PGBK_WRITER(try_reserve_slot, try_reserve_slot_body);

} // namespace pgbk
