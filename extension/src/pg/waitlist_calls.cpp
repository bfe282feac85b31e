// join_waitlist, leave_waitlist and waitlist_status. What becomes of the seats is said in waitlist.hpp.
#include "core/token.hpp"
#include "core/validation.hpp"
#include "pg/access.hpp"
#include "pg/booking_answer.hpp"
#include "pg/buyer.hpp"
#include "pg/capacity.hpp"
#include "pg/idempotency.hpp"
#include "pg/identity.hpp"
#include "pg/reservation.hpp"
#include "pg/settings.hpp"
#include "pg/units.hpp"
#include "pg/waitlist.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

constexpr std::string_view token_purpose = "pg_booking waitlist token";

struct Wish {
    std::int32_t organization;
    core::Uuid session;
    std::int32_t party_size;
    std::string_view email;
    std::optional<std::string_view> idempotency_key;
    std::optional<std::string_view> name;
};

Wish read_wish(const Call& call) {
    Wish wish{};
    wish.session = uuid_argument(call, 0, "session_id");
    wish.party_size = int4_argument(call, 1, "party_size");
    wish.email = text_argument(call, 2, "email");
    wish.idempotency_key = optional_text(call, 3);
    wish.name = optional_text(call, 4);
    core::check_party_size(wish.party_size);
    core::check_email(wish.email);
    if (wish.idempotency_key.has_value()) {
        core::check_idempotency_key(*wish.idempotency_key);
    }
    if (wish.name.has_value()) {
        core::check_customer_name(*wish.name);
    }
    const auto organization = core::organization_of(wish.session);
    if (!organization.has_value()) {
        refuse_unknown_session(wish.session);
    }
    wish.organization = *organization;
    return wish;
}

Digest digest_of(const Wish& wish) {
    const std::string size = std::to_string(wish.party_size);
    return sha256({as_bytes(wish.session), size, wish.email, wish.name.value_or("")});
}

struct Joined {
    core::Uuid entry;
    std::optional<std::string> token;
};

// Nothing unless it still waits.
std::optional<std::int32_t> position_of(std::int32_t organization, const core::Uuid& entry) {
    static constinit Statement statement(
        "SELECT (SELECT count(*) FROM booking.waitlist_entries AS x"
        "         WHERE x.organization_id = $1 AND x.session_id = w.session_id AND x.status = 'waiting'"
        "           AND x.id <= w.id)::integer"
        "  FROM booking.waitlist_entries AS w WHERE w.organization_id = $1 AND w.id = $2 AND w.status = 'waiting'");
    const Rows rows = statement.write({organization, entry});
    return rows.empty() ? std::nullopt : std::optional(rows.int4(0, 1));
}

// The answer already given to this key, if any. Waits for a call with the same key that is still under way.
std::optional<Joined> earlier_answer(const Wish& wish) {
    static constinit Statement statement("SELECT w.id, w.request_hash, w.token_salt FROM booking.waitlist_entries AS w"
                                         " WHERE w.organization_id = $1 AND w.idempotency_hash = $2");
    const Digest key_hash = lock_idempotency_key(wish.organization, *wish.idempotency_key);
    const Rows rows = statement.write({wish.organization, Value::bytea(as_bytes(key_hash))});
    if (rows.empty()) {
        return std::nullopt;
    }
    check_same_request(rows.bytes(0, 2), digest_of(wish), "Session, party size, e-mail or name");
    return Joined{rows.uuid(0, 1),
                  core::token_text(token_from(token_purpose, rows.bytes(0, 3), *wish.idempotency_key))};
}

