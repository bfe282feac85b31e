// integrity_check: the promises of the extension as queries that must find nothing.
#include "pg/access.hpp"
#include "pg/arguments.hpp"
#include "pg/booking_answer.hpp"
#include "pg/capacity.hpp"
#include "pg/session_resources.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

// Columns of each: invariant, organization_id, object_id, detail.

constinit Statement counters(
    "SELECT 'seats_add_up', s.organization_id, s.id,"
    "       format('capacity %s, taken %s, remaining %s, oversold by %s', s.capacity_total, COALESCE(t.seats, 0),"
    "              f.seats, s.oversold_by)"
    "  FROM booking.sessions AS s"
    "  LEFT JOIN (SELECT r.organization_id, r.session_id, sum(r.party_size) AS seats"
    "               FROM booking.slot_reservations AS r WHERE r.status IN ('pending', 'confirmed')"
    "              GROUP BY r.organization_id, r.session_id) AS t"
    "    ON t.organization_id = s.organization_id AND t.session_id = s.id"
    " CROSS JOIN LATERAL (SELECT " PGBK_REMAINING_SQL " AS seats) AS f"
    " WHERE f.seats - s.oversold_by <> s.capacity_total - COALESCE(t.seats, 0)"
    "    OR (f.seats < s.oversold_by AND (s.remaining > 0 OR EXISTS ("
    "           SELECT 1 FROM booking.session_lanes AS x"
    "            WHERE x.organization_id = s.organization_id AND x.session_id = s.id AND x.remaining > 0)))"
    "    OR (s.lane_count = 0 AND s.oversold_by > 0 AND s.remaining > 0)"
    " UNION ALL "
    "SELECT 'lanes_are_counted', s.organization_id, s.id,"
    "       format('lane_count %s, lanes %s', s.lane_count, count(l.lane))"
    "  FROM booking.sessions AS s"
    "  LEFT JOIN booking.session_lanes AS l ON l.organization_id = s.organization_id AND l.session_id = s.id"
    " GROUP BY s.organization_id, s.id HAVING count(l.lane) <> s.lane_count"
    " UNION ALL "
    "SELECT 'unpaid_adds_up', s.organization_id, s.id,"
    "       format('counted %s, in holds %s', s.unpaid + COALESCE(l.unpaid, 0), COALESCE(h.seats, 0))"
    "  FROM booking.sessions AS s"
    "  LEFT JOIN (SELECT x.organization_id, x.session_id, sum(x.unpaid) AS unpaid"
    "               FROM booking.session_lanes AS x GROUP BY x.organization_id, x.session_id) AS l"
    "    ON l.organization_id = s.organization_id AND l.session_id = s.id"
    "  LEFT JOIN (SELECT r.organization_id, r.session_id, sum(r.party_size) AS seats"
    "               FROM booking.slot_reservations AS r WHERE r.status = 'pending' AND r.counted_unpaid"
    "              GROUP BY r.organization_id, r.session_id) AS h"
    "    ON h.organization_id = s.organization_id AND h.session_id = s.id"
    " WHERE s.unpaid + COALESCE(l.unpaid, 0) <> COALESCE(h.seats, 0)",
    Plan::automatic);

constinit Statement
    orphans("SELECT 'reservation_has_session', r.organization_id, r.id, format('session %s is gone', r.session_id)"
            "  FROM booking.slot_reservations AS r"
            " WHERE r.status IN ('pending', 'confirmed')"
            "   AND NOT EXISTS (SELECT 1 FROM booking.sessions AS s"
            "                    WHERE s.organization_id = r.organization_id AND s.id = r.session_id)"
            " UNION ALL "
            "SELECT 'booking_has_session', b.organization_id, b.id, format('session %s is gone', b.session_id)"
            "  FROM booking.bookings AS b"
            " WHERE b.session_id IS NOT NULL AND b.status <> 'cancelled'"
            "   AND NOT EXISTS (SELECT 1 FROM booking.sessions AS s"
            "                    WHERE s.organization_id = b.organization_id AND s.id = b.session_id)"
            " UNION ALL "
            "SELECT 'session_has_organization', s.organization_id, s.id, 'its id carries another organization'"
            "  FROM booking.sessions AS s WHERE booking.organization_of(s.id) IS DISTINCT FROM s.organization_id",
            Plan::automatic);

