#include "pg/plain_insert.hpp"

namespace pgbk {

namespace {

// Server frames.

void store(const PlainTable& table, Relation leaf) {
    ResultRelInfo* const target = table.target;
    open_plain_indexes(table, leaf);
    if (RelationGetDescr(leaf)->constr != nullptr) {
        ExecConstraints(target, table.slot, table.estate);
    }
    table_tuple_insert(leaf, table.slot, GetCurrentCommandId(true), 0, nullptr);
    if (table.index_count > 0) {
        insert_index_tuples(target, table.slot, table.estate);
    }
    close_plain_indexes(table);
    ExecClearTuple(table.slot);
}

bool insert(PlainAccess& access, const Value* values) {
    const int count = access.shape().count;
    Datum given[PlainShape::most_columns];
    bool nulls[PlainShape::most_columns];
    for (int i = 0; i < count; ++i) {
        nulls[i] = values[i].is_null();
        given[i] = values[i].datum();
    }
    const PlainAccess::Entered entered = access.enter(given);
    if (entered.table == nullptr) {
        return false;
    }
    ResetPerTupleExprContext(entered.table->estate);
    fill_plain_row(*entered.table, entered.table->slot, given, nulls, count);
    store(*entered.table, entered.leaf);
    PlainAccess::leave(entered);
    CommandCounterIncrement();
    return true;
}

} // namespace

bool PlainInsert::write(std::initializer_list<Value> values) {
    if (!access_.is_worth_trying()) {
        return false;
    }
    const PlainAccess::Use use(access_);
    const Value* const first = values.begin();
    return server([&] { return insert(access_, first); });
}

} // namespace pgbk
