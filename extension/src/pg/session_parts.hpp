// The places where a session's free seats lie: its row, and its lanes. A part of take and give (capacity.hpp), for what
// looks at all of them at once.
//
// What is not for sale lies aside. The row's oversold_by counts the seats that were sold beyond the capacity; a lane
// keeps, once set_aside is not NULL, what is given back to it there and not in remaining. So a lane gives nothing away
// while seats are missing elsewhere, or while the session is closed, and whoever takes from a lane finds that out by
// the row that he changes anyway. Only sums have a meaning: the free seats are those for sale and aside less those
// oversold, and arrange() puts them right with all parts locked.
#pragma once

#include "core/identifier.hpp"

#include <optional>
#include <vector>

namespace pgbk::capacity {

struct Part {
    std::int32_t lane; // -1: the session's row
    std::int32_t remaining;
    std::int32_t unpaid;
    std::optional<std::int32_t> aside; // of the row: less what is oversold

    friend bool operator==(const Part&, const Part&) = default;
};

struct Total {
    std::int64_t free; // negative: so many are oversold
    std::int64_t unpaid;
    bool any_aside;
};

Total total(const std::vector<Part>& parts);

// The session's row alone, before any of its lanes is.
void lock_row(std::int32_t organization, const core::Uuid& session);

// The session's row first, then its lanes. Locks the row and all lanes, in this order; throws Refusal
// session_not_found.
std::vector<Part> lock_all_parts(std::int32_t organization, const core::Uuid& session);
std::vector<Part> read_all_parts(std::int32_t organization, const core::Uuid& session);

// What falls to a lane when a number is spread evenly.
std::int32_t part_of(std::int32_t all, std::int32_t lanes, std::int32_t lane);

// Spreads the free seats evenly: for sale, unless some are missing or nothing is sold.
void arrange(std::vector<Part>& parts, std::int64_t free, bool is_for_sale);

// Writes those that differ from before, which is of the same session or empty.
void write_parts(std::int32_t organization, const core::Uuid& session, const std::vector<Part>& parts,
                 const std::vector<Part>& before);

} // namespace pgbk::capacity
