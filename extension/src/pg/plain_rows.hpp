// Many rows inserted without a statement (plain_table.hpp), as COPY writes them: a page at a time.
#pragma once

#include "pg/plain_access.hpp"
#include "pg/statement.hpp"

#include <span>

namespace pgbk {

class PlainRows {
public:
    // trigger: the one trigger function of the schema booking that an insert would fire, which the caller answers for;
    // nullptr if there is none. referenced: the caller answers for foreign keys of the columns to this table as well:
    // what is referred to exists, and stays until the transaction ends. Columns that are not named get their defaults.
    template <class... Columns>
    explicit constexpr PlainRows(const char* table, const char* trigger, const char* referenced, Columns... columns)
        : access_(PlainShape{PlainUse::insert, table, trigger, 0, {columns...}, sizeof...(columns), referenced}) {}

    // C++ frame. The values of one row after those of the other. Returns how many rows, from the first on, were
    // written: the others are for a statement. Raises what the statement would raise.
    std::size_t write(std::span<const Value> values);

private:
    PlainAccess access_;
};

} // namespace pgbk