// Joined before, without a key or with another: whoever types somebody's address is not told the token.
std::optional<Joined> earlier_entry(const Wish& wish) {
    static constinit Statement statement(
        "SELECT w.id, w.party_size FROM booking.waitlist_entries AS w"
        " WHERE w.organization_id = $1 AND lower(w.customer_email) = lower($3) AND w.session_id = $2"
        "   AND w.status IN ('waiting', 'offered')");
    const Rows rows = statement.write({wish.organization, wish.session, wish.email});
    if (rows.empty()) {
        return std::nullopt;
    }
    if (rows.int4(0, 2) != wish.party_size) {
        throw Refusal(RefusalKind::waitlist_limit, "this e-mail address waits for the session already", {},
                      "Leave the waiting list before you join it with another party.", "party_size");
    }
    return Joined{rows.uuid(0, 1), std::nullopt};
}

struct Session {
    std::int32_t waiting;
    bool is_kept;
    bool is_strict;
    std::int32_t lanes;
};

void check_number_of_entries(const Wish& wish, std::int32_t most) {
    static constinit Statement statement("SELECT count(*)::integer FROM booking.waitlist_entries AS w"
                                         " WHERE w.organization_id = $1 AND lower(w.customer_email) = lower($2)"
                                         "   AND w.status IN ('waiting', 'offered')");
    const std::int32_t entries = statement.write({wish.organization, wish.email}).int4(0, 1);
    if (entries >= most) {
        throw Refusal(RefusalKind::waitlist_limit,
                      "this e-mail address is on " + std::to_string(entries) + " waiting lists already",
                      "The activity allows " + std::to_string(most) + ".", "Leave one of them.");
    }
}

Session check_may_join(const Wish& wish, TimestampTz clock) {
    static constinit Statement statement(
        "SELECT s.status, s.start_time, s.waiting, s.kept_for_waitlist, a.waitlist_policy, a.party_size_min,"
        "       LEAST(a.party_size_max, s.capacity_total), a.waitlist_entries_per_email, s.lane_count::integer,"
        "       a.has_units"
        "  FROM booking.sessions AS s"
        "  JOIN booking.activities AS a ON a.organization_id = $1 AND a.id = s.activity_id"
        " WHERE s.organization_id = $1 AND s.id = $2");
    const Rows rows = statement.write({wish.organization, wish.session});
    const std::string which = "session " + uuid_text(wish.session);
    if (rows.bytes(0, 1) == "cancelled") {
        throw Refusal(RefusalKind::session_cancelled, which + " was cancelled");
    }
    if (rows.bytes(0, 1) == "closed") {
        throw Refusal(RefusalKind::session_closed, which + " is closed for booking");
    }
    if (rows.timestamp(0, 2) <= clock) {
        throw Refusal(RefusalKind::session_started, which + " started at " + timestamp_text(rows.timestamp(0, 2)));
    }
    if (rows.bytes(0, 5) == "off") {
        throw Refusal(RefusalKind::waitlist_off, "nobody may wait for " + which, {},
                      "booking.next_available_sessions() lists sessions with enough seats.");
    }
    core::check_party_fits(wish.party_size, rows.int4(0, 6), rows.int4(0, 7));
    if (rows.boolean(0, 10)) { // what would be offered
        (void)order_for(unit_rules_of(wish.organization, wish.session), {}, wish.party_size);
    }
    check_number_of_entries(wish, rows.int4(0, 8));
    return {rows.int4(0, 3), rows.boolean(0, 4), rows.bytes(0, 5) == "strict", rows.int4(0, 9)};
}

// Who could have seats now is to take them. Where all are to wait for the first, the first must not keep from others
// what is on sale.
void check_seats_are_short(const Wish& wish, const Session& session, std::int64_t free) {
    const bool is_on_sale = session.waiting == 0 && session.is_strict ? free > 0 : free >= wish.party_size;
    if (is_on_sale && !session.is_kept) {
        throw Refusal(RefusalKind::seats_available,
                      "session " + uuid_text(wish.session) + " has " + std::to_string(free) + " seats on sale", {},
                      "Reserve them with booking.reserve_slot().");
    }
}

