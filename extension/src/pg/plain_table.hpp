// Tables that rows are written to without a statement, and what is kept of them for the life of the backend, in a
// memory context of its own: whether the table is plain, and if so everything that was compiled.
//
// Most of what a statement on one row costs is the statement: each execution builds an executor, and reads, plans and
// compiles the table's CHECK constraints and the expressions of its indexes again from their text. Where a table is
// plain, a row is written as logical replication writes it, by the server's own functions for rows, constraints and
// indexes, and what was compiled is kept until somebody changes the table.
//
// Plain is a table of the kind that install() has made. An owner's own trigger, a rule, forced row security, another
// table access method or kind of index, a distributed engine: all of them are for statements, and get one.
#pragma once

#include "pg/pg.hpp"

#include <array>

namespace pgbk {

struct PlainColumn {
    const char* name = nullptr;
    Oid type = InvalidOid;
};

enum class PlainUse : std::uint8_t {
    insert, // of a row; there is one trigger function that it would fire, which the caller answers for
    update, // of the column after the keys, in a row that is found by them
    look,   // at a row that is found by its keys
};

// What is done with a table of the schema booking.
struct PlainShape {
    static constexpr std::size_t most_columns = 16;

    PlainUse use;
    const char* table;
    const char* trigger; // of an insert
    int keys;            // so many of the columns begin the primary key, if not of an insert; all of it, of an update
    std::array<PlainColumn, most_columns> columns;
    int count;
    const char* referenced = nullptr; // a table to which foreign keys of the columns need no check

    LOCKMODE lock() const { return use == PlainUse::look ? AccessShareLock : RowExclusiveLock; }
};

// Trivial: it is deleted with its context.
struct PlainTable {
    MemoryContext context;
    Oid root;      // what is written to
    Oid leaf;      // what has the row: one of its partitions, or itself
    bool is_plain; // if not, all below is missing
    bool is_stale; // somebody has changed the table, one of its indexes, or a function
    std::array<AttrNumber, PlainShape::most_columns> attributes; // of the leaf
    int defaults_count;
    AttrNumber* defaulted;
    ExprState** defaults;
    int index_count;
    Oid* indexes;
    int primary_key; // which of the indexes
    std::array<ScanKeyData, PlainShape::most_columns> keys;
    EState* estate;
    ResultRelInfo* target; // its relations are filled in each time
    TupleTableSlot* slot;  // of values that live somewhere else
};

// Server frames.

// The partition of root that gets a row with these values, root itself if it has none, InvalidOid if it is not found
// the plain way.
Oid plain_leaf(Relation root, const PlainShape& shape, const Datum* values);

// Both are locked. Made in a new child of TopMemoryContext.
PlainTable* examine_table(Relation root, Relation leaf, const PlainShape& shape);

// Into slot the values of the columns, and the defaults of the others. They are valid as long as what is given, and as
// the memory of a row of the table's executor.
void fill_plain_row(const PlainTable& table, TupleTableSlot* slot, const Datum* given, const bool* nulls, int count);

// Those of a table that is plain, with leaf as its relation.
void open_plain_indexes(const PlainTable& table, Relation leaf);
void close_plain_indexes(const PlainTable& table);

// The rows with the first so many keys that the snapshot sees, in their order, by the index of the primary key.
IndexScanDesc begin_plain_scan(const PlainTable& table, Relation leaf, Relation index, Snapshot snapshot,
                               const Datum* keys, int count);

// Into slot the one row with these keys; false if there is none.
bool find_plain_row(const PlainTable& table, Relation leaf, Relation index, Snapshot snapshot, const Datum* keys,
                    int count, TupleTableSlot* slot);

// Whether a change of this relation concerns the table.
bool is_about(const PlainTable& table, Oid relation);

} // namespace pgbk
