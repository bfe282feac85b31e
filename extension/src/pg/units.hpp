// The units of activities, as the server layer reads and stores them. What they mean is said by core/unit_items.hpp.
#pragma once

#include "core/unit_items.hpp"
#include "pg/arguments.hpp"

namespace pgbk {

// All units of the session's activity, in the order in which they are offered; none if it has none. Throws Refusal
// session_not_found.
std::vector<core::UnitRule> unit_rules_of(std::int32_t organization, const core::Uuid& session);

std::vector<core::UnitRule> unit_rules_of_activity(std::int32_t organization, const core::Uuid& activity);

// The same as the caller's own statement sees it, also on a standby.
std::vector<core::UnitRule> unit_rules_read(std::int32_t organization, const core::Uuid& session);

// What argument i asks for; nothing where it is NULL or was left out.
std::vector<core::UnitItem> unit_items_argument(const Call& call, int i);

// The lines of a column unit_items.
std::vector<core::UnitLine> unit_lines_in(const std::optional<Datum>& unit_items);

// The price of a hold or booking by its unit_items, as an SQL expression; NULL where there are none.
#define PGBK_UNITS_PRICE_SQL(unit_items)                                                                               \
    "(SELECT sum((x.item ->> 'quantity')::bigint * (x.item ->> 'price_minor')::bigint)::bigint"                        \
    "   FROM jsonb_array_elements(" unit_items ") AS x (item))"

// The price of a seat of a hold that says nothing of units, though activity a was sold by them when it was made at this
// time: that of the default unit; else NULL. Whoever writes holds by statements of his own cannot sell past the units.
#define PGBK_DEFAULT_UNIT_PRICE_SQL(at)                                                                                \
    "(SELECT u.price_minor FROM booking.activity_units AS u"                                                           \
    "  WHERE a.has_units AND u.organization_id = $1 AND u.activity_id = a.id AND u.active AND u.pax_count = 1"         \
    "    AND u.created_at <= " at " ORDER BY u.sort_order, u.code LIMIT 1)"

// How many of each unit, for people and events: {"adult": 2}; NULL where there are none.
#define PGBK_UNITS_COUNT_SQL(unit_items)                                                                               \
    "(SELECT jsonb_object_agg(y.unit, y.quantity)"                                                                     \
    "   FROM (SELECT x.item ->> 'unit' AS unit, sum((x.item ->> 'quantity')::integer) AS quantity"                     \
    "           FROM jsonb_array_elements(" unit_items ") AS x (item) GROUP BY 1) AS y)"

// Tickets of these lines for the booking, one each, numbered after those that there are.
void write_tickets(std::int32_t organization, const core::Uuid& booking, const std::vector<core::UnitLine>& lines);

// The one place that turns a request into a priced order: what is asked for, or, if that is nothing, so many of the
// default unit.
core::UnitOrder order_for(const std::vector<core::UnitRule>& rules, const std::vector<core::UnitItem>& items,
                          std::int32_t party_size);

} // namespace pgbk
