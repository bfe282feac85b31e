#include "pg/plain_table.hpp"

#include "pg/plain_triggers.hpp"

#include <cstring>

namespace pgbk {

namespace {

constexpr AclMode writing = ACL_SELECT | ACL_INSERT | ACL_UPDATE;

// Functions in other languages keep state of their transaction in a compiled expression.
bool is_not_of_the_server_or_in_c(Oid function, void* /*context*/) {
    HeapTuple const tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
    if (!HeapTupleIsValid(tuple)) {
        return true;
    }
    const Oid language = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple))->prolang;
    ReleaseSysCache(tuple);
    return language != INTERNALlanguageId && language != ClanguageId;
}

// Whether the expression must not be kept compiled from one transaction to the next.
bool lives_in_a_transaction(Node* node, void* context) {
    if (node == nullptr) {
        return false;
    }
    if (check_functions_in_node(node, is_not_of_the_server_or_in_c, nullptr)) {
        return true;
    }
    switch (nodeTag(node)) {
    case T_CoerceToDomain: // the domain's own checks
    case T_SubLink:
    case T_Param:
    case T_NextValueExpr:
        return true;
    default:
        return walk_expression(node, lives_in_a_transaction, context);
    }
}

bool may_keep(void* expression_or_list) {
    return !lives_in_a_transaction(static_cast<Node*>(expression_or_list), nullptr);
}

bool is_plain_target(Relation root) {
    const char kind = root->rd_rel->relkind;
    return (kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE) && root->rd_rules == nullptr &&
           !root->rd_rel->relforcerowsecurity &&
           pg_class_aclmask(RelationGetRelid(root), root->rd_rel->relowner, writing, ACLMASK_ALL) == writing;
}

bool has_plain_constraints(Relation leaf) {
    const TupleConstr* const constraints = RelationGetDescr(leaf)->constr;
    if (constraints == nullptr) {
        return true;
    }
    bool plain = !has_generated_columns(*constraints);
    for (int i = 0; plain && i < constraints->num_check; ++i) {
        plain = may_keep(stringToNode(constraints->check[i].ccbin));
    }
    return plain;
}

bool is_plain_storage(Relation leaf) {
    return leaf->rd_rel->relkind == RELKIND_RELATION && leaf->rd_rel->relam == HEAP_TABLE_AM_OID &&
           leaf->rd_rel->relpersistence != RELPERSISTENCE_TEMP && leaf->rd_rules == nullptr &&
           has_plain_constraints(leaf);
}

// A distributed table looks like any other here.
bool has_distributed_engine() {
    return OidIsValid(get_extension_oid("citus", true));
}

// The attribute of this name and type; 0 if there is none, or one that values would have to be fitted to.
AttrNumber attribute_of(Relation relation, const PlainColumn& wanted) {
    TupleDesc const descriptor = RelationGetDescr(relation);
    for (int i = 0; i < descriptor->natts; ++i) {
        const FormData_pg_attribute* const attribute = TupleDescAttr(descriptor, i);
        if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), wanted.name) == 0) {
            return attribute->atttypid == wanted.type && attribute->atttypmod == -1 ? attribute->attnum : AttrNumber{0};
        }
    }
    return 0;
}

bool find_attributes(PlainTable& table, Relation leaf, const PlainShape& shape) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(shape.count); ++i) {
        table.attributes[i] = attribute_of(leaf, shape.columns[i]);
        if (table.attributes[i] == 0) {
            return false;
        }
    }
    return true;
}

bool is_given(const PlainTable& table, int count, AttrNumber attribute) {
    const auto* const end = table.attributes.begin() + count;
    return std::find(table.attributes.begin(), end, attribute) != end;
}

// The defaults of the other columns are those of the table that is inserted into.
bool compile_defaults(PlainTable& table, Relation root, Relation leaf, int given) {
    TupleDesc const descriptor = RelationGetDescr(leaf);
    const auto most = static_cast<Size>(descriptor->natts);
    table.defaulted = static_cast<AttrNumber*>(palloc0(sizeof(AttrNumber) * most));
    table.defaults = static_cast<ExprState**>(palloc0(sizeof(ExprState*) * most));
    for (int i = 0; i < descriptor->natts; ++i) {
        const FormData_pg_attribute* const attribute = TupleDescAttr(descriptor, i);
        if (attribute->attisdropped || is_given(table, given, attribute->attnum)) {
            continue;
        }
        const AttrNumber of_root = get_attnum(RelationGetRelid(root), NameStr(attribute->attname));
        const bool has_domain = getBaseType(attribute->atttypid) != attribute->atttypid; // which may forbid NULL
        if (of_root == InvalidAttrNumber || attribute->attidentity != '\0' || has_domain) {
            return false;
        }
        Node* const expression = build_column_default(root, of_root);
        if (expression == nullptr) {
            continue;
        }
        if (!may_keep(expression)) {
            return false;
        }
        table.defaulted[table.defaults_count] = attribute->attnum;
        table.defaults[table.defaults_count++] = ExecPrepareExpr(reinterpret_cast<Expr*>(expression), table.estate);
    }
    return true;
}

