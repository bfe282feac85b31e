// Seats taken from a counter without a statement (plain_table.hpp), where nobody is in the way.
#pragma once

#include "core/identifier.hpp"
#include "pg/plain_access.hpp"

namespace pgbk {

// One row found by its primary key.
class PlainRow {
public:
    template <class... Columns>
    explicit constexpr PlainRow(const char* table, int keys, Columns... columns)
        : access(PlainShape{PlainUse::look, table, nullptr, keys, {columns...}, sizeof...(columns)}) {}

    PlainAccess access;
};

// A counter: a table's primary key, its column remaining, and others that are looked at.
class PlainCounter {
public:
    template <class... Columns>
    explicit constexpr PlainCounter(const char* table, int keys, Columns... columns)
        : access(PlainShape{PlainUse::update, table, nullptr, keys, {columns...}, sizeof...(columns)}) {}

    PlainAccess access;
};

enum class PlainTake : std::uint8_t {
    taken,
    refused, // the statement would find no row
    unknown, // nothing is changed; the statement knows: somebody is working on the row, or it is not of a plain table
};

// What is wanted of which row.
struct PlainWish {
    std::int32_t organization;
    core::Uuid version; // of the organization's rules
    const Datum* keys;
    std::int32_t seats;
    std::int32_t at_least; // seats that must be there
    // Server frame: whether the columns after the counter, none of them NULL, are as they should be.
    bool (*suits)(const Datum* values, TimestampTz clock);
    TimestampTz clock;
};

// C++ frame. Both rows are looked at as they are at one time; a lock that is waited for leaves it to the statement.
PlainTake take_plainly(PlainCounter& counter, const PlainWish& wish);

} // namespace pgbk
