#include "pg/units.hpp"

#include "pg/jsonb_node.hpp"

#include <algorithm>

namespace pgbk {

namespace {

#define PGBK_UNIT_SQL                                                                                                  \
    "SELECT u.code, u.price_minor, u.pax_count, u.min_quantity, u.max_quantity,"                                       \
    "       array_to_string(u.accompanied_by, ' '), u.active"
#define PGBK_UNIT_RULES_SQL                                                                                            \
    PGBK_UNIT_SQL                                                                                                      \
    "  FROM booking.sessions AS s"                                                                                     \
    "  LEFT JOIN booking.activity_units AS u ON u.organization_id = $1 AND u.activity_id = s.activity_id"              \
    " WHERE s.organization_id = $1 AND s.id = $2 ORDER BY u.sort_order, u.code"

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        words.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

std::vector<core::UnitRule> rules_in(const Rows& rows) {
    std::vector<core::UnitRule> rules;
    for (std::uint64_t row = 0; row < rows.count() && !rows.is_null(row, 1); ++row) {
        rules.push_back({std::string(rows.bytes(row, 1)), rows.int8(row, 2), rows.int4(row, 3), rows.int4(row, 4),
                         rows.is_null(row, 5) ? std::nullopt : std::optional(rows.int4(row, 5)),
                         words_of(rows.bytes(row, 6)), rows.boolean(row, 7)});
    }
    return rules;
}

std::vector<core::UnitRule> rules_in(const Rows& rows, const core::Uuid& session) {
    if (rows.empty()) {
        refuse_unknown_session(session);
    }
    return rules_in(rows);
}

} // namespace

std::vector<core::UnitRule> unit_rules_of(std::int32_t organization, const core::Uuid& session) {
    static constinit Statement statement(PGBK_UNIT_RULES_SQL);
    return rules_in(statement.write({organization, session}), session);
}

std::vector<core::UnitRule> unit_rules_read(std::int32_t organization, const core::Uuid& session) {
    static constinit Statement statement(PGBK_UNIT_RULES_SQL);
    return rules_in(statement.read({organization, session}), session);
}

std::vector<core::UnitRule> unit_rules_of_activity(std::int32_t organization, const core::Uuid& activity) {
    static constinit Statement statement(PGBK_UNIT_SQL "  FROM booking.activity_units AS u"
                                                       " WHERE u.organization_id = $1 AND u.activity_id = $2"
                                                       " ORDER BY u.sort_order, u.code");
    return rules_in(statement.write({organization, activity}));
}

std::vector<core::UnitItem> unit_items_argument(const Call& call, int i) {
    if (is_absent(call, i)) {
        return {};
    }
    const Datum document = jsonb_argument(call, i, "unit_items");
    const core::JsonNode* const tree = server([&] { return json_tree(DatumGetJsonbP(document)); });
    return core::read_unit_items(*tree);
}

std::vector<core::UnitLine> unit_lines_in(const std::optional<Datum>& unit_items) {
    static constinit Statement statement(
        "SELECT x.item ->> 'unit', (x.item ->> 'quantity')::integer, (x.item ->> 'price_minor')::bigint,"
        "       (x.item ->> 'pax_count')::integer"
        "  FROM jsonb_array_elements($1) WITH ORDINALITY AS x (item, place) ORDER BY x.place");
    std::vector<core::UnitLine> lines;
    if (unit_items.has_value()) {
        const Rows rows = statement.write({Value::jsonb(*unit_items)});
        for (std::uint64_t row = 0; row < rows.count(); ++row) {
            lines.push_back({std::string(rows.bytes(row, 1)), rows.int4(row, 2), rows.int8(row, 3), rows.int4(row, 4)});
        }
    }
    return lines;
}

void write_tickets(std::int32_t organization, const core::Uuid& booking, const std::vector<core::UnitLine>& lines) {
    static constinit Statement statement(
        "INSERT INTO booking.booking_units (organization_id, booking_id, unit, unit_code, price_minor, pax_count)"
        " SELECT $1, $2, (SELECT COALESCE(max(u.unit), 0) FROM booking.booking_units AS u"
        "                  WHERE u.organization_id = $1 AND u.booking_id = $2)"
        "                + row_number() OVER (ORDER BY x.place, n)::integer,"
        "        x.item ->> 'unit', (x.item ->> 'price_minor')::bigint, (x.item ->> 'pax_count')::integer"
        "   FROM jsonb_array_elements($3::jsonb) WITH ORDINALITY AS x (item, place),"
        "        generate_series(1, (x.item ->> 'quantity')::integer) AS n");
    const std::string text = core::unit_lines_text(lines);
    statement.write({organization, booking, std::string_view(text)});
}

core::UnitOrder order_for(const std::vector<core::UnitRule>& rules, const std::vector<core::UnitItem>& items,
                          std::int32_t party_size) {
    return items.empty() ? core::order_units({core::default_unit(rules, party_size)}, rules)
                         : core::order_units(items, rules);
}

} // namespace pgbk
