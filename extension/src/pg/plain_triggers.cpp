#include "pg/plain_triggers.hpp"

#include <cstring>

namespace pgbk {

namespace {

// A copy, since what looks at catalogues may have the relation's own built anew.
std::span<const Trigger> triggers_of(Relation relation) {
    const TriggerDesc* const all = CopyTriggerDesc(relation->trigdesc);
    return all == nullptr ? std::span<const Trigger>()
                          : std::span<const Trigger>(all->triggers, static_cast<std::size_t>(all->numtriggers));
}

bool is_answered_for(const Trigger& trigger, const char* function) {
    const char* const name = get_func_name(trigger.tgfoid);
    return TRIGGER_FOR_AFTER(trigger.tgtype) && !TRIGGER_FOR_ROW(trigger.tgtype) &&
           trigger.tgenabled != TRIGGER_FIRES_ON_REPLICA && trigger.tgqual == nullptr && name != nullptr &&
           strcmp(name, function) == 0 && get_func_namespace(trigger.tgfoid) == get_namespace_oid("booking", true);
}

bool is_named(Relation relation, AttrNumber attribute, const PlainShape& shape) {
    const char* const name = NameStr(TupleDescAttr(RelationGetDescr(relation), attribute - 1)->attname);
    return std::any_of(shape.columns.begin(), shape.columns.begin() + shape.count,
                       [name](const PlainColumn& column) { return strcmp(column.name, name) == 0; });
}

// The check of the one foreign key to the table that the caller answers for, of columns that values are given for: by
// organization and id. Another one of the owner's may refer to something else there.
bool is_answered_reference(Relation relation, const Trigger& trigger, const PlainShape& shape) {
    constexpr int organization_and_id = 2;
    if (shape.referenced == nullptr || trigger.tgfoid != F_RI_FKEY_CHECK_INS) {
        return false;
    }
    const Oid referenced = get_relname_relid(shape.referenced, get_namespace_oid("booking", true));
    int references = 0;
    bool is_answered = false;
    ListCell* cell = nullptr;
    foreach (cell, static_cast<List*>(copyObjectImpl(RelationGetFKeyList(relation)))) {
        const auto* const key = static_cast<ForeignKeyCacheInfo*>(lfirst(cell));
        if (key->confrelid == referenced) {
            ++references;
            is_answered = key->conoid == trigger.tgconstraint && key->nkeys == organization_and_id &&
                          std::all_of(key->conkey, key->conkey + key->nkeys,
                                      [&](AttrNumber attribute) { return is_named(relation, attribute, shape); });
        }
    }
    return references == 1 && is_answered;
}

// How many triggers inserting would fire that nobody answers for, and how many that somebody does, foreign keys aside.
struct Fired {
    int foreign;
    int answered_for;
};

Fired fired_by_insert(Relation relation, const PlainShape& shape) {
    Fired fired{0, 0};
    for (const Trigger& trigger : triggers_of(relation)) {
        const bool fires = TRIGGER_FOR_INSERT(trigger.tgtype) && trigger.tgenabled != TRIGGER_DISABLED;
        if (fires && !is_answered_reference(relation, trigger, shape)) {
            const bool is_answered = shape.trigger != nullptr && is_answered_for(trigger, shape.trigger);
            ++(is_answered ? fired.answered_for : fired.foreign);
        }
    }
    return fired;
}

// Whether the trigger of a foreign key would look when this column changes. One that may be deferred looks at each
// version of a row that is new in its transaction.
bool is_checked_by_key(const Trigger& trigger, AttrNumber changed) {
    HeapTuple const constraint = SearchSysCache1(CONSTROID, ObjectIdGetDatum(trigger.tgconstraint));
    if (trigger.tgdeferrable || !HeapTupleIsValid(constraint)) {
        if (HeapTupleIsValid(constraint)) {
            ReleaseSysCache(constraint);
        }
        return true;
    }
    const bool refers = RI_FKey_trigger_type(trigger.tgfoid) == RI_TRIGGER_FK;
    bool null = false;
    const Datum columns =
        SysCacheGetAttr(CONSTROID, constraint, refers ? Anum_pg_constraint_conkey : Anum_pg_constraint_confkey, &null);
    bool is_checked = null;
    if (!null) {
        ArrayType* const array = DatumGetArrayTypeP(columns);
        const auto* const first = reinterpret_cast<const std::int16_t*>(ARR_DATA_PTR(array));
        const auto* const end = first + ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
        is_checked = std::find(first, end, changed) != end;
    }
    ReleaseSysCache(constraint);
    return is_checked;
}

bool is_fired_by_change_of(const Trigger& trigger, AttrNumber changed) {
    if (!TRIGGER_FOR_UPDATE(trigger.tgtype) || trigger.tgenabled == TRIGGER_DISABLED) {
        return false;
    }
    if (RI_FKey_trigger_type(trigger.tgfoid) != RI_TRIGGER_NONE) {
        return is_checked_by_key(trigger, changed);
    }
    return trigger.tgnattr == 0 ||
           std::find(trigger.tgattr, trigger.tgattr + trigger.tgnattr, changed) != trigger.tgattr + trigger.tgnattr;
}

} // namespace

bool has_plain_triggers(Relation root, Relation leaf, const PlainShape& shape, AttrNumber changed) {
    if (shape.use == PlainUse::look) {
        return true;
    }
    if (shape.use == PlainUse::update) {
        const auto all = triggers_of(leaf);
        return std::none_of(all.begin(), all.end(),
                            [&](const Trigger& trigger) { return is_fired_by_change_of(trigger, changed); });
    }
    const Fired fired = fired_by_insert(root, shape);
    return fired.foreign == 0 && fired.answered_for == (shape.trigger == nullptr ? 0 : 1) &&
           (root == leaf || fired_by_insert(leaf, PlainShape{}).foreign == 0);
}

} // namespace pgbk
