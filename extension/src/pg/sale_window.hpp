// How late and how early customers may book a session: minimum notice and maximum advance of its activity.
#pragma once

#include "core/identifier.hpp"
#include "pg/statement.hpp"

namespace pgbk {

// Of session s and its activity a: from when until when it may be booked.
#define PGBK_OPENS_AT_SQL "COALESCE(s.start_time - a.max_advance_seconds * interval '1 second', '-infinity')"
#define PGBK_CLOSES_AT_SQL "(s.start_time - a.min_notice_seconds * interval '1 second')"
#define PGBK_IN_WINDOW_SQL(clock) "(" clock " BETWEEN " PGBK_OPENS_AT_SQL " AND " PGBK_CLOSES_AT_SQL ")"

struct SaleWindow {
    TimestampTz opens_at;
    TimestampTz closes_at;

    bool contains(TimestampTz clock) const { return opens_at <= clock && clock <= closes_at; }
};

// Throws Refusal too_late_to_book or too_early_to_book.
void check_sale_window(const core::Uuid& session, const SaleWindow& window, TimestampTz clock);
void check_sale_window(std::int32_t organization, const core::Uuid& session, TimestampTz clock);

} // namespace pgbk
