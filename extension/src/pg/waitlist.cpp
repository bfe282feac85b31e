#include "pg/waitlist.hpp"

#include "core/refusal.hpp"
#include "pg/arguments.hpp"
#include "pg/capacity.hpp"
#include "pg/identity.hpp"
#include "pg/session_resources.hpp"
#include "pg/units.hpp"

#include <algorithm>

namespace pgbk::capacity {

namespace {

struct Line {
    std::int32_t waiting;
    bool is_open;
    bool is_strict;
    std::int32_t offer_seconds;
    TimestampTz start;
    bool uses_resources;
    bool has_units;
    std::int32_t capacity;
};

Line line_of(std::int32_t organization, const core::Uuid& session) {
    static constinit Statement statement(
        "SELECT s.waiting, s.status = 'open', a.waitlist_policy = 'strict', a.waitlist_offer_seconds, s.start_time,"
        "       s.uses_resources, a.has_units, s.capacity_total"
        "  FROM booking.sessions AS s"
        "  JOIN booking.activities AS a ON a.organization_id = $1 AND a.id = s.activity_id"
        " WHERE s.organization_id = $1 AND s.id = $2");
    const Rows rows = statement.write({organization, session});
    if (rows.empty()) {
        refuse_unknown_session(session);
    }
    return {rows.int4(0, 1),      rows.boolean(0, 2), rows.boolean(0, 3), rows.int4(0, 4),
            rows.timestamp(0, 5), rows.boolean(0, 6), rows.boolean(0, 7), rows.int4(0, 8)};
}

struct Entry {
    core::Uuid id;
    std::int32_t party_size;
    std::string_view email;
    std::string_view token_hash;
};

// The first in the queue, or, unless all wait for the first, the first whom the seats suffice for. Nobody waits for a
// party that the session has become too small for.
std::optional<Entry> next_entry(std::int32_t organization, const core::Uuid& session, std::int32_t seats,
                                const Line& line) {
    static constinit Statement statement(
        "SELECT w.id, w.party_size, w.customer_email, w.token_hash FROM booking.waitlist_entries AS w"
        " WHERE w.organization_id = $1 AND w.session_id = $2 AND w.status = 'waiting'"
        "   AND (w.party_size <= $3 OR $4) AND w.party_size <= $5 ORDER BY w.id LIMIT 1 FOR NO KEY UPDATE");
    const Rows rows = statement.write({organization, session, seats, line.is_strict, line.capacity});
    if (rows.empty() || rows.int4(0, 2) > seats) {
        return std::nullopt;
    }
    return Entry{rows.uuid(0, 1), rows.int4(0, 2), rows.bytes(0, 3), rows.bytes(0, 4)};
}

// Of what a party is that waits for a number of seats: the first unit that takes one, as long as there is one.
std::optional<core::UnitRule> default_unit(std::int32_t organization, const core::Uuid& session) {
    const auto rules = unit_rules_of(organization, session);
    const auto found =
        std::find_if(rules.begin(), rules.end(), [](const auto& rule) { return rule.is_sold && rule.seats == 1; });
    return found == rules.end() ? std::nullopt : std::optional(*found);
}

// The hold has the token of the entry: nobody is there to be told another. unit: of which the party is, if of units.
void offer(std::int32_t organization, const core::Uuid& session, const Line& line, const Entry& entry,
           const std::optional<core::UnitRule>& unit, TimestampTz clock) {
    static constinit Statement hold(
        "INSERT INTO booking.slot_reservations (organization_id, id, session_id, party_size, customer_email, status,"
        "       created_at, expires_at, token_hash, waitlist_entry_id, unit_items)"
        " VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7, $8, $9, $10::jsonb) RETURNING 1");
    static constinit Statement entry_row(
        "UPDATE booking.waitlist_entries AS w SET status = 'offered', reservation_id = $3, offer_until = $4"
        " WHERE w.organization_id = $1 AND w.id = $2");
    const core::Uuid id = new_id(organization);
    const Value until = Value::timestamp(std::min(clock + line.offer_seconds * USECS_PER_SEC, line.start));
    const std::string units =
        unit.has_value() ? core::unit_lines_text({{unit->unit, entry.party_size, unit->price, unit->seats}}) : "";
    if (hold.write({organization, id, session, entry.party_size, entry.email, Value::timestamp(clock), until,
                    Value::bytea(entry.token_hash), entry.id,
                    units.empty() ? Value::null(TEXTOID) : Value(std::string_view(units))})
            .empty()) {
        throw core::Refusal(core::RefusalKind::retry, "the hold was not written", "A trigger has left it out.");
    }
    entry_row.write({organization, entry.id, id, until});
}

// Returns how many were offered seats, and leaves in free what there is then.
std::int32_t offer_seats(std::int32_t organization, const core::Uuid& session, const Line& line, std::int64_t& free,
                         TimestampTz clock) {
    std::int32_t served = 0;
    // While seats are waited for, others of them are taken, and with these the resources are; who lets go of them
    // serves the waiting list before.
    const auto unit = line.has_units ? default_unit(organization, session) : std::nullopt;
    const bool is_possible =
        line.has_units == unit.has_value() && (!line.uses_resources || has_resources(organization, session));
    while (is_possible && free > 0) {
        const auto entry = next_entry(organization, session, static_cast<std::int32_t>(free), line);
        if (!entry.has_value()) {
            break;
        }
        offer(organization, session, line, *entry, unit, clock);
        free -= entry->party_size;
        ++served;
    }
    return served;
}

void close_entries(std::int32_t organization, const core::Uuid& session, TimestampTz clock) {
    static constinit Statement statement(
        "UPDATE booking.waitlist_entries AS w SET status = 'closed', settled_at = $3"
        " WHERE w.organization_id = $1 AND w.session_id = $2 AND w.status = 'waiting'");
    statement.write({organization, session, Value::timestamp(clock)});
}

void note_waiting(std::int32_t organization, const core::Uuid& session, std::int32_t waiting, bool is_kept) {
    static constinit Statement statement(
        "UPDATE booking.sessions AS s SET waiting = $3, kept_for_waitlist = $4"
        " WHERE s.organization_id = $1 AND s.id = $2 AND (s.waiting <> $3 OR s.kept_for_waitlist <> $4)");
    statement.write({organization, session, waiting, is_kept});
}

} // namespace

Served serve_waitlist(std::int32_t organization, const core::Uuid& session, TimestampTz clock, std::vector<Part>& parts,
                      std::int32_t change) {
    const Line line = line_of(organization, session);
    if (line.waiting == 0 && change == 0) {
        return {};
    }
    const std::vector<Part> before = parts;
    std::int64_t free = total(parts).free;
    std::int32_t waiting = line.waiting + change;
    if (!line.is_open || line.start <= clock) {
        close_entries(organization, session, clock);
        waiting = 0;
    } else {
        waiting -= offer_seats(organization, session, line, free, clock);
    }
    const Served served{waiting > 0,
                        waiting > 0 && line.is_strict && next_entry(organization, session, line.capacity, line)};
    arrange(parts, free, line.is_open && !served.is_waited_for && !line.uses_resources);
    write_parts(organization, session, parts, before);
    note_waiting(organization, session, waiting, served.is_kept);
    return served;
}

void close_waitlist(std::int32_t organization, const core::Uuid& session, TimestampTz clock) {
    close_entries(organization, session, clock);
    note_waiting(organization, session, 0, false);
}

std::int64_t reclaim_and_serve(std::int32_t organization, const core::Uuid& session, TimestampTz clock) {
    (void)lock_all_parts(organization, session);
    const std::int64_t expired = reclaim({organization, session, 0}, clock);
    std::vector<Part> parts = read_all_parts(organization, session);
    (void)serve_waitlist(organization, session, clock, parts);
    give_resources_of_empty(organization, session);
    return expired;
}

void serve_if_waited_for(std::int32_t organization, const Value& sessions, TimestampTz clock) {
    static constinit Statement statement("SELECT s.id FROM booking.sessions AS s"
                                         " WHERE s.organization_id = $1 AND s.id = ANY ($2) AND s.waiting > 0"
                                         " ORDER BY s.id FOR NO KEY UPDATE SKIP LOCKED");
    const Rows rows = statement.write({organization, sessions});
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        const core::Uuid session = rows.uuid(row, 1);
        std::vector<Part> parts = lock_all_parts(organization, session);
        (void)serve_waitlist(organization, session, clock, parts);
    }
}

