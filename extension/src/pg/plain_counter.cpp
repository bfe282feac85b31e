#include "pg/plain_counter.hpp"

#include <cstring>

namespace pgbk {

namespace {

constexpr PlainColumn organization_id{"organization_id", INT4OID};
constinit PlainRow rules("organizations", 1, organization_id, PlainColumn{"rules_version", UUIDOID});

// Server frames.

// Whose buffer is let go with it, also by an error: kept for one call only.
TupleTableSlot* new_slot(const PlainTable& table) {
    return MakeSingleTupleTableSlot(table.slot->tts_tupleDescriptor, &TTSOpsBufferHeapTuple);
}

// False as well if one is NULL.
bool read(const PlainTable& table, const PlainShape& shape, TupleTableSlot* slot, Datum* values) {
    for (std::size_t i = static_cast<std::size_t>(shape.keys); i < static_cast<std::size_t>(shape.count); ++i) {
        bool null = false;
        values[i] = slot_getattr(slot, table.attributes[i], &null);
        if (null) {
            return false;
        }
    }
    return true;
}

PlainTake compare_version(const PlainWish& wish, Snapshot snapshot) {
    const Datum key = Int32GetDatum(wish.organization);
    const PlainAccess::Entered entered = rules.access.enter(&key);
    if (entered.table == nullptr) {
        return PlainTake::unknown;
    }
    const PlainTable& table = *entered.table;
    TupleTableSlot* const slot = new_slot(table);
    Relation const index = index_open(table.indexes[table.primary_key], AccessShareLock);
    Datum values[PlainShape::most_columns];
    const bool is_same = find_plain_row(table, entered.leaf, index, snapshot, &key, 1, slot) &&
                         read(table, rules.access.shape(), slot, values) &&
                         memcmp(DatumGetUUIDP(values[1])->data, wish.version.data(), wish.version.size()) == 0;
    index_close(index, NoLock);
    ExecDropSingleTupleTableSlot(slot);
    PlainAccess::leave(entered);
    return is_same ? PlainTake::taken : PlainTake::refused;
}

PlainTake change(const PlainTable& table, Relation leaf, TupleTableSlot* old, AttrNumber counter,
                 std::int32_t remaining, Snapshot snapshot) {
    TupleTableSlot* const changed = table.slot;
    ExecClearTuple(changed);
    slot_getallattrs(old);
    const int natts = old->tts_tupleDescriptor->natts;
    std::copy_n(old->tts_values, natts, changed->tts_values);
    std::copy_n(old->tts_isnull, natts, changed->tts_isnull);
    changed->tts_values[counter - 1] = Int32GetDatum(remaining);
    ExecStoreVirtualTuple(changed);
    changed->tts_tableOid = RelationGetRelid(leaf);
    ResetPerTupleExprContext(table.estate);
    ExecConstraints(table.target, changed, table.estate);
    const bool is_done = update_row(table.target, &old->tts_tid, changed, table.estate, snapshot);
    ExecClearTuple(changed);
    return is_done ? PlainTake::taken : PlainTake::unknown;
}

PlainTake take_from_row(PlainAccess& access, const PlainWish& wish, Snapshot snapshot) {
    const PlainShape& shape = access.shape();
    const PlainAccess::Entered entered = access.enter(wish.keys);
    if (entered.table == nullptr) {
        return PlainTake::unknown;
    }
    const PlainTable& table = *entered.table;
    open_plain_indexes(table, entered.leaf);
    Relation const index = table.target->ri_IndexRelationDescs[table.primary_key];
    TupleTableSlot* const slot = new_slot(table);
    Datum values[PlainShape::most_columns];
    PlainTake result = PlainTake::refused;
    if (find_plain_row(table, entered.leaf, index, snapshot, wish.keys, shape.keys, slot) &&
        read(table, shape, slot, values)) {
        const std::int32_t remaining = DatumGetInt32(values[shape.keys]);
        if (remaining >= wish.at_least && (wish.suits == nullptr || wish.suits(values + shape.keys + 1, wish.clock))) {
            result = change(table, entered.leaf, slot, table.attributes[static_cast<std::size_t>(shape.keys)],
                            remaining - wish.seats, snapshot);
        }
    }
    ExecDropSingleTupleTableSlot(slot);
    close_plain_indexes(table);
    PlainAccess::leave(entered);
    return result;
}

PlainTake take(PlainAccess& access, const PlainWish& wish) {
    CommandCounterIncrement();
    PushCopiedSnapshot(GetTransactionSnapshot());
    UpdateActiveSnapshotCommandId();
    Snapshot const snapshot = GetActiveSnapshot();
    PlainTake result = compare_version(wish, snapshot);
    if (result == PlainTake::taken) {
        result = take_from_row(access, wish, snapshot);
    }
    PopActiveSnapshot();
    if (result == PlainTake::taken) {
        CommandCounterIncrement();
    }
    return result;
}

} // namespace

PlainTake take_plainly(PlainCounter& counter, const PlainWish& wish) {
    if (!counter.access.is_worth_trying() || !rules.access.is_worth_trying()) {
        return PlainTake::unknown;
    }
    const PlainAccess::Use use_of_rules(rules.access);
    const PlainAccess::Use use(counter.access);
    return server([&] { return take(counter.access, wish); });
}

} // namespace pgbk
