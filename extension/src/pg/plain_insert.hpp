// One row inserted without a statement.
//
// Most of what an INSERT of one row costs is the statement: each execution builds an executor, and reads, plans and
// compiles the table's CHECK constraints and the expressions of its indexes again from their text. Where a table is
// plain, a row can be written as logical replication writes it, by the server's own functions for rows, constraints and
// indexes, and what was compiled can be kept until somebody changes the table.
//
// Plain is a table of the kind that install() has made. An owner's own trigger, a rule, forced row security, another
// table access method or kind of index, a distributed engine: all of them are for statements, and get one.
#pragma once

#include "pg/statement.hpp"

#include <array>

namespace pgbk {

struct PlainTable; // what is kept of a table; plain data

class PlainInsert {
public:
    static constexpr std::size_t most_columns = 16;

    // A table of the schema booking, the one trigger function that inserts there fire, which the caller answers for,
    // and the columns that values are given for; the others get their defaults.
    template <class... Columns>
    explicit constexpr PlainInsert(const char* table, const char* trigger, Columns... columns)
        : table_(table), trigger_(trigger), columns_{columns...}, count_(sizeof...(columns)) {}

    // C++ frame. False: the table is not plain, and nothing was done. Raises what the statement would raise.
    bool write(std::initializer_list<Value> values);

private:
    friend struct PlainTableAccess;

    const char* table_;
    const char* trigger_;
    std::array<const char*, most_columns> columns_;
    int count_;
    bool is_registered_ = false;
    bool is_in_use_ = false; // a default or an index expression that inserts on its way uses a statement
    PlainTable* kept_ = nullptr;
    PlainInsert* next_ = nullptr;
};

} // namespace pgbk
