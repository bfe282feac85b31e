// check_in, check_out, mark_no_show and their undoing: staff say what became of the units of a booking, one a ticket
// or, where the party is of seats, one a seat; by number, or by the code of a ticket.
//
// A scan carries a nonce of its own: repeated, because an answer was lost, it changes nothing; another scan of the same
// unit is refused. Seats have rows only once something became of one of them.
#include "core/booking_token.hpp"
#include "core/unit_state.hpp"
#include "pg/digest.hpp"
#include "pg/live_booking.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;
using core::UnitAction;
using core::UnitOutcome;

struct Scan {
    UnitAction action;
    std::optional<std::int32_t> unit; // all that it can be, if none is named
    std::optional<std::string_view> nonce;
};

void check_scan(const Scan& scan) {
    constexpr std::size_t longest = 255;
    const auto is_printable = [](char c) { return c > ' ' && c <= '~'; };
    if (scan.nonce.has_value() && (scan.nonce->empty() || scan.nonce->size() > longest ||
                                   !std::all_of(scan.nonce->begin(), scan.nonce->end(), is_printable))) {
        throw Refusal(RefusalKind::invalid_scan, "scan_nonce must be 1 to 255 printable ASCII characters", {}, {},
                      "scan_nonce");
    }
}

void check_may_arrive(const LiveBooking& booking, const Scan& scan, TimestampTz clock) {
    const std::string which = "booking " + uuid_text(booking.id);
    if (!booking.is_staff) {
        throw Refusal(RefusalKind::staff_only, "only staff check people in and out");
    }
    if (booking.status == "cancelled") {
        throw Refusal(RefusalKind::booking_cancelled, which + " was cancelled");
    }
    if (booking.status == "pending" || booking.status == "paid") {
        throw Refusal(RefusalKind::wrong_booking_state,
                      which + " is " + std::string(booking.status) + ": nobody can arrive before it has a time");
    }
    if (scan.action == UnitAction::mark_no_show && booking.start.has_value() && clock < *booking.start) {
        throw Refusal(RefusalKind::wrong_booking_state,
                      which + " only begins at " + timestamp_text(*booking.start) + ", so nobody is missing yet");
    }
    if (scan.unit.has_value() && (*scan.unit < 1 || *scan.unit > booking.unit_count)) {
        throw Refusal(RefusalKind::invalid_unit,
                      which + " has units 1 to " + std::to_string(booking.unit_count) + ", not " +
                          std::to_string(*scan.unit),
                      {}, {}, "unit");
    }
}

// All of them, in order; seats get rows if they have none yet.
Rows units_of(const LiveBooking& booking) {
    static constinit Statement insert("INSERT INTO booking.booking_units (organization_id, booking_id, unit)"
                                      " SELECT $1, $2, n FROM generate_series(1, $3) AS n"
                                      " ON CONFLICT (organization_id, booking_id, unit) DO NOTHING");
    static constinit Statement select("SELECT u.unit, u.status, u.in_nonce, u.out_nonce FROM booking.booking_units AS u"
                                      " WHERE u.organization_id = $1 AND u.booking_id = $2 ORDER BY u.unit");
    if (!booking.unit_items.has_value()) {
        insert.write({booking.organization, booking.id, booking.party_size});
    }
    return select.write({booking.organization, booking.id});
}

bool is_same_scan(const Rows& units, std::uint64_t row, const Scan& scan) {
    if (scan.action != UnitAction::check_in && scan.action != UnitAction::check_out) {
        return true;
    }
    const int column = scan.action == UnitAction::check_in ? 3 : 4;
    const auto before = units.is_null(row, column) ? std::nullopt : std::optional(units.bytes(row, column));
    return before == scan.nonce;
}

