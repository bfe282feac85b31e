#include "pg/capacity.hpp"

#include "core/refusal.hpp"
#include "pg/arguments.hpp"
#include "pg/lane.hpp"
#include "pg/subtransaction.hpp"

namespace pgbk::capacity {

namespace {

std::int32_t lane_count(const Seats& seats) {
    static constinit Statement statement("SELECT s.lane_count::integer FROM booking.sessions AS s"
                                         " WHERE s.organization_id = $1 AND s.id = $2");
    const Rows rows = statement.write({seats.organization, seats.session});
    if (rows.empty()) {
        refuse_unknown_session(seats.session);
    }
    remember_lanes(seats.session, rows.int4(0, 1));
    return rows.int4(0, 1);
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

// Free seats, and unpaid ones, in one place: the session's row (lane -1) or a lane.
struct Part {
    std::int32_t lane;
    std::int32_t remaining;
    std::int32_t unpaid;

    friend bool operator==(const Part&, const Part&) = default;
};

// What falls to a lane when a number is spread evenly.
std::int32_t part_of(std::int32_t all, std::int32_t lanes, std::int32_t lane) {
    return all / lanes + (lane < all % lanes ? 1 : 0);
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

// Locks the session's row and all its lanes, in this order.
std::vector<Part> lock_all_parts(const Seats& seats) {
    static constinit Statement session("SELECT s.remaining, s.unpaid FROM booking.sessions AS s"
                                       " WHERE s.organization_id = $1 AND s.id = $2 FOR NO KEY UPDATE");
    static constinit Statement lanes("SELECT l.lane::integer, l.remaining, l.unpaid FROM booking.session_lanes AS l"
                                     " WHERE l.organization_id = $1 AND l.session_id = $2"
                                     " ORDER BY l.lane FOR NO KEY UPDATE");
    const Rows row = session.write({seats.organization, seats.session});
    if (row.empty()) {
        refuse_unknown_session(seats.session);
    }
    std::vector<Part> parts{{-1, row.int4(0, 1), row.int4(0, 2)}};
    const Rows rows = lanes.write({seats.organization, seats.session});
    for (std::uint64_t i = 0; i < rows.count(); ++i) {
        parts.push_back({rows.int4(i, 1), rows.int4(i, 2), rows.int4(i, 3)});
    }
    return parts;
}

void write_part(const Seats& seats, const Part& part) {
    static constinit Statement session("UPDATE booking.sessions AS s SET remaining = $3, unpaid = $4"
                                       " WHERE s.organization_id = $1 AND s.id = $2");
    static constinit Statement lane("UPDATE booking.session_lanes AS l SET remaining = $3, unpaid = $4"
                                    " WHERE l.organization_id = $1 AND l.session_id = $2 AND l.lane = $5");
    if (part.lane < 0) {
        session.write({seats.organization, seats.session, part.remaining, part.unpaid});
    } else {
        lane.write({seats.organization, seats.session, part.remaining, part.unpaid, part.lane});
    }
}

bool is_on_sale(const Seats& seats, TimestampTz clock) {
    static constinit Statement statement("SELECT 1 FROM booking.sessions AS s WHERE s.organization_id = $1"
                                         " AND s.id = $2 AND s.status = 'open' AND s.start_time > $3");
    return !statement.write({seats.organization, seats.session, Value::timestamp(clock)}).empty();
}

std::vector<Part> read_all_parts(const Seats& seats) {
    static constinit Statement statement(
        "SELECT -1, s.remaining, s.unpaid FROM booking.sessions AS s WHERE s.organization_id = $1 AND s.id = $2"
        " UNION ALL "
        "SELECT l.lane, l.remaining, l.unpaid FROM booking.session_lanes AS l"
        " WHERE l.organization_id = $1 AND l.session_id = $2 ORDER BY 1");
    const Rows rows = statement.write({seats.organization, seats.session});
    std::vector<Part> parts;
    for (std::uint64_t i = 0; i < rows.count(); ++i) {
        parts.push_back({rows.int4(i, 1), rows.int4(i, 2), rows.int4(i, 3)});
    }
    return parts;
}

struct Total {
    std::int64_t remaining;
    std::int64_t unpaid;
};

Total total(const std::vector<Part>& parts) {
    Total sum{0, 0};
    for (const Part& part : parts) {
        sum.remaining += part.remaining;
        sum.unpaid += part.unpaid;
    }
    return sum;
}

// Takes the seats from wherever they lie, all parts locked.
bool gather(const Seats& seats, TimestampTz clock, Expired expired, std::int32_t unpaid_most) {
    return in_subtransaction([&] {
        std::vector<Part> parts = lock_all_parts(seats);
        if (expired == Expired::reclaim) {
            reclaim(seats, clock);
            parts = read_all_parts(seats);
        }
        const Total sum = total(parts);
        if (sum.remaining < seats.count || !is_on_sale(seats, clock)) {
            return false;
        }
        if (seats.unpaid && sum.unpaid + seats.count > unpaid_most) {
            return false;
        }
        const std::vector<Part> before = parts;
        std::int32_t wanted = seats.count;
        for (Part& part : parts) {
            const std::int32_t from_here = std::min(part.remaining, wanted);
            part.remaining -= from_here;
            wanted -= from_here;
        }
        if (seats.unpaid) {
            spread_unpaid(parts, seats.count, unpaid_most);
        }
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (parts[i] != before[i]) {
                write_part(seats, parts[i]);
            }
        }
        return true;
    });
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
    const std::int32_t lanes = lane_count(seats);
    if (seats.unpaid) {
        return lanes == 0 ? take_unpaid_from_session(seats, clock, unpaid_most)
                          : take_unpaid_from_unlocked_lane(seats, clock, lanes, unpaid_most) ||
                                gather(seats, clock, expired, unpaid_most);
    }
    if (lanes == 0) {
        return take_from_session(seats, clock);
    }
    return take_from_some_lane(seats, clock, own_lane(seats.session, lanes)) ||
           (total(read_all_parts(seats)).remaining >= seats.count && gather(seats, clock, expired, unpaid_most));
}

bool take_or_sold_out(const Seats& seats, TimestampTz clock) {
    if (take(seats, clock, Expired::leave) || take(seats, clock, Expired::reclaim)) {
        return true;
    }
    if (expired_seats(seats.organization, seats.session, clock) >= seats.count) {
        throw core::Refusal(core::RefusalKind::retry, "seats of expired holds are just being given back", {},
                            "Try again.");
    }
    return false;
}

void give(const Seats& seats) {
    // An oversold session has no lanes in use: its seats first make up for the overselling.
    static constinit Statement to_session("UPDATE booking.sessions AS s"
                                          "   SET remaining = s.remaining + GREATEST($3 - s.oversold_by, 0),"
                                          "       oversold_by = GREATEST(s.oversold_by - $3, 0),"
                                          "       unpaid = s.unpaid - $4"
                                          " WHERE s.organization_id = $1 AND s.id = $2");
    static constinit Statement to_lane("UPDATE booking.session_lanes AS l"
                                       "   SET remaining = l.remaining + $3, unpaid = l.unpaid - $4"
                                       " WHERE l.organization_id = $1 AND l.session_id = $2 AND l.lane = $5");
    const std::int32_t lanes = lane_count(seats);
    const std::int32_t unpaid = seats.unpaid ? seats.count : 0;
    if (lanes == 0) {
        to_session.write({seats.organization, seats.session, seats.count, unpaid});
    } else {
        to_lane.write({seats.organization, seats.session, seats.count, unpaid, own_lane(seats.session, lanes)});
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
    const std::int32_t lanes = lane_count(seats);
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
    const Seats seats{organization, session, 0};
    std::vector<Part> parts = lock_all_parts(seats);
    const auto have = static_cast<std::int32_t>(parts.size()) - 1;
    if (lanes < have) {
        lanes = have;
    }
    static constinit Statement add("INSERT INTO booking.session_lanes (organization_id, session_id, lane, remaining)"
                                   " SELECT $1, $2, n, 0 FROM generate_series($3, $4 - 1) AS n");
    add.write({organization, session, have, lanes});
    const Total sum = total(parts);
    write_part(seats, {-1, 0, 0});
    for (std::int32_t lane = 0; lane < lanes; ++lane) {
        write_part(seats, {lane, part_of(static_cast<std::int32_t>(sum.remaining), lanes, lane),
                           part_of(static_cast<std::int32_t>(sum.unpaid), lanes, lane)});
    }
    static constinit Statement count("UPDATE booking.sessions AS s SET lane_count = $3::smallint"
                                     " WHERE s.organization_id = $1 AND s.id = $2");
    count.write({organization, session, lanes});
    remember_lanes(session, lanes);
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
