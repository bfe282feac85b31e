// On which terms a session is sold, as this backend knows them: everything a hold depends on besides the seats.
//
// Looking them up would cost each hold as much as all the rest. So they are read once, together with the version of the
// organization's rules, and a statement that relies on them names the version: it does nothing if the rules have
// changed. Triggers give the organization a new version with every change of an activity's limits, of a session's
// status, of who wants events (renew_rules_version). A version is an id that is used once, so that one which was rolled
// back never returns.
#pragma once

#include "core/identifier.hpp"
#include "pg/sale_window.hpp"
#include "pg/statement.hpp"

namespace pgbk {

struct Terms {
    core::Uuid version;
    TimestampTz start_time;
    std::int32_t hold_seconds;
    std::int32_t hold_seconds_max;
    std::int32_t party_size_min;
    std::int32_t party_size_max; // the session's seats, unless the activity says less
    bool is_limited;   // by address, by what is unpaid, by resources, or sold by units: looked at in steps of its own
    bool makes_events; // the organization wants events of holds
    bool has_endpoint; // and so does one of its webhooks
    SaleWindow window;
    core::Uuid activity;
    std::optional<std::int32_t> party_size_most; // what the activity says of party_size_max

    bool admit(std::int32_t party_size, std::optional<std::int32_t> seconds, TimestampTz clock) const {
        const std::int32_t length = seconds.value_or(hold_seconds);
        return clock < start_time && window.contains(clock) && party_size >= party_size_min &&
               party_size <= party_size_max && length >= 1 && length <= hold_seconds_max;
    }
};

// The columns of a statement that terms are read from, of a session s that is open, its activity a and organization o.
// $1 is the organization.
#define PGBK_TERMS_SQL                                                                                                 \
    "o.rules_version, s.start_time, a.hold_seconds, a.hold_seconds_max, a.party_size_min,"                             \
    " COALESCE(a.party_size_max, s.capacity_total) AS party_size_max,"                                                 \
    " a.live_holds_per_email IS NOT NULL OR a.unpaid_percent_max IS NOT NULL OR a.has_units OR s.uses_resources"       \
    "     AS is_limited,"                                                                                              \
    " o.reservation_events,"                                                                                           \
    " EXISTS (SELECT 1 FROM booking.webhook_endpoints AS e WHERE e.organization_id = $1 AND e.status = 'active'"       \
    "            AND e.events && ARRAY['*', 'reservation.held', 'reservation.*']) AS has_endpoint,"                    \
    " " PGBK_OPENS_AT_SQL " AS opens_at, " PGBK_CLOSES_AT_SQL " AS closes_at, a.id AS terms_of,"                       \
    " a.party_size_max AS party_size_most"

// From row 0, the first of them in this column.
Terms read_terms(const Rows& rows, int column);

// A session's row as somebody has just read it.
struct TermsOfSession {
    core::Uuid activity;
    TimestampTz start_time;
    std::int32_t capacity;
};

// The terms of a session that nothing is known of yet, if those of another one of its activity are. They name the same
// version: if the activity has changed since, they do not hold.
std::optional<Terms> derive_terms(const TermsOfSession& session);

// What is known of the session; nullptr if nothing is. Until remember_terms() is called again.
const Terms* known_terms(const core::Uuid& session);
void remember_terms(const core::Uuid& session, const Terms& terms);
void forget_all_terms();

} // namespace pgbk