// What the scan means for the units: those to be changed. Throws where it means nothing.
std::vector<std::int32_t> units_to_change(const LiveBooking& booking, const Rows& units, const Scan& scan) {
    std::vector<std::int32_t> changed;
    bool is_repeated = false;
    bool was_scanned = false;
    bool is_there = !scan.unit.has_value();
    std::string_view status;
    for (std::uint64_t row = 0; row < units.count(); ++row) {
        if (scan.unit.has_value() && units.int4(row, 1) != *scan.unit) {
            continue;
        }
        is_there = true;
        if (!scan.unit.has_value() && units.bytes(row, 2) == "cancelled") {
            continue; // it is no part of the party any more
        }
        status = units.bytes(row, 2);
        const UnitOutcome outcome = core::unit_after(scan.action, status).outcome;
        if (outcome == UnitOutcome::changed) {
            changed.push_back(units.int4(row, 1));
        } else if (outcome == UnitOutcome::already) {
            (is_same_scan(units, row, scan) ? is_repeated : was_scanned) = true;
        }
    }
    if (!is_there) {
        throw Refusal(RefusalKind::invalid_unit,
                      "booking " + uuid_text(booking.id) + " has no unit " + std::to_string(*scan.unit) + " any more",
                      {}, {}, "unit");
    }
    if (is_repeated) {
        return scan.nonce.has_value() ? std::vector<std::int32_t>{} : changed; // the scan has been here
    }
    if (changed.empty() && was_scanned) {
        throw Refusal(RefusalKind::already_scanned,
                      "booking " + uuid_text(booking.id) + " was scanned before, by another scan", {},
                      "Who has been checked in, or out, is not once more; undo it if it was a mistake.");
    }
    if (changed.empty()) {
        throw Refusal(RefusalKind::wrong_booking_state,
                      "what was asked for is not possible with a unit that is " + std::string(status));
    }
    return changed;
}

void write_unit(const LiveBooking& booking, std::int32_t unit, const Scan& scan, TimestampTz clock) {
    // An undone scan leaves no trace here: the same pass may be scanned again.
    static constinit Statement statement(
        "UPDATE booking.booking_units AS u"
        "   SET status = CASE $4 WHEN 0 THEN 'checked_in' WHEN 1 THEN 'checked_out' WHEN 2 THEN 'no_show'"
        "                        WHEN 4 THEN 'checked_in' ELSE 'booked' END,"
        "       checked_in_at = CASE $4 WHEN 0 THEN $5 WHEN 3 THEN NULL ELSE u.checked_in_at END,"
        "       in_nonce = CASE $4 WHEN 0 THEN $6 WHEN 3 THEN NULL ELSE u.in_nonce END,"
        "       checked_out_at = CASE $4 WHEN 1 THEN $5 WHEN 4 THEN NULL ELSE u.checked_out_at END,"
        "       out_nonce = CASE $4 WHEN 1 THEN $6 WHEN 4 THEN NULL ELSE u.out_nonce END,"
        "       no_show_at = CASE WHEN $4 = 2 THEN $5 WHEN $4 IN (0, 5) THEN NULL ELSE u.no_show_at END"
        " WHERE u.organization_id = $1 AND u.booking_id = $2 AND u.unit = $3");
    statement.write({booking.organization, booking.id, unit, static_cast<std::int32_t>(scan.action),
                     Value::timestamp(clock), text_or_null(scan.nonce)});
}

Rows counts_of(const LiveBooking& booking) {
    static constinit Statement statement(
        "SELECT b.status, b.version,"
        "       CASE WHEN b.unit_items IS NULL"
        "            THEN b.party_size - count(u.unit) FILTER (WHERE u.status <> 'booked')::integer"
        "            ELSE count(u.unit) FILTER (WHERE u.status = 'booked')::integer END,"
        "       count(u.unit) FILTER (WHERE u.status = 'checked_in')::integer,"
        "       count(u.unit) FILTER (WHERE u.status = 'checked_out')::integer,"
        "       count(u.unit) FILTER (WHERE u.status = 'no_show')::integer"
        "  FROM booking.bookings AS b"
        "  LEFT JOIN booking.booking_units AS u ON u.organization_id = $1 AND u.booking_id = b.id"
        " WHERE b.organization_id = $1 AND b.id = $2 GROUP BY b.organization_id, b.id");
    return statement.write({booking.organization, booking.id});
}

void write_booking(const LiveBooking& booking, TimestampTz clock) {
    static constinit Statement statement(
        "UPDATE booking.bookings AS b SET status = $3, version = b.version + 1, updated_at = $4"
        " WHERE b.organization_id = $1 AND b.id = $2");
    const Rows counts = counts_of(booking);
    const std::string_view status = core::booking_status_of(
        {counts.int4(0, 3), counts.int4(0, 4), counts.int4(0, 5), counts.int4(0, 6)}, booking.status);
    statement.write({booking.organization, booking.id, status, Value::timestamp(clock)});
}