constinit Statement
    sales("SELECT 'confirmed_reservation_has_booking', r.organization_id, r.id, 'no booking refers to it'"
          "  FROM booking.slot_reservations AS r"
          " WHERE r.status = 'confirmed'"
          "   AND NOT EXISTS (SELECT 1 FROM booking.bookings AS b"
          "                    WHERE b.organization_id = r.organization_id AND b.reservation_id = r.id)"
          " UNION ALL "
          "SELECT 'booking_holds_its_seats', b.organization_id, b.id,"
          "       format('booking is %s for a party of %s, reservation is %s for %s', b.status, b.party_size, r.status,"
          "              r.party_size)"
          "  FROM booking.bookings AS b"
          "  JOIN booking.slot_reservations AS r ON r.organization_id = b.organization_id AND r.id = b.reservation_id"
          " WHERE (b.status = 'cancelled') <> (r.status = 'cancelled')"
          "    OR (b.status <> 'cancelled' AND (r.status <> 'confirmed' OR r.party_size <> b.party_size"
          "                                     OR r.session_id IS DISTINCT FROM b.session_id))",
          Plan::automatic);

// Money. What a booking says follows from the payments that were accepted for it; one that was paid by other means has
// none.
constinit Statement money(
    "SELECT 'booking_agrees_with_payments', b.organization_id, b.id,"
    "       format('payment_status %s with %s paid and %s refunded of %s %s', b.payment_status, p.paid, p.refunded,"
    "              b.amount_cents, b.currency)"
    "  FROM booking.bookings AS b"
    "  JOIN (SELECT x.organization_id, x.booking_id, sum(x.amount_minor) AS paid, sum(x.refunded_minor) AS refunded"
    "          FROM booking.payments AS x WHERE x.accepted GROUP BY x.organization_id, x.booking_id) AS p"
    "    ON p.organization_id = b.organization_id AND p.booking_id = b.id"
    " WHERE b.status = 'pending'"
    "    OR b.payment_status IN ('not_required', 'pending', 'failed')"
    "    OR (b.payment_status = 'refunded') <> (p.refunded >= p.paid)"
    "    OR (b.payment_status = 'partially_refunded' AND p.refunded = 0)"
    "    OR (b.payment_status = 'paid' AND p.refunded > 0 AND p.paid - p.refunded < b.amount_cents)"
    " UNION ALL "
    "SELECT 'payment_agrees_with_refunds', p.organization_id, p.id,"
    "       format('%s of %s refunded, refunds done %s, reported %s', p.refunded_minor, p.amount_minor,"
    "              COALESCE(f.done, 0), p.reported_refunded_minor)"
    "  FROM booking.payments AS p"
    "  LEFT JOIN (SELECT x.organization_id, x.payment_id, x.currency,"
    "                    sum(x.amount_minor) FILTER (WHERE x.status = 'done') AS done,"
    "                    COALESCE(sum(x.amount_minor) FILTER (WHERE x.status = 'failed'), 0) AS failed"
    "               FROM booking.refunds AS x GROUP BY x.organization_id, x.payment_id, x.currency) AS f"
    "    ON f.organization_id = p.organization_id AND f.payment_id = p.id AND f.currency = p.currency"
    " WHERE p.refunded_minor < LEAST(p.amount_minor, COALESCE(f.done, 0))"
    "    OR p.refunded_minor > LEAST(p.amount_minor, GREATEST(p.reported_refunded_minor, COALESCE(f.done, 0)))"
    "    OR (COALESCE(f.failed, 0) = 0"
    "        AND p.refunded_minor < LEAST(p.amount_minor, p.reported_refunded_minor))"
    "    OR (p.status = 'refunded') <> (p.conflict IS NULL AND p.amount_minor > 0"
    "                                   AND p.refunded_minor >= p.amount_minor)"
    "    OR (p.status IN ('pending', 'failed')) <> (p.conflict IS NULL AND p.amount_minor = 0)"
    " UNION ALL "
    "SELECT 'no_more_is_due_than_arrived', f.organization_id, f.id,"
    "       format('%s of a payment with %s, of which %s went back', f.amount_minor, p.amount_minor, p.refunded_minor)"
    "  FROM booking.refunds AS f"
    "  JOIN booking.payments AS p ON p.organization_id = f.organization_id AND p.id = f.payment_id"
    " WHERE f.status = 'due' AND f.amount_minor > p.amount_minor - p.refunded_minor"
    " UNION ALL "
    "SELECT 'paid_hold_keeps_its_money', f.organization_id, f.id, 'it is due, and has paid for a booking that stands'"
    "  FROM booking.refunds AS f"
    "  JOIN booking.payments AS p ON p.organization_id = f.organization_id AND p.id = f.payment_id"
    "  JOIN booking.bookings AS b ON b.organization_id = p.organization_id AND b.reservation_id = p.reservation_id"
    " WHERE f.status = 'due' AND p.booking_id IS NULL AND b.status <> 'cancelled'"
    "   AND NOT EXISTS (SELECT 1 FROM booking.payments AS x"
    "                    WHERE x.organization_id = b.organization_id AND x.booking_id = b.id AND x.accepted)"
    " UNION ALL "
    "SELECT 'late_money_goes_back', p.organization_id, p.id, 'it came for a hold, has no booking, and is not due'"
    "  FROM booking.payments AS p"
    " WHERE p.reservation_id IS NOT NULL AND p.booking_id IS NULL AND p.status IN ('paid', 'partially_refunded')"
    "   AND NOT EXISTS (SELECT 1 FROM booking.refunds AS f"
    "                    WHERE f.organization_id = p.organization_id AND f.payment_id = p.id"
    "                      AND f.status IN ('due', 'pending'))",
    Plan::automatic);