bool is_plain_index(Relation index) {
    return index->rd_rel->relam == BTREE_AM_OID && !index->rd_index->indisexclusion && index->rd_index->indimmediate &&
           may_keep(RelationGetIndexExpressions(index)) && may_keep(RelationGetIndexPredicate(index));
}

// The expressions are compiled by the first insert.
bool find_indexes(PlainTable& table, Relation leaf, LOCKMODE lock) {
    List* const indexes = RelationGetIndexList(leaf);
    const auto count = static_cast<Size>(list_length(indexes));
    table.indexes = static_cast<Oid*>(palloc0(sizeof(Oid) * (count + 1)));
    table.target->ri_IndexRelationInfo = static_cast<IndexInfo**>(palloc0(sizeof(IndexInfo*) * (count + 1)));
    table.target->ri_IndexRelationDescs = static_cast<Relation*>(palloc0(sizeof(Relation) * (count + 1)));
    ListCell* cell = nullptr;
    foreach (cell, indexes) {
        Relation const index = index_open(lfirst_oid(cell), lock);
        const bool plain = is_plain_index(index);
        if (plain) {
            if (index->rd_index->indisprimary) {
                table.primary_key = table.index_count;
            }
            table.target->ri_IndexRelationInfo[table.index_count] = BuildIndexInfo(index);
            table.indexes[table.index_count++] = RelationGetRelid(index);
        }
        index_close(index, NoLock);
        if (!plain) {
            return false;
        }
    }
    table.target->ri_NumIndices = table.index_count;
    return true;
}

// For a look-up by the primary key; its columns in their order.
bool make_keys(PlainTable& table, const PlainShape& shape) {
    if (shape.use == PlainUse::insert) {
        return true;
    }
    if (table.primary_key < 0) {
        return false;
    }
    Relation const index = index_open(table.indexes[table.primary_key], shape.lock());
    // One that is new may not be for snapshots that are older.
    bool made = index->rd_index->indisvalid && !index->rd_index->indcheckxmin &&
                (shape.use == PlainUse::update ? index->rd_index->indnkeyatts == shape.keys
                                               : index->rd_index->indnkeyatts >= shape.keys);
    for (int i = 0; made && i < shape.keys; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const Oid type = shape.columns[at].type;
        const Oid equals = get_opfamily_member(index->rd_opfamily[i], type, type, BTEqualStrategyNumber);
        made = index->rd_index->indkey.values[i] == table.attributes[at] && OidIsValid(equals);
        if (made) {
            ScanKeyEntryInitialize(&table.keys[at], 0, static_cast<AttrNumber>(i + 1), BTEqualStrategyNumber,
                                   InvalidOid, index->rd_indcollation[i], get_opcode(equals), Datum{0});
        }
    }
    index_close(index, NoLock);
    return made;
}

AttrNumber changed_column(const PlainTable& table, const PlainShape& shape) {
    return shape.use == PlainUse::update ? table.attributes[static_cast<std::size_t>(shape.keys)] : InvalidAttrNumber;
}

bool compile(PlainTable& table, Relation root, Relation leaf, const PlainShape& shape) {
    table.estate = CreateExecutorState();
    table.primary_key = -1;
    // Not one of a query's tables, and without its triggers: there are none, or the caller answers for them.
    table.target = makeNode(ResultRelInfo);
    InitResultRelInfo(table.target, leaf, 0, nullptr, 0);
    table.target->ri_TrigDesc = nullptr;
    // With what rows that are older than a column have there.
    table.slot = MakeSingleTupleTableSlot(CreateTupleDescCopyConstr(RelationGetDescr(leaf)), &TTSOpsVirtual);
    return find_attributes(table, leaf, shape) && has_plain_triggers(root, leaf, shape, changed_column(table, shape)) &&
           (shape.use != PlainUse::insert || compile_defaults(table, root, leaf, shape.count)) &&
           find_indexes(table, leaf, shape.lock()) && make_keys(table, shape);
}

} // namespace

