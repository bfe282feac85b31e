// What a plain insert keeps of a table for the life of the backend, in a memory context of its own: whether it is
// plain, and if so everything that was compiled. Server frames only.
#pragma once

#include "pg/pg.hpp"

namespace pgbk {

// What is inserted by one kind of plain insert.
struct PlainShape {
    const char* table;   // of the schema booking
    const char* trigger; // of the schema booking; the one function that inserts may fire
    const char* const* columns;
    const Oid* types; // of the values, one for each column
    int count;
};

struct PlainTable {
    MemoryContext context;
    Oid root;               // what is inserted into
    Oid leaf;               // what gets the row: one of its partitions, or itself
    bool is_plain;          // if not, all below is missing
    bool is_stale;          // somebody has changed the table, one of its indexes, or a function
    AttrNumber* attributes; // of the leaf, one for each column
    int defaults_count;
    AttrNumber* defaulted;
    ExprState** defaults;
    int index_count;
    Oid* indexes;
    EState* estate;
    ResultRelInfo* target; // its relations are filled in for each insert
    TupleTableSlot* slot;
};

// The partition of root that gets a row with these values, root itself if it has none, InvalidOid if it is not found
// the plain way.
Oid plain_leaf(Relation root, const PlainShape& shape, const Datum* values);

// Both are locked. Made in a new child of TopMemoryContext.
PlainTable* examine_table(Relation root, Relation leaf, const PlainShape& shape);

// Whether a change of this relation concerns the table.
bool is_about(const PlainTable& table, Oid relation);

} // namespace pgbk
