// One row inserted without a statement (plain_table.hpp).
#pragma once

#include "pg/plain_access.hpp"
#include "pg/statement.hpp"

namespace pgbk {

class PlainInsert {
public:
    // trigger: the one trigger function of the schema booking that an insert would fire, which the caller answers for.
    // Columns that are not named get their defaults.
    template <class... Columns>
    explicit constexpr PlainInsert(const char* table, const char* trigger, Columns... columns)
        : access_(PlainShape{PlainUse::insert, table, trigger, 0, {columns...}, sizeof...(columns)}) {}

    // C++ frame. False: the table is not plain, and nothing was done. Raises what the statement would raise.
    bool write(std::initializer_list<Value> values);

private:
    PlainAccess access_;
};

} // namespace pgbk