constinit Statement packages(
    "SELECT 'package_has_bought_its_sessions', p.organization_id, p.id,"
    "       format('%s of %s sessions are scheduled', count(x.id), p.sessions_included)"
    "  FROM booking.bookings AS p"
    "  JOIN booking.bookings AS x ON x.organization_id = p.organization_id"
    "                            AND COALESCE(x.package_booking_id, x.id) = p.id AND " PGBK_USED_SQL
    " WHERE p.token_hash IS NOT NULL"
    " GROUP BY p.organization_id, p.id, p.sessions_included HAVING count(x.id) > p.sessions_included"
    " UNION ALL "
    "SELECT 'session_belongs_to_package', x.organization_id, x.id, 'the booking that it belongs to has no token'"
    "  FROM booking.bookings AS x"
    "  JOIN booking.bookings AS p ON p.organization_id = x.organization_id AND p.id = x.package_booking_id"
    " WHERE p.token_hash IS NULL",
    Plan::automatic);

// What a party consists of is said in three places.
constinit Statement units(
    "SELECT 'hold_has_seats_of_its_units', r.organization_id, r.id,"
    "       format('%s seats, units take %s', r.party_size, u.seats)"
    "  FROM booking.slot_reservations AS r"
    " CROSS JOIN LATERAL (SELECT sum((x.item ->> 'quantity')::bigint * (x.item ->> 'pax_count')::bigint) AS seats"
    "                       FROM jsonb_array_elements(r.unit_items) AS x (item)) AS u"
    " WHERE r.unit_items IS NOT NULL AND u.seats IS DISTINCT FROM r.party_size"
    " UNION ALL "
    "SELECT 'tickets_are_what_was_booked', b.organization_id, b.id,"
    "       format('%s seats for %s, tickets %s for %s: %s', b.party_size, b.amount_cents, u.seats, u.price, u.units)"
    "  FROM booking.bookings AS b"
    " CROSS JOIN LATERAL (SELECT sum(x.pax_count) FILTER (WHERE x.status <> 'cancelled') AS seats,"
    "                            sum(COALESCE(x.kept_minor, x.price_minor)) AS price,"
    "                            string_agg(x.unit_code, ' ' ORDER BY x.unit_code) FILTER (WHERE x.status <> "
    "'cancelled')"
    "                            AS units"
    "                       FROM booking.booking_units AS x"
    "                      WHERE x.organization_id = b.organization_id AND x.booking_id = b.id) AS u"
    " CROSS JOIN LATERAL (SELECT string_agg(x.item ->> 'unit', ' ' ORDER BY x.item ->> 'unit') AS units"
    "                       FROM jsonb_array_elements(b.unit_items) AS x (item),"
    "                            generate_series(1, (x.item ->> 'quantity')::integer)) AS w"
    " WHERE b.unit_items IS NOT NULL"
    "   AND (u.seats, u.price, u.units) IS DISTINCT FROM (b.party_size::bigint, b.amount_cents::numeric, w.units)"
    " UNION ALL "
    "SELECT 'booking_has_units_of_its_hold', b.organization_id, b.id, 'they are not the same'"
    "  FROM booking.bookings AS b"
    "  JOIN booking.slot_reservations AS r ON r.organization_id = b.organization_id AND r.id = b.reservation_id"
    " WHERE b.unit_items IS DISTINCT FROM r.unit_items"
    " UNION ALL "
    "SELECT 'seats_have_no_units', b.organization_id, b.id, format('unit %s is a %s', u.unit, u.unit_code)"
    "  FROM booking.bookings AS b"
    "  JOIN booking.booking_units AS u ON u.organization_id = b.organization_id AND u.booking_id = b.id"
    " WHERE (b.unit_items IS NULL) <> (u.unit_code IS NULL)"
    " UNION ALL "
    "SELECT 'activity_knows_of_its_units', a.organization_id, a.id, format('has_units is %s', a.has_units)"
    "  FROM booking.activities AS a"
    " WHERE a.has_units <> EXISTS (SELECT 1 FROM booking.activity_units AS u"
    "                               WHERE u.organization_id = a.organization_id AND u.activity_id = a.id AND u.active)",
    Plan::automatic);

