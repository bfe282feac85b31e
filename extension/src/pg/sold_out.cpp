#include "pg/sold_out.hpp"

#include "core/refusal.hpp"
#include "pg/arguments.hpp"
#include "pg/lane.hpp"
#include "pg/plain_counter.hpp"

namespace pgbk {

[[noreturn]] void refuse_sold_out(const Request& request, std::int64_t available) {
    throw core::Refusal(core::RefusalKind::sold_out,
                        "session " + uuid_text(request.session) + " has not enough seats left for a party of " +
                            std::to_string(request.party_size),
                        "Seats available: " + std::to_string(std::max<std::int64_t>(available, 0)) + ".",
                        "Choose another session: booking.next_available_sessions() lists those with enough seats.");
}

[[noreturn]] void refuse_for_others_are_waiting(const Request& request) {
    throw core::Refusal(core::RefusalKind::others_are_waiting,
                        "others wait for seats of session " + uuid_text(request.session) +
                            " and are offered them first",
                        {}, "Join them with booking.join_waitlist(), or choose another session.");
}

void remember_no_hold_has_run_out(const Request& request, TimestampTz clock) {
    static constinit Statement statement(
        "SELECT LEAST(min(h.expires_at), $3 + interval '1 second')"
        "  FROM booking.slot_reservations AS h"
        " WHERE h.organization_id = $1 AND h.session_id = $2 AND h.status = 'pending' AND h.expires_at > $3");
    const Rows rows = statement.write({request.organization, request.session, Value::timestamp(clock)});
    remember_counters_tell(request.session, clock, rows.timestamp(0, 1));
}

namespace {

// By the counters; nothing if there are none.
std::optional<std::int64_t> seats_of(std::int32_t organization, const core::Uuid& session, bool in_lanes) {
    if (const auto seats = plain_seats(organization, session, in_lanes); seats.has_value()) {
        return seats;
    }
    static constinit Statement in_lanes_statement(
        "SELECT l.remaining + COALESCE(l.set_aside, 0) FROM booking.session_lanes AS l"
        " WHERE l.organization_id = $1 AND l.session_id = $2");
    static constinit Statement in_session("SELECT s.remaining FROM booking.sessions AS s"
                                          " WHERE s.organization_id = $1 AND s.id = $2");
    const Rows rows = (in_lanes ? in_lanes_statement : in_session).write({organization, session});
    std::int64_t seats = 0;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        seats += rows.int4(row, 1);
    }
    return rows.empty() ? std::nullopt : std::optional(seats);
}

} // namespace

void refuse_if_still_sold_out(const Request& request, TimestampTz clock) {
    const Terms* const terms = known_terms(request.session);
    if (terms == nullptr || !terms->admit(request.party_size, request.hold_seconds, clock) ||
        !counters_tell(request.session, clock)) {
        return;
    }
    const auto available = seats_of(request.organization, request.session, lanes_seen(request.session) > 0);
    if (available.has_value() && *available < request.party_size) {
        refuse_sold_out(request, *available);
    }
}

} // namespace pgbk