Joined write_entry(const Wish& wish, TimestampTz clock) {
    static constinit Statement statement(
        "INSERT INTO booking.waitlist_entries (organization_id, id, session_id, customer_email, customer_name,"
        "       party_size, created_at, token_hash, token_salt, idempotency_hash, request_hash)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id");
    const Secret secret = new_secret(token_purpose, wish.idempotency_key);
    const SecretColumns stored(secret, wish.idempotency_key,
                               wish.idempotency_key.has_value() ? std::optional(digest_of(wish)) : std::nullopt);
    const Rows rows = statement.write({wish.organization, new_id(wish.organization), wish.session, wish.email,
                                       text_or_null(wish.name), wish.party_size, Value::timestamp(clock),
                                       stored.token_hash(), stored.salt(), stored.key_hash(), stored.request_hash()});
    if (rows.empty()) {
        throw Refusal(RefusalKind::retry, "the entry was not written", "A trigger has left it out.");
    }
    return {rows.uuid(0, 1), core::token_text(secret.token)};
}

// Addresses are locked before sessions, everywhere.
Joined join(const Wish& wish) {
    if (wish.idempotency_key.has_value()) {
        if (auto joined = earlier_answer(wish); joined.has_value()) {
            return *std::move(joined);
        }
    }
    lock_email(wish.organization, wish.email);
    const TimestampTz clock = settings::now();
    (void)capacity::reclaim_and_serve(wish.organization, wish.session, clock);
    if (auto joined = earlier_entry(wish); joined.has_value()) {
        return *std::move(joined);
    }
    const Session session = check_may_join(wish, clock);
    check_seats_are_short(wish, session,
                          capacity::total(capacity::read_all_parts(wish.organization, wish.session)).free);
    if (session.lanes == 0) { // its row has no place for seats that are not on sale
        capacity::stripe(wish.organization, wish.session, 1);
    }
    Joined joined = write_entry(wish, clock);
    auto parts = capacity::read_all_parts(wish.organization, wish.session);
    (void)capacity::serve_waitlist(wish.organization, wish.session, clock, parts, 1);
    return joined;
}

Datum join_waitlist_body(Call& call) {
    const Wish wish = read_wish(call);
    const Joined joined = join(wish);
    const auto position = position_of(wish.organization, joined.entry);
    return record_result(
        call, {joined.entry, joined.token.has_value() ? Value(std::string_view(*joined.token)) : Value::null(TEXTOID),
               position.has_value() ? Value(*position) : Value::null(INT4OID)});
}

[[noreturn]] void refuse_unknown_entry(const core::Uuid& id) {
    throw Refusal(RefusalKind::waitlist_entry_not_found, "no entry of a waiting list has the id " + uuid_text(id));
}

void check_waitlist_token(std::string_view token, std::string_view expected_hash, const core::Uuid& id) {
    const auto parsed = core::parse_token(token);
    if (!parsed.has_value() || !core::equal_in_constant_time(as_bytes(sha256_of(as_bytes(*parsed))), expected_hash)) {
        throw Refusal(RefusalKind::wrong_waitlist_token, "the waitlist token does not belong to entry " + uuid_text(id),
                      {}, "Pass the waitlist_token that join_waitlist returned with this entry_id.");
    }
}

// Declines what it was offered; false if that has been settled before.
bool decline(std::int32_t organization, const core::Uuid& hold, TimestampTz clock) {
    const auto reservation = lock_hold(organization, hold);
    if (!reservation.has_value() || reservation->status == "expired" || reservation->status == "cancelled") {
        return false;
    }
    if (reservation->status == "confirmed") {
        throw Refusal(RefusalKind::reservation_confirmed, "the seats that were offered are booked already", {},
                      "Cancel the booking instead.");
    }
    settle(*reservation, "cancelled", clock);
    capacity::give({organization, reservation->session, reservation->party_size, reservation->counted_unpaid});
    return true;
}

} // namespace

