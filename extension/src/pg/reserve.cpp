// reserve_slot and try_reserve_slot: seats taken and a hold written by one statement, or a refusal.
#include "core/token.hpp"
#include "core/validation.hpp"
#include "pg/access.hpp"
#include "pg/advisory_lock.hpp"
#include "pg/arguments.hpp"
#include "pg/buyer.hpp"
#include "pg/capacity.hpp"
#include "pg/hold_writer.hpp"
#include "pg/idempotency.hpp"
#include "pg/lane.hpp"
#include "pg/settings.hpp"
#include "pg/sold_out.hpp"
#include "pg/subtransaction.hpp"
#include "pg/units.hpp"
#include "pg/waitlist.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

Request read_request(const Call& call) {
    Request request{};
    request.session = uuid_argument(call, 0, "session_id");
    request.items = unit_items_argument(call, 5);
    request.party_size =
        request.items.empty() ? int4_argument(call, 1, "party_size") : optional_int4(call, 1).value_or(0);
    request.email = text_argument(call, 2, "email");
    request.idempotency_key = optional_text(call, 3);
    request.hold_seconds = optional_int4(call, 4);
    request.call = &call;
    if (request.items.empty() || !is_absent(call, 1)) {
        core::check_party_size(request.party_size);
    }
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

// What the party consists of and costs, and so how many seats it takes.
void price_units(Request& request) {
    const auto rules = unit_rules_of(request.organization, request.session);
    request.units = order_for(rules, request.items, request.party_size);
    if (request.party_size > 0 && request.party_size != request.units->seats) {
        throw Refusal(RefusalKind::invalid_party_size,
                      "party_size is " + std::to_string(request.party_size) + ", and the units take " +
                          std::to_string(request.units->seats) + " seats",
                      {}, "Leave party_size NULL: the units say how many seats they take.", "party_size");
    }
    request.party_size = request.units->seats;
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
    Terms terms;
    std::int32_t lanes;
    bool by_expired_hold; // the counters leave too little, and enough once expired holds are given back
    bool is_waited_for;   // and what is free suffices for nobody who waits
    std::optional<std::int32_t> live_holds_per_email;
    std::optional<std::int32_t> unpaid_most; // seats of the session that may be held and not confirmed at once
    bool has_units = false;                  // the activity is sold by units
    bool uses_resources = false;
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

// A lock that the fast path has left behind: it waited for a counter in vain.
enum class Kept : std::uint8_t { none, session, lane };

// Whoever waits comes first, also where a hold has run out just now. Addresses are locked before sessions, everywhere.
void serve_waitlist_first(const Request& request, TimestampTz clock, Kept kept, bool holds_are_limited) {
    if (kept == Kept::lane) {
        throw Refusal(RefusalKind::retry,
                      "somebody has just joined the waiting list of session " + uuid_text(request.session), {},
                      "Try again.");
    }
    if (holds_are_limited) {
        lock_email(request.organization, request.email);
    }
    (void)capacity::reclaim_and_serve(request.organization, request.session, clock);
}

// Staff may sell until the session starts. Trusted servers sell for customers, by the hours of customers.
bool is_by_staff(const Request& request) {
    return request.call != nullptr && standing_in(*request.call, request.organization) == Standing::member;
}

// Why the fast path found nothing: throws the refusal, or returns what there is to take. Where a hold has
// run out, those who wait are served first; where nothing is to be had anyway, nobody waits for a lock.
Free explain(const Request& request, TimestampTz clock, Kept kept, bool is_served = false) {
    static constinit Statement statement(
        "SELECT s.status, s.capacity_total, r.seats - s.oversold_by, r.seats - s.oversold_by + r.run_out,"
        "       s.lane_count::integer, a.live_holds_per_email, a.unpaid_percent_max, a.has_units, s.waiting > 0,"
        "       s.kept_for_waitlist, s.uses_resources," PGBK_TERMS_SQL "  FROM booking.sessions AS s"
        "  JOIN booking.activities AS a ON a.organization_id = $1 AND a.id = s.activity_id"
        "  JOIN booking.organizations AS o ON o.organization_id = $1"
        " CROSS JOIN LATERAL (SELECT " PGBK_REMAINING_SQL
        " AS seats, " PGBK_EXPIRED_SEATS_SQL("$1", "$2", "$3") " AS run_out OFFSET 0) AS r"
                                                               " WHERE s.organization_id = $1 AND s.id = $2");
    const Rows rows = statement.write({request.organization, request.session, Value::timestamp(clock)});
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
    const Terms terms = read_terms(rows, 12);
    if (terms.start_time <= clock) {
        throw Refusal(RefusalKind::session_started, which + " started at " + timestamp_text(terms.start_time));
    }
    if (!terms.window.contains(clock) && !is_by_staff(request)) {
        check_sale_window(request.session, terms.window, clock);
    }
    core::check_party_fits(request.party_size, terms.party_size_min, terms.party_size_max);
    if (request.hold_seconds.has_value()) {
        core::check_hold_length(std::chrono::seconds(*request.hold_seconds),
                                std::chrono::seconds(terms.hold_seconds_max));
    }
    const bool is_waited_for = rows.boolean(0, 9);
    const bool is_kept = rows.boolean(0, 10);
    if (is_waited_for && rows.int8(0, 4) >= request.party_size) {
        if (is_kept) {
            refuse_for_others_are_waiting(request);
        }
        if (rows.int8(0, 4) > rows.int8(0, 3) && !is_served) {
            serve_waitlist_first(request, clock, kept, !rows.is_null(0, 6));
            return explain(request, clock, kept, true);
        }
    }
    remember_lanes(request.session, rows.int4(0, 5));
    remember_terms(request.session, terms);
    const std::int64_t available = is_kept ? 0 : rows.int8(0, is_waited_for ? 3 : 4);
    if (available < request.party_size) {
        remember_scarcity(request.session, true);
        if (rows.int8(0, 3) == rows.int8(0, 4)) {
            remember_no_hold_has_run_out(request, clock);
        }
        refuse_sold_out(request, available);
    }
    const Free free{terms,
                    rows.int4(0, 5),
                    rows.int8(0, 3) < request.party_size,
                    is_waited_for,
                    rows.is_null(0, 6) ? std::nullopt : std::optional(rows.int4(0, 6)),
                    std::nullopt,
                    rows.boolean(0, 8),
                    rows.boolean(0, 11)};
    return rows.is_null(0, 7) ? free : within_unpaid_share(request, free, rows.int4(0, 2), rows.int4(0, 7), clock);
}

// The seats are taken wherever they lie, waiting for rivals if need be, and then the hold is written.
std::optional<Hold> take_then_hold(const Request& request, TimestampTz clock, const Free& free) {
    const bool unpaid = free.unpaid_most.has_value();
    const capacity::Seats seats{request.organization, request.session, request.party_size, unpaid};
    const auto expired = free.by_expired_hold ? capacity::Expired::reclaim : capacity::Expired::leave;
    if (!capacity::take(seats, clock, expired, free.unpaid_most.value_or(0))) {
        return std::nullopt;
    }
    return write_hold(request, clock, {unpaid ? Source::taken_unpaid : Source::taken}, free.terms);
}

// What this backend knows of a session.
struct Known {
    std::int32_t lanes;
    std::optional<Terms> terms;
};

// A session that is new to this backend, if others of its activity are not.
void learn_plainly(const Request& request) {
    const auto session = look_at_plain_session(request.organization, request.session);
    const auto terms =
        session.has_value() ? derive_terms({session->activity, session->start_time, session->capacity}) : std::nullopt;
    if (terms.has_value()) {
        remember_lanes(request.session, session->lanes);
        remember_terms(request.session, *terms);
    }
}

Known known_of(const Request& request) {
    if (known_terms(request.session) == nullptr) {
        learn_plainly(request);
    }
    const Terms* const terms = known_terms(request.session);
    return {lanes_seen(request.session), terms == nullptr ? std::nullopt : std::optional(*terms)};
}

// Whether the terms that this backend knows allow the hold, without steps of their own.
bool is_admitted(const Request& request, TimestampTz clock, const Known& known) {
    return known.terms.has_value() && !known.terms->is_limited && !request.units.has_value() &&
           known.terms->admit(request.party_size, request.hold_seconds, clock);
}

// The place that this backend knows.
Place place_in(const Request& request, const Known& known) {
    if (known.lanes == 0) {
        return {Source::session_row};
    }
    // The last party's seats of a lane are left to whoever looks for an unlocked one: who waits here for a rival, and
    // then finds too few seats, keeps the lane's lock.
    return {Source::lane, own_lane(request.session, known.lanes), 1};
}

std::optional<Hold> take_and_hold(const Request& request, TimestampTz clock, const Known& known) {
    if (!known.terms.has_value() && known.lanes == 0) {
        return write_hold_and_learn_terms(request, clock);
    }
    return is_admitted(request, clock, known) ? write_hold(request, clock, place_in(request, known), *known.terms)
                                              : std::nullopt;
}

std::optional<Hold> take_from_lane(const Request& request, TimestampTz clock, std::optional<std::int32_t> lane,
                                   const Terms& terms) {
    auto hold = lane.has_value() ? write_hold(request, clock, {Source::lane, *lane}, terms) : std::nullopt;
    if (hold.has_value()) {
        remember_lane(request.session, *lane);
    }
    return hold;
}

// From a lane that nobody is working on.
std::optional<Hold> take_from_unlocked_lane(const Request& request, TimestampTz clock, std::int32_t lanes,
                                            const Terms& terms) {
    const capacity::Seats seats{request.organization, request.session, request.party_size};
    return all_or_nothing([&] {
        const auto lane = capacity::lock_unlocked_lane(seats, own_lane(request.session, lanes));
        return take_from_lane(request, clock, lane, terms);
    });
}

// From a lane that others are working on, waiting for them. Where many want the last seats, waiting for one lane each
// holds up nobody else, as gathering them does.
std::optional<Hold> take_from_some_lane(const Request& request, TimestampTz clock, std::int32_t lanes,
                                        const Terms& terms) {
    constexpr int attempts = 8;
    const capacity::Seats seats{request.organization, request.session, request.party_size};
    for (int i = 0; i < attempts; ++i) {
        const auto lane = capacity::nearest_lane(seats, own_lane(request.session, lanes));
        if (!lane.has_value()) {
            break;
        }
        auto hold = all_or_nothing([&] { return take_from_lane(request, clock, lane, terms); });
        if (hold.has_value()) {
            return hold;
        }
    }
    return std::nullopt;
}

// From the place that this backend knows. Says in kept what is left behind if there is no hold.
std::optional<Hold> try_known_place(const Request& request, TimestampTz clock, const Known& known, Kept& kept) {
    const auto has_written = [] { return TransactionIdIsValid(GetTopTransactionIdIfAny()); };
    if (has_written()) {
        // Whether it waits in vain could not be told afterwards, and so nothing must be left behind.
        return all_or_nothing([&] { return take_and_hold(request, clock, known); });
    }
    auto hold = take_and_hold(request, clock, known);
    if (!hold.has_value() && has_written()) {
        kept = known.lanes == 0 ? Kept::session : Kept::lane; // it changed nothing, and yet this transaction writes now
    }
    return hold;
}

// Without a look at the session.
std::optional<Hold> try_fast_path(const Request& request, TimestampTz clock, const Known& known, Kept& kept) {
    if (is_admitted(request, clock, known)) {
        PlainHold plain = write_hold_plainly(request, clock, place_in(request, known), *known.terms);
        if (plain.taken != PlainTake::unknown) {
            return std::move(plain.hold); // if refused, all lanes were looked at
        }
    }
    auto hold = try_known_place(request, clock, known, kept);
    if (!hold.has_value() && known.lanes > 0 && is_admitted(request, clock, known)) {
        hold = take_from_unlocked_lane(request, clock, known.lanes, *known.terms);
    }
    return hold;
}

// How far a call has got.
struct Search {
    Kept kept = Kept::none;
    bool was_fast = false;    // the fast path has looked in the right place
    bool was_patient = false; // what is free was waited for, lane by lane
};

// After a look at the session. Throws where holds are limited and this would be one too many.
std::optional<Hold> take_what_is_free(const Request& request, TimestampTz clock, const Free& free, Search& search) {
    if (free.live_holds_per_email.has_value()) {
        check_live_holds(request, *free.live_holds_per_email, clock);
    }
    const bool in_lanes = free.lanes > 0 && !free.by_expired_hold && !free.unpaid_most.has_value() &&
                          !free.is_waited_for && !free.uses_resources;
    if (in_lanes && !search.was_fast) {
        if (auto hold = take_from_unlocked_lane(request, clock, free.lanes, free.terms); hold.has_value()) {
            return hold;
        }
    }
    if (search.kept == Kept::lane) {
        return std::nullopt; // others may be waiting for it with the seats that we want
    }
    if (in_lanes && !search.was_patient) {
        search.was_patient = true;
        return take_from_some_lane(request, clock, free.lanes, free.terms); // else, most likely, all is sold by now
    }
    return take_then_hold(request, clock, free);
}

Hold take_or_refuse(Request& request) {
    // Each round ends by success, by a refusal, or because rivals changed the counters in between.
    constexpr int rounds = 16;
    bool look_first = was_scarce(request.session);
    if (look_first) {
        refuse_if_still_sold_out(request, settings::now());
    }
    look_first = look_first || request.units.has_value();
    Search search;
    for (int round = 0; round < rounds && search.kept != Kept::lane; ++round) {
        const TimestampTz clock = settings::now();
        const Known known = known_of(request);
        if (!look_first) {
            if (auto hold = try_fast_path(request, clock, known, search.kept); hold.has_value()) {
                return *std::move(hold);
            }
        }
        const Free free = explain(request, clock, search.kept);
        if (free.has_units && !request.units.has_value()) {
            price_units(request); // so many seats, of the unit that is for one
        }
        search.was_fast = !look_first && free.lanes == known.lanes && is_admitted(request, clock, known) &&
                          known.terms->version == free.terms.version;
        look_first = look_first || free.terms.is_limited || free.by_expired_hold || search.was_fast ||
                     !free.terms.window.contains(clock);
        remember_scarcity(request.session, free.terms.is_limited);
        if (!look_first && search.kept == Kept::none) {
            continue; // the fast path knew too little
        }
        if (auto hold = take_what_is_free(request, clock, free, search); hold.has_value()) {
            return *std::move(hold);
        }
        if (free.by_expired_hold) {
            if (search.kept != Kept::none) {
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
    check_same_request(rows.bytes(0, 3), request_digest(request), "Session, party size, units, e-mail or hold length");
    return Hold{rows.uuid(0, 1), rows.timestamp(0, 2),
                core::token_text(token_from(hold_token_purpose, rows.bytes(0, 4), *request.idempotency_key))};
}

Hold reserve(Request request) {
    if (request.idempotency_key.has_value()) {
        if (auto hold = earlier_answer(request); hold.has_value()) {
            return *std::move(hold);
        }
    }
    if (!request.items.empty()) {
        price_units(request);
    }
    return take_or_refuse(request);
}

Datum reserve_slot_body(Call& call) {
    const Hold hold = reserve(read_request(call));
    return record_result(call, {hold.reservation, Value::timestamp(hold.expires_at), std::string_view(hold.token)});
}

// A refusal has written nothing but expiries that were due anyway, and what followed from them for those who wait, so
// it may become a row without a subtransaction.
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