constinit Statement overlaps(
    "SELECT 'sessions_do_not_overlap', x.organization_id, x.id, format('session before it ends at %s', x.earlier_end)"
    "  FROM (SELECT s.organization_id, s.id, s.start_time,"
    "               lag(s.end_time) OVER (PARTITION BY s.organization_id, s.activity_id ORDER BY s.start_time)"
    "               AS earlier_end"
    "          FROM booking.sessions AS s WHERE s.status <> 'cancelled') AS x"
    " WHERE x.start_time < x.earlier_end",
    Plan::automatic);

// A session has the resources that it needs exactly while seats of it are taken; what is over is nobody's concern.
constinit Statement resources(
    "SELECT 'resource_is_needed', x.organization_id, x.session_id,"
    "       format('it has resource %s and no seats of it are taken, or none of its activity', x.resource_id)"
    "  FROM booking.resource_allocations AS x"
    "  LEFT JOIN booking.sessions AS s ON s.organization_id = x.organization_id AND s.id = x.session_id"
    " WHERE s.id IS NULL OR s.capacity_total = " PGBK_REMAINING_SQL " - s.oversold_by"
    "    OR NOT EXISTS (SELECT 1 FROM booking.activity_resources AS u"
    "                    WHERE u.organization_id = x.organization_id AND u.activity_id = s.activity_id"
    "                      AND u.resource_id = x.resource_id)"
    " UNION ALL "
    "SELECT 'sold_session_has_resources', s.organization_id, s.id, format('resource %s is not its own', u.resource_id)"
    "  FROM booking.sessions AS s"
    "  JOIN booking.activity_resources AS u ON u.organization_id = s.organization_id AND u.activity_id = s.activity_id"
    " WHERE s.end_time > $1 AND (NOT s.uses_resources OR s.capacity_total > " PGBK_REMAINING_SQL " - s.oversold_by"
    "   AND NOT EXISTS (SELECT 1 FROM booking.resource_allocations AS x"
    "                    WHERE x.organization_id = s.organization_id AND x.session_id = s.id"
    "                      AND x.resource_id = u.resource_id AND x.during = " PGBK_NEEDED_SQL "))"
    " UNION ALL "
    "SELECT 'resource_is_had_once', x.organization_id, x.session_id,"
    "       format('session %s has resource %s at the same time', y.session_id, x.resource_id)"
    "  FROM booking.resource_allocations AS x"
    "  JOIN booking.resource_allocations AS y ON y.organization_id = x.organization_id"
    "   AND y.resource_id = x.resource_id AND y.during && x.during AND y.session_id > x.session_id"
    " UNION ALL "
    "SELECT 'seats_lie_aside_for_resources', s.organization_id, s.id, format('lane %s sells to anybody', l.lane)"
    "  FROM booking.sessions AS s"
    "  JOIN booking.session_lanes AS l ON l.organization_id = s.organization_id AND l.session_id = s.id"
    " WHERE s.uses_resources AND (l.set_aside IS NULL OR l.remaining > 0)",
    Plan::automatic);