// The booking must be locked.
Rows apply_scan(const LiveBooking& booking, const Scan& scan) {
    const TimestampTz clock = settings::now();
    check_may_arrive(booking, scan, clock);
    const Rows units = units_of(booking);
    const std::vector<std::int32_t> changed = units_to_change(booking, units, scan);
    for (const std::int32_t unit : changed) {
        write_unit(booking, unit, scan, clock);
    }
    if (!changed.empty()) {
        write_booking(booking, clock);
    }
    return counts_of(booking);
}

Datum scan_body(Call& call, UnitAction action) {
    const core::Uuid id = uuid_argument(call, 0, "booking_id");
    const Scan scan{action, optional_int4(call, 1), optional_text(call, 2)};
    check_scan(scan);
    const LiveBooking booking = lock_live_booking(call, id, std::nullopt);
    const Rows counts = apply_scan(booking, scan);
    return record_result(call, {counts.bytes(0, 1), counts.int4(0, 3), counts.int4(0, 4), counts.int4(0, 5),
                                counts.int4(0, 6), Value::int8(counts.int8(0, 2))});
}

UnitAction action_named(std::string_view word) {
    if (word != "check_in" && word != "check_out") {
        throw Refusal(RefusalKind::invalid_scan, "action must be check_in or check_out, got " + core::quoted(word), {},
                      {}, "action");
    }
    return word == "check_in" ? UnitAction::check_in : UnitAction::check_out;
}

// Its booking, number and unit.
Rows find_ticket(std::string_view code) {
    static constinit Statement statement("SELECT u.booking_id, u.unit, u.unit_code FROM booking.booking_units AS u"
                                         " WHERE u.organization_id = $1 AND u.ticket_hash = $2");
    const auto ticket = core::parse_booking_token(code);
    const Digest hash = ticket.has_value() ? sha256_of(as_bytes(ticket->token)) : Digest{};
    Rows rows = statement.write({ticket.has_value() ? ticket->organization : 0, Value::bytea(as_bytes(hash))});
    if (rows.empty()) {
        throw Refusal(RefusalKind::ticket_not_found, "no ticket has this code", {}, // never shown: it lets people in
                      "It was never issued, or another one was issued in its place.", "ticket_code");
    }
    return rows;
}

Datum scan_ticket_body(Call& call) {
    const std::string_view code = text_argument(call, 0, "ticket_code");
    Scan scan{action_named(text_argument(call, 1, "action")), std::nullopt, optional_text(call, 2)};
    check_scan(scan);
    const core::Uuid id = find_ticket(code).uuid(0, 1);
    const LiveBooking booking = lock_live_booking(call, id, std::nullopt);
    const Rows ticket = find_ticket(code); // it may have been replaced meanwhile
    scan.unit = ticket.int4(0, 2);
    const Rows counts = apply_scan(booking, scan);
    return record_result(call, {id, *scan.unit, ticket.is_null(0, 3) ? Value::null(TEXTOID) : Value(ticket.bytes(0, 3)),
                                counts.bytes(0, 1), counts.int4(0, 3), counts.int4(0, 4), counts.int4(0, 5),
                                counts.int4(0, 6), Value::int8(counts.int8(0, 2))});
}

Datum check_in_body(Call& call) {
    return scan_body(call, UnitAction::check_in);
}

Datum check_out_body(Call& call) {
    return scan_body(call, UnitAction::check_out);
}

Datum mark_no_show_body(Call& call) {
    return scan_body(call, UnitAction::mark_no_show);
}

Datum undo_check_in_body(Call& call) {
    return scan_body(call, UnitAction::undo_check_in);
}

Datum undo_check_out_body(Call& call) {
    return scan_body(call, UnitAction::undo_check_out);
}

Datum undo_no_show_body(Call& call) {
    return scan_body(call, UnitAction::undo_no_show);
}

} // namespace

PGBK_WRITER(check_in, check_in_body);
PGBK_WRITER(check_out, check_out_body);
PGBK_WRITER(mark_no_show, mark_no_show_body);
PGBK_WRITER(undo_check_in, undo_check_in_body);
PGBK_WRITER(undo_check_out, undo_check_out_body);
PGBK_WRITER(undo_no_show, undo_no_show_body);
PGBK_WRITER(scan_ticket, scan_ticket_body);

} // namespace pgbk
