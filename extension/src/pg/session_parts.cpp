#include "pg/session_parts.hpp"

#include "pg/arguments.hpp"

namespace pgbk::capacity {

namespace {

Part part_in(const Rows& rows, std::uint64_t row) {
    return {rows.int4(row, 1), rows.int4(row, 2), rows.int4(row, 3),
            rows.is_null(row, 4) ? std::nullopt : std::optional(rows.int4(row, 4))};
}

void write_part(std::int32_t organization, const core::Uuid& session, const Part& part) {
    static constinit Statement row("UPDATE booking.sessions AS s SET remaining = $3, unpaid = $4, oversold_by = - $5"
                                   " WHERE s.organization_id = $1 AND s.id = $2");
    static constinit Statement lane("UPDATE booking.session_lanes AS l"
                                    "   SET remaining = $3, unpaid = $4, set_aside = $5"
                                    " WHERE l.organization_id = $1 AND l.session_id = $2 AND l.lane = $6");
    if (part.lane < 0) {
        row.write({organization, session, part.remaining, part.unpaid, part.aside.value_or(0)});
    } else {
        lane.write({organization, session, part.remaining, part.unpaid,
                    part.aside.has_value() ? Value(*part.aside) : Value::null(INT4OID), part.lane});
    }
}

} // namespace

Total total(const std::vector<Part>& parts) {
    Total sum{0, 0, false};
    for (const Part& part : parts) {
        sum.free += part.remaining + part.aside.value_or(0);
        sum.unpaid += part.unpaid;
        sum.any_aside = sum.any_aside || (part.lane < 0 ? part.aside != 0 : part.aside.has_value());
    }
    return sum;
}

void lock_row(std::int32_t organization, const core::Uuid& session) {
    static constinit Statement statement("SELECT 1 FROM booking.sessions AS s"
                                         " WHERE s.organization_id = $1 AND s.id = $2 FOR NO KEY UPDATE");
    statement.write({organization, session});
}

std::vector<Part> lock_all_parts(std::int32_t organization, const core::Uuid& session) {
    static constinit Statement row("SELECT -1, s.remaining, s.unpaid, - s.oversold_by FROM booking.sessions AS s"
                                   " WHERE s.organization_id = $1 AND s.id = $2 FOR NO KEY UPDATE");
    static constinit Statement lanes("SELECT l.lane::integer, l.remaining, l.unpaid, l.set_aside"
                                     "  FROM booking.session_lanes AS l"
                                     " WHERE l.organization_id = $1 AND l.session_id = $2"
                                     " ORDER BY l.lane FOR NO KEY UPDATE");
    const Rows first = row.write({organization, session});
    if (first.empty()) {
        refuse_unknown_session(session);
    }
    std::vector<Part> parts{part_in(first, 0)};
    const Rows rows = lanes.write({organization, session});
    for (std::uint64_t i = 0; i < rows.count(); ++i) {
        parts.push_back(part_in(rows, i));
    }
    return parts;
}

std::vector<Part> read_all_parts(std::int32_t organization, const core::Uuid& session) {
    static constinit Statement statement(
        "SELECT -1, s.remaining, s.unpaid, - s.oversold_by FROM booking.sessions AS s"
        " WHERE s.organization_id = $1 AND s.id = $2"
        " UNION ALL "
        "SELECT l.lane, l.remaining, l.unpaid, l.set_aside FROM booking.session_lanes AS l"
        " WHERE l.organization_id = $1 AND l.session_id = $2 ORDER BY 1");
    const Rows rows = statement.write({organization, session});
    std::vector<Part> parts;
    for (std::uint64_t i = 0; i < rows.count(); ++i) {
        parts.push_back(part_in(rows, i));
    }
    return parts;
}

std::int32_t part_of(std::int32_t all, std::int32_t lanes, std::int32_t lane) {
    return all / lanes + (lane < all % lanes ? 1 : 0);
}

void arrange(std::vector<Part>& parts, std::int64_t free, bool is_for_sale) {
    const auto lanes = static_cast<std::int32_t>(parts.size()) - 1;
    const auto spread = static_cast<std::int32_t>(std::max<std::int64_t>(free, 0));
    for (Part& part : parts) {
        if (part.lane < 0) {
            part.remaining = lanes == 0 ? spread : 0;
            part.aside = static_cast<std::int32_t>(std::min<std::int64_t>(free, 0));
            continue;
        }
        const std::int32_t here = part_of(spread, lanes, part.lane);
        const bool is_aside = free < 0 || !is_for_sale;
        part.remaining = is_aside ? 0 : here;
        part.aside = is_aside ? std::optional(here) : std::nullopt;
    }
}

void write_parts(std::int32_t organization, const core::Uuid& session, const std::vector<Part>& parts,
                 const std::vector<Part>& before) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i >= before.size() || parts[i] != before[i]) {
            write_part(organization, session, parts[i]);
        }
    }
}

} // namespace pgbk::capacity