// The order of events. A place outlives its event only where days were dropped; nothing is said of an event that has no
// place yet.
constinit Statement positions(
    "SELECT 'positions_have_no_gap', x.organization_id, x.event_id, format('%s comes after %s', x.seq, x.before)"
    "  FROM (SELECT p.organization_id, p.event_id, p.seq, lag(p.seq) OVER (ORDER BY p.seq) AS before"
    "          FROM booking.event_positions AS p) AS x WHERE x.seq <> x.before + 1"
    " UNION ALL "
    "SELECT 'last_position_is_known', x.organization_id, x.event_id,"
    "       format('%s is the last, %s was given last', x.seq, s.last_seq)"
    "  FROM (SELECT p.organization_id, p.event_id, p.seq FROM booking.event_positions AS p"
    "         ORDER BY p.seq DESC LIMIT 1) AS x"
    "  LEFT JOIN booking.event_sequencer AS s ON s.singleton WHERE x.seq IS DISTINCT FROM s.last_seq"
    " UNION ALL "
    "SELECT 'position_has_event', p.organization_id, p.event_id, format('the event at %s is gone', p.seq)"
    "  FROM booking.event_positions AS p"
    "  LEFT JOIN booking.booking_events AS e ON e.organization_id = p.organization_id AND e.id = p.event_id"
    " WHERE e.id IS NULL AND booking.organization_of(p.event_id) = p.organization_id"
    "   AND to_regclass('booking.booking_events_' || to_char(timezone('UTC', to_timestamp("
    "           ('x' || left(replace(p.event_id::text, '-', ''), 12))::bit(48)::bigint / 1000)), 'YYYYMMDD'))"
    "       IS NOT NULL",
    Plan::automatic);

// Pages of providers on which nobody shall pay any more.
constinit Statement
    pages("SELECT 'payment_page_is_closed', c.organization_id, c.id, 'it is open, and what it was for is ' || s.status"
          "  FROM booking.provider_calls AS c"
          "  LEFT JOIN booking.bookings AS b ON b.organization_id = c.organization_id AND b.id = c.booking_id"
          "  LEFT JOIN booking.slot_reservations AS r"
          "    ON r.organization_id = c.organization_id AND r.id = c.reservation_id"
          " CROSS JOIN LATERAL (SELECT COALESCE(b.status, r.status) AS status) AS s"
          " WHERE c.action = 'create_payment' AND c.check_at IS NOT NULL AND s.status IN ('cancelled', 'expired')",
          Plan::automatic);

