#include "pg/capacity.hpp"

#include "core/refusal.hpp"
#include "pg/arguments.hpp"
#include "pg/array.hpp"
#include "pg/lane.hpp"
#include "pg/session_parts.hpp"
#include "pg/session_resources.hpp"
#include "pg/settings.hpp"
#include "pg/subtransaction.hpp"
#include "pg/waitlist.hpp"

namespace pgbk::capacity {

namespace {

struct Place {
    std::int32_t lanes;
    bool is_waited_for;
    bool uses_resources;
};

Place place_of(const Seats& seats) {
    static constinit Statement statement("SELECT s.lane_count::integer, s.waiting > 0, s.uses_resources"
                                         "  FROM booking.sessions AS s"
                                         " WHERE s.organization_id = $1 AND s.id = $2");
    const Rows rows = statement.write({seats.organization, seats.session});
    if (rows.empty()) {
        refuse_unknown_session(seats.session);
    }
    remember_lanes(seats.session, rows.int4(0, 1));
    return {rows.int4(0, 1), rows.boolean(0, 2), rows.boolean(0, 3)};
}

// The visible counter is compared before a row lock is waited for: where too little is left nobody waits.
bool take_from_session(const Seats& seats, TimestampTz clock) {
    static constinit Statement statement("UPDATE booking.sessions AS s SET remaining = s.remaining - $3"
                                         " WHERE " PGBK_ON_SALE_SQL " AND s.remaining >= $3 RETURNING 1");
    return !statement.write({seats.organization, seats.session, seats.count, Value::timestamp(clock)}).empty();
}

bool take_from_lane(const Seats& seats, TimestampTz clock, std::int32_t lane) {
    static constinit Statement statement("UPDATE booking.session_lanes AS l SET remaining = l.remaining - $3"
                                         "  FROM booking.sessions AS s"
                                         " WHERE l.organization_id = $1 AND l.session_id = $2 AND l.lane = $5"
                                         "   AND l.remaining >= $3 AND " PGBK_ON_SALE_SQL " RETURNING 1");
    const Rows rows = statement.write({seats.organization, seats.session, seats.count, Value::timestamp(clock), lane});
    if (!rows.empty()) {
        remember_lane(seats.session, lane);
    }
    return !rows.empty();
}

// Where many want the last seats, waiting for one lane each holds up nobody else, as gathering does; so each who waited
// in vain looks where else there are enough before anything is gathered. In subtransactions, since either way of
// looking may keep the lock of a lane without taking from it.
bool take_from_some_lane(const Seats& seats, TimestampTz clock, std::int32_t own) {
    constexpr int attempts = 8;
    bool taken = in_subtransaction([&] {
        const auto lane = lock_unlocked_lane(seats, own);
        return lane.has_value() && take_from_lane(seats, clock, *lane);
    });
    for (int i = 0; i < attempts && !taken; ++i) {
        const auto lane = nearest_lane(seats, own);
        if (!lane.has_value()) {
            return false;
        }
        taken = in_subtransaction([&] { return take_from_lane(seats, clock, *lane); });
    }
    return taken;
}

// The share of unpaid seats, where an activity limits it (activities.unpaid_percent_max; others do not pay for it).
//
// Each place that seats are taken from, the session's row or a lane, counts those of them that are unpaid, in the same
// row and by the same UPDATE. A lane is taken from only while it stays within its own part of the limit, so that all
// lanes together stay within the limit, whatever happens at the same time. Seats are given back, and paid for, wherever
// the backend that does so has its lane: so lanes drift, one ahead of its part and another behind, and what a lane
// refuses means nothing yet. Then all lanes are locked and added up (gather), and the seats are counted in lanes that
// have room for them: nobody is refused while the sum is within the limit.

bool take_unpaid_from_session(const Seats& seats, TimestampTz clock, std::int32_t most) {
    static constinit Statement statement(
        "UPDATE booking.sessions AS s SET remaining = s.remaining - $3, unpaid = s.unpaid + $3"
        " WHERE " PGBK_ON_SALE_SQL " AND s.remaining >= $3 AND s.unpaid + $3 <= $5 RETURNING 1");
    return in_subtransaction([&] { // it may wait and then find too few
        return !statement.write({seats.organization, seats.session, seats.count, Value::timestamp(clock), most})
                    .empty();
    });
}

bool take_unpaid_from_unlocked_lane(const Seats& seats, TimestampTz clock, std::int32_t lanes, std::int32_t most) {
    static constinit Statement statement(
        "WITH free AS MATERIALIZED ("
        "    SELECT l.lane FROM booking.session_lanes AS l"
        "     WHERE l.organization_id = $1 AND l.session_id = $2 AND l.remaining >= $3 AND l.unpaid + $3 <= $6"
        "     ORDER BY (l.lane - $5 + 256) % 256 LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)"
        " UPDATE booking.session_lanes AS l SET remaining = l.remaining - $3, unpaid = l.unpaid + $3"
        "   FROM booking.sessions AS s"
        "  WHERE l.organization_id = $1 AND l.session_id = $2 AND l.lane = (SELECT f.lane FROM free AS f)"
        "    AND l.remaining >= $3 AND l.unpaid + $3 <= $6 AND " PGBK_ON_SALE_SQL " RETURNING l.lane::integer");
    return in_subtransaction([&] { // SKIP LOCKED may keep the lock of a lane without returning it
        const Rows rows = statement.write({seats.organization, seats.session, seats.count, Value::timestamp(clock),
                                           own_lane(seats.session, lanes), most / lanes});
        if (!rows.empty()) {
            remember_lane(seats.session, rows.int4(0, 1));
        }
        return !rows.empty();
    });
}

// Counts the seats as unpaid in parts that have room for them within their own part of the limit. There is room, since
// all together stay within the limit.
void spread_unpaid(std::vector<Part>& parts, std::int32_t count, std::int32_t most) {
    const auto lanes = static_cast<std::int32_t>(parts.size()) - 1;
    for (Part& part : parts) {
        const std::int32_t share = part.lane < 0 ? (lanes == 0 ? most : 0) : part_of(most, lanes, part.lane);
        const std::int32_t here = std::clamp(share - part.unpaid, 0, count);
        part.unpaid += here;
        count -= here;
    }
}

struct Sale {
    bool is_on;
    bool is_waited_for;
    bool uses_resources;
};

Sale sale_of(const Seats& seats, TimestampTz clock) {
    static constinit Statement statement("SELECT s.waiting > 0, s.uses_resources FROM booking.sessions AS s"
                                         " WHERE s.organization_id = $1 AND s.id = $2 AND s.status = 'open'"
                                         "   AND s.start_time > $3");
    const Rows rows = statement.write({seats.organization, seats.session, Value::timestamp(clock)});
    return rows.empty() ? Sale{false, false, false} : Sale{true, rows.boolean(0, 1), rows.boolean(0, 2)};
}

// Seats were given to a lane that sets them aside, and the session was not locked before: if it has begun to use
// resources, that these are free can no longer be told without waiting out of order.
void check_still_without_resources(const Seats& seats) {
    if (place_of(seats).uses_resources) {
        throw core::Refusal(core::RefusalKind::retry,
                            "session " + uuid_text(seats.session) + " has just begun to use resources", {},
                            "Roll back and try again.");
    }
}

// Takes the seats from parts. Where others wait, or resources are used, all that is left lies aside.
void take_from_parts(const Seats& seats, std::vector<Part>& parts, const Total& sum, bool stays_aside) {
    std::int32_t wanted = seats.count;
    if (stays_aside) {
        arrange(parts, sum.free - wanted, false);
        return;
    }
    if (sum.any_aside) { // what was oversold has been made up for
        arrange(parts, sum.free, true);
    }
    for (Part& part : parts) {
        const std::int32_t from_here = std::min(part.remaining, wanted);
        part.remaining -= from_here;
        wanted -= from_here;
    }
}

enum class Gathered : std::uint8_t { taken, nothing, without_resources };

Gathered gather_locked(const Seats& seats, TimestampTz clock, Expired expired, std::int32_t unpaid_most) {
    std::vector<Part> parts = lock_all_parts(seats.organization, seats.session);
    if (expired == Expired::reclaim) {
        reclaim(seats, clock);
        parts = read_all_parts(seats.organization, seats.session);
    }
    const Sale sale = sale_of(seats, clock);
    Served served;
    if (sale.is_waited_for) {
        served = serve_waitlist(seats.organization, seats.session, clock, parts);
    }
    const Total sum = total(parts);
    if (sum.free < seats.count || !sale.is_on || served.is_kept ||
        (seats.unpaid && sum.unpaid + seats.count > unpaid_most)) {
        return Gathered::nothing;
    }
    if (sale.uses_resources && !has_resources(seats.organization, seats.session)) {
        return Gathered::without_resources;
    }
    const std::vector<Part> before = parts;
    take_from_parts(seats, parts, sum, served.is_waited_for || sale.uses_resources);
    if (seats.unpaid) {
        spread_unpaid(parts, seats.count, unpaid_most);
    }
    write_parts(seats.organization, seats.session, parts, before);
    return Gathered::taken;
}

Gathered gather_once(const Seats& seats, TimestampTz clock, Expired expired, std::int32_t unpaid_most) {
    Gathered gathered = Gathered::nothing;
    (void)in_subtransaction([&] {
        gathered = gather_locked(seats, clock, expired, unpaid_most);
        return gathered == Gathered::taken;
    });
    return gathered;
}

// Takes the seats from wherever they lie, all parts locked. Resources are taken before: who waits for one holds nothing
// of the session, and whoever gives its last seats back meanwhile gives them back too.
bool gather(const Seats& seats, TimestampTz clock, Expired expired, std::int32_t unpaid_most) {
    constexpr int rounds = 8;
    Gathered gathered = gather_once(seats, clock, expired, unpaid_most);
    if (gathered == Gathered::without_resources) {
        (void)in_subtransaction([&] {
            for (int i = 0; i < rounds && gathered == Gathered::without_resources; ++i) {
                take_resources(seats.organization, seats.session, clock);
                gathered = gather_once(seats, clock, expired, unpaid_most);
            }
            return gathered == Gathered::taken;
        });
    }
    if (gathered == Gathered::without_resources) {
        throw core::Refusal(core::RefusalKind::retry, "others are just booking session " + uuid_text(seats.session), {},
                            "Try again.");
    }
    return gathered == Gathered::taken;
}

} // namespace

#define PGBK_NEAREST_LANE_SQL                                                                                          \
    "SELECT l.lane::integer FROM booking.session_lanes AS l"                                                           \
    " WHERE l.organization_id = $1 AND l.session_id = $2 AND l.remaining >= $3"                                        \
    " ORDER BY (l.lane - $4 + 256) % 256 LIMIT 1"

std::optional<std::int32_t> lock_unlocked_lane(const Seats& seats, std::int32_t from) {
    static constinit Statement statement(PGBK_NEAREST_LANE_SQL " FOR NO KEY UPDATE SKIP LOCKED");
    const Rows rows = statement.write({seats.organization, seats.session, seats.count, from});
    return rows.empty() ? std::nullopt : std::optional(rows.int4(0, 1));
}

std::optional<std::int32_t> nearest_lane(const Seats& seats, std::int32_t from) {
    static constinit Statement statement(PGBK_NEAREST_LANE_SQL);
    const Rows rows = statement.write({seats.organization, seats.session, seats.count, from});
    return rows.empty() ? std::nullopt : std::optional(rows.int4(0, 1));
}

bool take(const Seats& seats, TimestampTz clock, Expired expired, std::int32_t unpaid_most) {
    if (expired == Expired::reclaim) {
        return gather(seats, clock, expired, unpaid_most);
    }
    const Place place = place_of(seats);
    if (place.uses_resources) {
        return gather(seats, clock, expired, unpaid_most);
    }
    const std::int32_t lanes = place.lanes;
    if (seats.unpaid) {
        return lanes == 0 ? take_unpaid_from_session(seats, clock, unpaid_most)
                          : take_unpaid_from_unlocked_lane(seats, clock, lanes, unpaid_most) ||
                                gather(seats, clock, expired, unpaid_most);
    }
    if (lanes == 0) {
        return take_from_session(seats, clock);
    }
    return take_from_some_lane(seats, clock, own_lane(seats.session, lanes)) ||
           (total(read_all_parts(seats.organization, seats.session)).free >= seats.count &&
            gather(seats, clock, expired, unpaid_most));
}

bool take_or_sold_out(const Seats& seats, TimestampTz clock) {
    if (take(seats, clock, Expired::leave) || take(seats, clock, Expired::reclaim)) {
        return true;
    }
    const std::int64_t run_out = expired_seats(seats.organization, seats.session, clock);
    const Sale sale = sale_of(seats, clock);
    if (sale.is_on && !sale.is_waited_for && run_out > 0 &&
        total(read_all_parts(seats.organization, seats.session)).free + run_out >= seats.count) {
        throw core::Refusal(core::RefusalKind::retry, "seats of expired holds are just being given back", {},
                            "Try again.");
    }
    return false;
}

void give(const Seats& seats) {
    // Seats make up for what is oversold before they are for sale: a session's row counts that itself, lanes set aside.
    static constinit Statement to_session("UPDATE booking.sessions AS s"
                                          "   SET remaining = s.remaining + GREATEST($3 - s.oversold_by, 0),"
                                          "       oversold_by = GREATEST(s.oversold_by - $3, 0),"
                                          "       unpaid = s.unpaid - $4"
                                          " WHERE s.organization_id = $1 AND s.id = $2"
                                          " RETURNING s.lane_count > 0, s.uses_resources");
    static constinit Statement to_lane(
        "UPDATE booking.session_lanes AS l"
        "   SET remaining = l.remaining + CASE WHEN l.set_aside IS NULL THEN $3 ELSE 0 END,"
        "       set_aside = l.set_aside + $3, unpaid = l.unpaid - $4"
        " WHERE l.organization_id = $1 AND l.session_id = $2 AND l.lane = $5 RETURNING l.set_aside IS NOT NULL, false");
    const Place place = place_of(seats);
    if (place.is_waited_for || place.uses_resources) {
        (void)lock_all_parts(seats.organization, seats.session); // before a lane
    }
    const std::int32_t unpaid = seats.unpaid ? seats.count : 0;
    const Rows rows = place.lanes == 0 ? to_session.write({seats.organization, seats.session, seats.count, unpaid})
                                       : to_lane.write({seats.organization, seats.session, seats.count, unpaid,
                                                        own_lane(seats.session, place.lanes)});
    const bool gives_resources = place.uses_resources || (!rows.empty() && rows.boolean(0, 2));
    if (place.is_waited_for) {
        std::vector<Part> parts = read_all_parts(seats.organization, seats.session);
        (void)serve_waitlist(seats.organization, seats.session, settings::now(), parts);
    } else if (!rows.empty() && rows.boolean(0, 1)) { // somebody may have joined since we looked
        if (place.lanes > 0 && !place.uses_resources) {
            check_still_without_resources(seats);
        }
        serve_if_waited_for(seats.organization, uuid_array(std::vector{seats.session}), settings::now());
    }
    if (gives_resources) { // unless somebody who waited has been offered the seats
        give_resources_of_empty(seats.organization, seats.session);
    }
}

void count_as_paid(const Seats& seats) {
    static constinit Statement in_session("UPDATE booking.sessions AS s SET unpaid = s.unpaid - $3"
                                          " WHERE s.organization_id = $1 AND s.id = $2");
    static constinit Statement in_lane("UPDATE booking.session_lanes AS l SET unpaid = l.unpaid - $3"
                                       " WHERE l.organization_id = $1 AND l.session_id = $2 AND l.lane = $4");
    if (!seats.unpaid) {
        return;
    }
    const std::int32_t lanes = place_of(seats).lanes;
    if (lanes == 0) {
        in_session.write({seats.organization, seats.session, seats.count});
    } else {
        in_lane.write({seats.organization, seats.session, seats.count, own_lane(seats.session, lanes)});
    }
}

Unpaid unpaid_seats(std::int32_t organization, const core::Uuid& session, TimestampTz clock) {
    static constinit Statement statement(
        "SELECT s.unpaid + (SELECT COALESCE(sum(l.unpaid), 0) FROM booking.session_lanes AS l"
        "                    WHERE l.organization_id = $1 AND l.session_id = $2),"
        "       (SELECT COALESCE(sum(h.party_size), 0) FROM booking.slot_reservations AS h"
        "         WHERE h.organization_id = $1 AND h.session_id = $2 AND h.status = 'pending' AND h.expires_at <= $3"
        "           AND h.counted_unpaid)"
        "  FROM booking.sessions AS s WHERE s.organization_id = $1 AND s.id = $2");
    const Rows rows = statement.write({organization, session, Value::timestamp(clock)});
    return rows.empty() ? Unpaid{0, 0} : Unpaid{rows.int8(0, 1), rows.int8(0, 2)};
}

void stripe(std::int32_t organization, const core::Uuid& session, std::int32_t lanes) {
    std::vector<Part> parts = lock_all_parts(organization, session);
    const auto have = static_cast<std::int32_t>(parts.size()) - 1;
    if (lanes < have) {
        lanes = have;
    }
    static constinit Statement add("INSERT INTO booking.session_lanes (organization_id, session_id, lane, remaining)"
                                   " SELECT $1, $2, n, 0 FROM generate_series($3, $4 - 1) AS n");
    add.write({organization, session, have, lanes});
    const Total sum = total(parts);
    parts.resize(1);
    parts[0].unpaid = 0;
    for (std::int32_t lane = 0; lane < lanes; ++lane) {
        parts.push_back({lane, 0, part_of(static_cast<std::int32_t>(sum.unpaid), lanes, lane), std::nullopt});
    }
    arrange(parts, sum.free, is_for_sale(organization, session));
    write_parts(organization, session, parts, {});
    static constinit Statement count("UPDATE booking.sessions AS s SET lane_count = $3::smallint"
                                     " WHERE s.organization_id = $1 AND s.id = $2");
    count.write({organization, session, lanes});
    remember_lanes(session, lanes);
}

bool is_for_sale(std::int32_t organization, const core::Uuid& session) {
    static constinit Statement statement("SELECT s.status = 'open' AND s.waiting = 0 AND NOT s.uses_resources"
                                         "  FROM booking.sessions AS s"
                                         " WHERE s.organization_id = $1 AND s.id = $2");
    return statement.write({organization, session}).boolean(0, 1);
}

std::int64_t set_total(std::int32_t organization, const core::Uuid& session, std::int32_t capacity) {
    static constinit Statement statement("UPDATE booking.sessions AS s SET capacity_total = $3, remaining = $4"
                                         " WHERE s.organization_id = $1 AND s.id = $2");
    static constinit Statement old("SELECT s.capacity_total FROM booking.sessions AS s"
                                   " WHERE s.organization_id = $1 AND s.id = $2");
    std::vector<Part> parts = lock_all_parts(organization, session);
    arrange(parts, total(parts).free + capacity - old.write({organization, session}).int4(0, 1),
            is_for_sale(organization, session));
    statement.write({organization, session, capacity, parts[0].remaining}); // together, for the check of the two
    write_parts(organization, session, parts, {});
    (void)serve_waitlist(organization, session, settings::now(), parts);
    return total(parts).free;
}

void set_for_sale(std::int32_t organization, const core::Uuid& session) {
    const std::vector<Part> before = lock_all_parts(organization, session);
    std::vector<Part> parts = before;
    arrange(parts, total(parts).free, is_for_sale(organization, session));
    write_parts(organization, session, parts, before);
}

std::int32_t default_lanes(std::optional<std::int32_t> of_activity, std::int32_t capacity) {
    constexpr std::int32_t from_capacity = 64;
    constexpr std::int32_t seats_a_lane = 8;
    constexpr std::int32_t most_by_default = 64;
    if (of_activity.has_value()) {
        return *of_activity;
    }
    return capacity < from_capacity ? 0 : std::min(most_by_default, capacity / seats_a_lane);
}

} // namespace pgbk::capacity