Oid plain_leaf(Relation root, const PlainShape& shape, const Datum* values) {
    if (root->rd_rel->relkind != RELKIND_PARTITIONED_TABLE) {
        return RelationGetRelid(root);
    }
    PartitionKey const key = RelationGetPartitionKey(root);
    if (key->strategy != PARTITION_STRATEGY_RANGE || key->partnatts != 1 || key->partattrs[0] <= 0) {
        return InvalidOid;
    }
    const FormData_pg_attribute* const attribute = TupleDescAttr(RelationGetDescr(root), key->partattrs[0] - 1);
    for (int i = 0; i < shape.count; ++i) {
        const PlainColumn& column = shape.columns[static_cast<std::size_t>(i)];
        if (strcmp(column.name, NameStr(attribute->attname)) != 0 || attribute->atttypid != column.type) {
            continue;
        }
        PartitionDesc const partitions = RelationGetPartitionDesc(root, !IsolationUsesXactSnapshot());
        if (partitions->nparts == 0) {
            return InvalidOid;
        }
        PartitionBoundInfo const bounds = partitions->boundinfo;
        Datum value = values[i];
        bool is_equal = false;
        const int bound =
            partition_range_datum_bsearch(key->partsupfunc, key->partcollation, bounds, 1, &value, &is_equal);
        const int within = bounds->indexes[bound + 1];
        const int partition = within >= 0 ? within : bounds->default_index;
        return partition >= 0 && partitions->is_leaf[partition] ? partitions->oids[partition] : InvalidOid;
    }
    return InvalidOid;
}

PlainTable* examine_table(Relation root, Relation leaf, const PlainShape& shape) {
    MemoryContext const context =
        AllocSetContextCreate(CurrentMemoryContext, "pg_booking plain table", ALLOCSET_SMALL_SIZES);
    MemoryContext const before = MemoryContextSwitchTo(context);
    auto* const table = static_cast<PlainTable*>(palloc0(sizeof(PlainTable)));
    table->context = context;
    table->root = RelationGetRelid(root);
    table->leaf = RelationGetRelid(leaf);
    table->is_plain = is_plain_target(root) && is_plain_storage(leaf) && !has_distributed_engine() &&
                      compile(*table, root, leaf, shape);
    MemoryContextSwitchTo(before);
    MemoryContextSetParent(context, TopMemoryContext); // not earlier: an error on the way leaves nothing behind
    return table;
}

void fill_plain_row(const PlainTable& table, TupleTableSlot* slot, const Datum* given, const bool* nulls, int count) {
    ExecClearTuple(slot);
    const int natts = slot->tts_tupleDescriptor->natts;
    std::fill_n(slot->tts_values, natts, Datum{0});
    std::fill_n(slot->tts_isnull, natts, true);
    for (int i = 0; i < count; ++i) {
        const int at = table.attributes[static_cast<std::size_t>(i)] - 1;
        slot->tts_values[at] = given[i];
        slot->tts_isnull[at] = nulls[i];
    }
    ExprContext* const context = GetPerTupleExprContext(table.estate);
    for (int i = 0; i < table.defaults_count; ++i) {
        const int at = table.defaulted[i] - 1;
        slot->tts_values[at] = ExecEvalExpr(table.defaults[i], context, &slot->tts_isnull[at]);
    }
    ExecStoreVirtualTuple(slot);
    slot->tts_tableOid = table.leaf;
}

void open_plain_indexes(const PlainTable& table, Relation leaf) {
    table.target->ri_RelationDesc = leaf;
    for (int i = 0; i < table.index_count; ++i) {
        table.target->ri_IndexRelationDescs[i] = index_open(table.indexes[i], RowExclusiveLock);
    }
}

void close_plain_indexes(const PlainTable& table) {
    for (int i = 0; i < table.index_count; ++i) {
        index_close(table.target->ri_IndexRelationDescs[i], NoLock);
    }
}

IndexScanDesc begin_plain_scan(const PlainTable& table, Relation leaf, Relation index, Snapshot snapshot,
                               const Datum* keys, int count) {
    ScanKeyData wanted[PlainShape::most_columns];
    std::copy_n(table.keys.begin(), count, wanted);
    for (int i = 0; i < count; ++i) {
        wanted[i].sk_argument = keys[i];
    }
    IndexScanDesc const scan = begin_index_scan(leaf, index, snapshot, count);
    index_rescan(scan, wanted, count, nullptr, 0); // copies them
    return scan;
}

bool find_plain_row(const PlainTable& table, Relation leaf, Relation index, Snapshot snapshot, const Datum* keys,
                    int count, TupleTableSlot* slot) {
    IndexScanDesc const scan = begin_plain_scan(table, leaf, index, snapshot, keys, count);
    const bool found = index_getnext_slot(scan, ForwardScanDirection, slot);
    index_endscan(scan);
    return found;
}

bool is_about(const PlainTable& table, Oid relation) {
    return relation == InvalidOid || relation == table.root || relation == table.leaf ||
           std::find(table.indexes, table.indexes + table.index_count, relation) != table.indexes + table.index_count;
}

} // namespace pgbk