// Waiting lists. What nobody would ever look at again if it were wrong: seats that wait beside people who wait.
constinit Statement waitlists(
    "SELECT 'waiting_is_counted', s.organization_id, s.id,"
    "       format('the session knows of %s, there are %s', s.waiting, COALESCE(w.entries, 0))"
    "  FROM booking.sessions AS s"
    "  LEFT JOIN (SELECT x.organization_id, x.session_id, count(*) AS entries FROM booking.waitlist_entries AS x"
    "              WHERE x.status = 'waiting' GROUP BY x.organization_id, x.session_id) AS w"
    "    ON w.organization_id = s.organization_id AND w.session_id = s.id"
    " WHERE s.waiting <> COALESCE(w.entries, 0) OR (s.kept_for_waitlist AND s.waiting = 0)"
    " UNION ALL "
    "SELECT 'waiting_comes_first', s.organization_id, s.id, 'seats are on sale, and somebody waits'"
    "  FROM booking.sessions AS s"
    " WHERE s.waiting > 0"
    "   AND (s.lane_count = 0 OR s.remaining > 0 OR EXISTS ("
    "           SELECT 1 FROM booking.session_lanes AS x WHERE x.organization_id = s.organization_id"
    "              AND x.session_id = s.id AND (x.remaining > 0 OR x.set_aside IS NULL)))"
    " UNION ALL "
    "SELECT 'free_seats_are_offered', s.organization_id, s.id,"
    "       format('%s seats are free, and a party of %s waits', f.seats - s.oversold_by, w.party_size)"
    "  FROM booking.sessions AS s"
    " CROSS JOIN LATERAL (SELECT " PGBK_REMAINING_SQL " AS seats) AS f"
    " CROSS JOIN LATERAL ("
    "       SELECT x.party_size FROM booking.waitlist_entries AS x"
    "        WHERE x.organization_id = s.organization_id AND x.session_id = s.id AND x.status = 'waiting'"
    "           AND x.party_size <= s.capacity_total"
    "        ORDER BY CASE WHEN s.kept_for_waitlist THEN 0 ELSE x.party_size END, x.id LIMIT 1) AS w"
    " WHERE s.waiting > 0 AND s.status = 'open' AND f.seats - s.oversold_by >= w.party_size"
    "   AND NOT EXISTS (SELECT 1 FROM booking.activity_resources AS u" // or another session has what it needs
    "                    WHERE s.uses_resources AND u.organization_id = s.organization_id"
    "                      AND u.activity_id = s.activity_id"
    "                      AND NOT EXISTS (SELECT 1 FROM booking.resource_allocations AS x"
    "                                       WHERE x.organization_id = s.organization_id AND x.session_id = s.id"
    "                                         AND x.resource_id = u.resource_id))"
    "   AND NOT EXISTS (SELECT 1 FROM booking.activities AS a" // or there is nothing that could be offered
    "                    WHERE a.organization_id = s.organization_id AND a.id = s.activity_id AND a.has_units"
    "                      AND NOT EXISTS (SELECT 1 FROM booking.activity_units AS u"
    "                                       WHERE u.organization_id = a.organization_id AND u.activity_id = a.id"
    "                                         AND u.active AND u.pax_count = 1))"
    " UNION ALL "
    "SELECT 'waiting_has_open_session', w.organization_id, w.id, format('session %s is not open', w.session_id)"
    "  FROM booking.waitlist_entries AS w"
    " WHERE w.status = 'waiting'"
    "   AND NOT EXISTS (SELECT 1 FROM booking.sessions AS s WHERE s.organization_id = w.organization_id"
    "                      AND s.id = w.session_id AND s.status = 'open')"
    " UNION ALL "
    "SELECT 'offer_is_held', w.organization_id, w.id,"
    "       format('entry is %s for a party of %s, its hold is %s for %s', w.status, w.party_size, r.status,"
    "              r.party_size)"
    "  FROM booking.waitlist_entries AS w"
    "  LEFT JOIN booking.slot_reservations AS r ON r.organization_id = w.organization_id AND r.id = w.reservation_id"
    " WHERE w.reservation_id IS NOT NULL"
    "   AND (r.waitlist_entry_id IS DISTINCT FROM w.id OR (w.status = 'offered') <> (r.status = 'pending')"
    "        OR (w.status = 'offered'"
    "            AND (r.unit_items IS NULL AND r.party_size <> w.party_size OR r.session_id <> w.session_id))"
    "        OR (w.status IN ('left', 'expired') AND r.status = 'confirmed'))"
    " UNION ALL "
    "SELECT 'offered_hold_has_entry', r.organization_id, r.id, 'the entry that it was offered to knows nothing of it'"
    "  FROM booking.slot_reservations AS r"
    " WHERE r.waitlist_entry_id IS NOT NULL"
    "   AND NOT EXISTS (SELECT 1 FROM booking.waitlist_entries AS w WHERE w.organization_id = r.organization_id"
    "                      AND w.id = r.waitlist_entry_id AND w.reservation_id = r.id)",
    Plan::automatic);

// A time that somebody waits for is being asked for, unless the calendar's host has it and says nothing.
constinit Statement wishes(
    "SELECT 'wanted_time_is_asked_for', b.organization_id, b.id, format('%s is wanted', b.wanted_start)"
    "  FROM booking.bookings AS b"
    " WHERE b.wanted_start IS NOT NULL AND b.status IN ('paid', 'scheduled')"
    "   AND (b.calendar_status IS DISTINCT FROM 'requested' OR b.scheduled_start IS DISTINCT FROM b.wanted_start)"
    "   AND NOT EXISTS (SELECT 1 FROM booking.provider_calls AS c"
    "                    WHERE c.organization_id = b.organization_id AND c.booking_id = b.id"
    "                      AND c.status IN ('pending', 'running'))",
    Plan::automatic);

Datum integrity_check_body(Call& call) {
    require_trusted(call, "check the integrity of all organizations", "Call as a member of booking_service.");
    ResultSet result(call);
    result.add(counters.read({}));
    result.add(orphans.read({}));
    result.add(sales.read({}));
    result.add(money.read({}));
    result.add(packages.read({}));
    result.add(units.read({}));
    result.add(overlaps.read({}));
    result.add(waitlists.read({}));
    result.add(resources.read({Value::timestamp(settings::now())}));
    result.add(positions.read({}));
    result.add(pages.read({}));
    result.add(wishes.read({}));
    return null_result(call);
}

} // namespace

PGBK_READER(integrity_check, integrity_check_body);

} // namespace pgbk
