#include "pg/plain_rows.hpp"

namespace pgbk {

namespace {

constexpr std::size_t most_at_once = 500;

// Server frames.

struct Given {
    Datum values[PlainShape::most_columns];
    bool nulls[PlainShape::most_columns];
};

Given given_in(const Value* values, int count) {
    Given given{};
    for (int i = 0; i < count; ++i) {
        given.nulls[i] = values[i].is_null();
        given.values[i] = values[i].datum();
    }
    return given;
}

void store(const PlainTable& table, Relation leaf, TupleTableSlot** slots, std::size_t count) {
    open_plain_indexes(table, leaf);
    for (std::size_t i = 0; i < count && RelationGetDescr(leaf)->constr != nullptr; ++i) {
        ExecConstraints(table.target, slots[i], table.estate);
    }
    table_multi_insert(leaf, slots, static_cast<int>(count), GetCurrentCommandId(true), 0, nullptr);
    for (std::size_t i = 0; i < count && table.index_count > 0; ++i) {
        insert_index_tuples(table.target, slots[i], table.estate);
    }
    close_plain_indexes(table);
}

// As many of the rows, from the first on, as belong to one partition. In memory that is freed afterwards.
std::size_t insert_some(PlainAccess& access, const Value* values, std::size_t count) {
    const PlainShape& shape = access.shape();
    Given given = given_in(values, shape.count);
    const PlainAccess::Entered entered = access.enter(given.values);
    if (entered.table == nullptr) {
        return 0;
    }
    const PlainTable& table = *entered.table;
    ResetPerTupleExprContext(table.estate);
    TupleTableSlot* slots[most_at_once];
    std::size_t rows = 0;
    for (bool belongs = true; belongs;) {
        slots[rows] = MakeSingleTupleTableSlot(table.slot->tts_tupleDescriptor, &TTSOpsVirtual);
        fill_plain_row(table, slots[rows++], given.values, given.nulls, shape.count);
        if (rows == count) {
            break;
        }
        given = given_in(values + rows * static_cast<std::size_t>(shape.count), shape.count);
        belongs = plain_leaf(entered.root, shape, given.values) == table.leaf;
    }
    store(table, entered.leaf, slots, rows);
    PlainAccess::leave(entered);
    return rows;
}

std::size_t insert(PlainAccess& access, const Value* values, std::size_t count) {
    MemoryContext const memory = AllocSetContextCreate(CurrentMemoryContext, "pg_booking rows", ALLOCSET_DEFAULT_SIZES);
    MemoryContext const before = MemoryContextSwitchTo(memory);
    std::size_t done = 0;
    std::size_t written = 1;
    while (written > 0 && done < count) {
        CHECK_FOR_INTERRUPTS();
        written = insert_some(access, values + done * static_cast<std::size_t>(access.shape().count),
                              std::min(count - done, most_at_once));
        done += written;
        MemoryContextReset(memory);
    }
    MemoryContextSwitchTo(before);
    MemoryContextDelete(memory);
    if (done > 0) {
        CommandCounterIncrement();
    }
    return done;
}

} // namespace

std::size_t PlainRows::write(std::span<const Value> values) {
    if (values.empty() || !access_.is_worth_trying()) {
        return 0;
    }
    const PlainAccess::Use use(access_);
    const Value* const first = values.data();
    const std::size_t count = values.size() / static_cast<std::size_t>(access_.shape().count);
    return server([&] { return insert(access_, first, count); });
}

} // namespace pgbk