std::int64_t serve_all_waitlists(std::int32_t organization, TimestampTz clock) {
    // Those for which there is something to do: the list ends, its policy has changed, a hold has run out, or seats
    // were left to whoever was working on the session.
    static constinit Statement statement(
        "SELECT s.id"
        "  FROM (SELECT DISTINCT x.session_id FROM booking.waitlist_entries AS x"
        "         WHERE x.organization_id = $1 AND x.status = 'waiting') AS w"
        "  JOIN booking.sessions AS s ON s.organization_id = $1 AND s.id = w.session_id"
        "  JOIN booking.activities AS a ON a.organization_id = $1 AND a.id = s.activity_id"
        " WHERE s.waiting > 0"
        "   AND (s.status <> 'open' OR s.start_time <= $2 OR s.kept_for_waitlist <> (a.waitlist_policy = 'strict')"
        "        OR " PGBK_EXPIRED_SEATS_SQL(
            "$1", "s.id",
            "$2") " > 0"
                  "        OR " PGBK_REMAINING_SQL " - s.oversold_by >= "
                  "           (SELECT x.party_size FROM booking.waitlist_entries AS x"
                  "             WHERE x.organization_id = $1 AND x.session_id = s.id AND x.status = 'waiting'"
                  "                AND x.party_size <= s.capacity_total"
                  "             ORDER BY CASE WHEN s.kept_for_waitlist THEN 0 ELSE x.party_size END, x.id LIMIT 1))"
                  " ORDER BY s.id FOR NO KEY UPDATE OF s SKIP LOCKED");
    const Rows rows = statement.write({organization, Value::timestamp(clock)});
    std::int64_t expired = 0;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        expired += reclaim_and_serve(organization, rows.uuid(row, 1), clock);
    }
    return expired;
}

} // namespace pgbk::capacity