bool leave_queue(std::int32_t organization, const core::Uuid& id, const core::Uuid& session, TimestampTz clock) {
    static constinit Statement locked("SELECT w.status FROM booking.waitlist_entries AS w"
                                      " WHERE w.organization_id = $1 AND w.id = $2 FOR NO KEY UPDATE");
    static constinit Statement update("UPDATE booking.waitlist_entries AS w SET status = 'left', settled_at = $3"
                                      " WHERE w.organization_id = $1 AND w.id = $2");
    auto parts = capacity::lock_all_parts(organization, session);
    const Rows rows = locked.write({organization, id});
    if (rows.empty()) {
        refuse_unknown_entry(id);
    }
    if (rows.bytes(0, 1) == "offered") { // while we waited, and its hold was not locked first
        throw Refusal(RefusalKind::retry, "the entry has just been offered seats", {}, "Roll back and try again.");
    }
    if (rows.bytes(0, 1) != "waiting") {
        return false;
    }
    update.write({organization, id, Value::timestamp(clock)});
    (void)capacity::serve_waitlist(organization, session, clock, parts, -1);
    return true;
}

namespace {

Datum leave_waitlist_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "entry_id");
    const auto token = optional_text(call, 1);
    const std::int32_t organization = core::organization_of(id).value_or(0);
    if (!token.has_value()) { // before the look-up: who has neither rights nor a token learns nothing about ids
        require_member(call, organization, "take somebody off a waiting list without the waitlist token");
    }
    static constinit Statement statement(
        "SELECT w.session_id, w.status, w.reservation_id, w.token_hash FROM booking.waitlist_entries AS w"
        " WHERE w.organization_id = $1 AND w.id = $2");
    const Rows rows = statement.write({organization, id});
    if (rows.empty()) {
        refuse_unknown_entry(id);
    }
    if (token.has_value()) {
        check_waitlist_token(*token, rows.bytes(0, 4), id);
    }
    const TimestampTz clock = settings::now();
    return BoolGetDatum(rows.is_null(0, 3) ? leave_queue(organization, id, rows.uuid(0, 1), clock)
                                           : decline(organization, rows.uuid(0, 3), clock));
}

Datum waitlist_status_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "entry_id");
    const std::string_view token = text_argument(call, 1, "waitlist_token");
    // Whether a job has been there or not: an offer that has run out is expired, and a list has ended when its session
    // begins.
    static constinit Statement statement(R"sql(
        SELECT w.token_hash, jsonb_strip_nulls(jsonb_build_object(
                   'entry_id', w.id, 'session_id', w.session_id, 'party_size', w.party_size, 'status', v.status,
                   'position', CASE v.status WHEN 'waiting' THEN
                       (SELECT count(*) FROM booking.waitlist_entries AS x
                         WHERE x.organization_id = $1 AND x.session_id = w.session_id AND x.status = 'waiting'
                           AND x.id <= w.id) END,
                   'reservation_id', w.reservation_id, 'offer_until', )sql" PGBK_INSTANT_SQL("w.offer_until") R"sql())
          FROM booking.waitlist_entries AS w
          LEFT JOIN booking.sessions AS s ON s.organization_id = $1 AND s.id = w.session_id
         CROSS JOIN LATERAL (
               SELECT CASE WHEN w.status = 'offered' AND w.offer_until <= $3 THEN 'expired'
                           WHEN w.status = 'waiting' AND s.start_time <= $3 THEN 'closed'
                           ELSE w.status END AS status) AS v
         WHERE w.organization_id = $1 AND w.id = $2)sql");
    const Rows rows = statement.read({core::organization_of(id).value_or(0), id, Value::timestamp(settings::now())});
    if (rows.empty()) {
        refuse_unknown_entry(id);
    }
    check_waitlist_token(token, rows.bytes(0, 1), id);
    return copied_result(call, rows, 0, 2);
}

} // namespace

PGBK_WRITER(join_waitlist, join_waitlist_body);
PGBK_WRITER(leave_waitlist, leave_waitlist_body);
PGBK_READER(waitlist_status, waitlist_status_body);

} // namespace pgbk
