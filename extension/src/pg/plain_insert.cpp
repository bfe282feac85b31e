#include "pg/plain_insert.hpp"

#include "pg/plain_table.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

PlainInsert* all = nullptr; // those that keep something

} // namespace

// Server frames.
struct PlainTableAccess {
    static void expect_changes(PlainInsert& insert);
    static bool is_hopeless(const PlainInsert& insert);
    static bool write(PlainInsert& insert, const PlainShape& shape, const Value* values);

private:
    static void table_changed(Datum argument, Oid relation);
    static void something_changed(Datum argument, int cache, std::uint32_t hash);
    static Relation open_target(const PlainInsert& insert);
    static bool find_plain(PlainInsert& insert, Relation root, const PlainShape& shape, const Datum* given,
                           Relation& leaf);
};

void PlainTableAccess::table_changed(Datum /*argument*/, Oid relation) {
    for (PlainInsert* insert = all; insert != nullptr; insert = insert->next_) {
        if (insert->kept_ != nullptr && is_about(*insert->kept_, relation)) {
            insert->kept_->is_stale = true;
        }
    }
}

// A function that has been inlined, a schema that has another name: as for the server's own kept plans.
void PlainTableAccess::something_changed(Datum argument, int /*cache*/, std::uint32_t /*hash*/) {
    table_changed(argument, InvalidOid);
}

void PlainTableAccess::expect_changes(PlainInsert& insert) {
    if (insert.is_registered_) {
        return;
    }
    if (all == nullptr) {
        CacheRegisterRelcacheCallback(table_changed, Datum{0});
        for (const int cache : {PROCOID, TYPEOID, NAMESPACEOID, OPEROID, AMOPOPID}) {
            CacheRegisterSyscacheCallback(cache, something_changed, Datum{0});
        }
    }
    insert.next_ = all;
    all = &insert;
    insert.is_registered_ = true;
}

// What changes is noticed when a lock is taken, by the statement at the latest.
bool PlainTableAccess::is_hopeless(const PlainInsert& insert) {
    return !settings::plain_inserts || SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA ||
           (insert.kept_ != nullptr && !insert.kept_->is_stale && !insert.kept_->is_plain);
}

// Locked; nullptr if there is none. By the id that is known, unless the lock tells of changes.
Relation PlainTableAccess::open_target(const PlainInsert& insert) {
    if (insert.kept_ != nullptr && !insert.kept_->is_stale) {
        Relation const known = try_relation_open(insert.kept_->root, RowExclusiveLock);
        if (known != nullptr && !insert.kept_->is_stale) {
            return known;
        }
        if (known != nullptr) {
            relation_close(known, NoLock);
        }
    }
    const Oid schema = get_namespace_oid("booking", true);
    const Oid table = OidIsValid(schema) ? get_relname_relid(insert.table_, schema) : InvalidOid;
    return OidIsValid(table) ? try_relation_open(table, RowExclusiveLock) : nullptr;
}

// What is kept is about root and leaf as they are now, and says that they are plain.
bool PlainTableAccess::find_plain(PlainInsert& insert, Relation root, const PlainShape& shape, const Datum* given,
                                  Relation& leaf) {
    const Oid wanted = plain_leaf(root, shape, given);
    if (!OidIsValid(wanted)) {
        return false;
    }
    leaf = wanted == RelationGetRelid(root) ? root : try_relation_open(wanted, RowExclusiveLock);
    if (leaf == nullptr) {
        return false;
    }
    const PlainTable* const kept = insert.kept_;
    if (kept != nullptr && !kept->is_stale && kept->root == RelationGetRelid(root) && kept->leaf == wanted) {
        return kept->is_plain;
    }
    if (kept != nullptr) {
        insert.kept_ = nullptr;
        MemoryContextDelete(kept->context);
    }
    insert.kept_ = examine_table(root, leaf, shape);
    return insert.kept_->is_plain;
}

namespace {

void fill(const PlainTable& table, const Datum* given, const bool* nulls, int count) {
    TupleTableSlot* const slot = table.slot;
    ExecClearTuple(slot);
    const int natts = slot->tts_tupleDescriptor->natts;
    std::fill_n(slot->tts_values, natts, Datum{0});
    std::fill_n(slot->tts_isnull, natts, true);
    for (int i = 0; i < count; ++i) {
        slot->tts_values[table.attributes[i] - 1] = given[i];
        slot->tts_isnull[table.attributes[i] - 1] = nulls[i];
    }
    ExprContext* const context = GetPerTupleExprContext(table.estate);
    for (int i = 0; i < table.defaults_count; ++i) {
        const int at = table.defaulted[i] - 1;
        slot->tts_values[at] = ExecEvalExpr(table.defaults[i], context, &slot->tts_isnull[at]);
    }
    ExecStoreVirtualTuple(slot);
}

void store(const PlainTable& table, Relation leaf) {
    ResultRelInfo* const target = table.target;
    target->ri_RelationDesc = leaf;
    for (int i = 0; i < table.index_count; ++i) {
        target->ri_IndexRelationDescs[i] = index_open(table.indexes[i], RowExclusiveLock);
    }
    table.slot->tts_tableOid = RelationGetRelid(leaf);
    if (RelationGetDescr(leaf)->constr != nullptr) {
        ExecConstraints(target, table.slot, table.estate);
    }
    table_tuple_insert(leaf, table.slot, GetCurrentCommandId(true), 0, nullptr);
    if (table.index_count > 0) {
        insert_index_tuples(target, table.slot, table.estate);
    }
    for (int i = 0; i < table.index_count; ++i) {
        index_close(target->ri_IndexRelationDescs[i], NoLock);
    }
    ExecClearTuple(table.slot);
}

} // namespace

bool PlainTableAccess::write(PlainInsert& insert, const PlainShape& shape, const Value* values) {
    PreventCommandIfReadOnly("INSERT");
    PreventCommandIfParallelMode("INSERT");
    expect_changes(insert);
    Datum given[PlainInsert::most_columns];
    bool nulls[PlainInsert::most_columns];
    for (int i = 0; i < shape.count; ++i) {
        nulls[i] = values[i].is_null();
        given[i] = values[i].datum();
    }
    Relation const root = open_target(insert);
    if (root == nullptr) {
        return false;
    }
    Relation leaf = nullptr;
    const bool is_plain = GetUserId() == root->rd_rel->relowner && find_plain(insert, root, shape, given, leaf);
    if (is_plain) {
        ResetPerTupleExprContext(insert.kept_->estate);
        fill(*insert.kept_, given, nulls, shape.count);
        store(*insert.kept_, leaf);
    }
    if (leaf != nullptr && leaf != root) {
        relation_close(leaf, NoLock);
    }
    relation_close(root, NoLock);
    if (is_plain) {
        CommandCounterIncrement();
    }
    return is_plain;
}

bool PlainInsert::write(std::initializer_list<Value> values) {
    if (is_in_use_ || PlainTableAccess::is_hopeless(*this)) {
        return false;
    }
    struct Use {
        explicit Use(bool& flag) : in_use(flag) { in_use = true; }
        ~Use() { in_use = false; }
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;
        bool& in_use;
    };
    const Use use(is_in_use_);
    std::array<Oid, most_columns> types{};
    std::transform(values.begin(), values.end(), types.begin(), [](const Value& value) { return value.type(); });
    const PlainShape shape{table_, trigger_, columns_.data(), types.data(), count_};
    const Value* const first = values.begin();
    return server([&] { return PlainTableAccess::write(*this, shape, first); });
}

} // namespace pgbk
