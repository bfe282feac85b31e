#include "pg/plain_access.hpp"

#include "pg/settings.hpp"

namespace pgbk {

void PlainAccess::table_changed(Datum /*argument*/, Oid relation) {
    ++changes_;
    for (PlainAccess* access = all_; access != nullptr; access = access->next_) {
        if (access->kept_ != nullptr && is_about(*access->kept_, relation)) {
            access->kept_->is_stale = true;
        }
    }
}

// A function that has been inlined, a schema that has another name: as for the server's own kept plans.
void PlainAccess::something_changed(Datum argument, int /*cache*/, std::uint32_t /*hash*/) {
    table_changed(argument, InvalidOid);
}

void PlainAccess::expect_changes() {
    if (is_registered_) {
        return;
    }
    if (all_ == nullptr) {
        CacheRegisterRelcacheCallback(table_changed, Datum{0});
        for (const int cache : {PROCOID, TYPEOID, NAMESPACEOID, OPEROID, AMOPOPID}) {
            CacheRegisterSyscacheCallback(cache, something_changed, Datum{0});
        }
    }
    next_ = all_;
    all_ = this;
    is_registered_ = true;
}

// What changes is noticed when a lock is taken, by the statement at the latest.
bool PlainAccess::is_worth_trying() const {
    return settings::plain_writes && SessionReplicationRole != SESSION_REPLICATION_ROLE_REPLICA && !is_in_use_ &&
           (kept_ == nullptr || kept_->is_stale || kept_->is_plain);
}

// Locked; nullptr if there is none. By the id that is known, unless the lock tells of changes.
Relation PlainAccess::open_root() const {
    if (kept_ != nullptr && !kept_->is_stale) {
        Relation const known = try_relation_open(kept_->root, shape_.lock());
        if (known != nullptr && !kept_->is_stale) {
            return known;
        }
        if (known != nullptr) {
            relation_close(known, NoLock);
        }
    }
    const Oid schema = get_namespace_oid("booking", true);
    const Oid table = OidIsValid(schema) ? get_relname_relid(shape_.table, schema) : InvalidOid;
    return OidIsValid(table) ? try_relation_open(table, shape_.lock()) : nullptr;
}

// Whether they are plain, as they are now.
bool PlainAccess::know(Relation root, Relation leaf) {
    if (kept_ != nullptr &&
        (kept_->is_stale || kept_->root != RelationGetRelid(root) || kept_->leaf != RelationGetRelid(leaf))) {
        MemoryContext const old = kept_->context;
        kept_ = nullptr;
        MemoryContextDelete(old);
    }
    if (kept_ == nullptr) {
        const std::uint64_t before = changes_;
        kept_ = examine_table(root, leaf, shape_);
        // Good enough for this transaction, for whose lock on the table any change waits; but not for the next.
        kept_->is_stale = changes_ != before;
    }
    return kept_->is_plain;
}

PlainAccess::Entered PlainAccess::enter(const Datum* given) {
    if (shape_.use != PlainUse::look) {
        const char* const command = shape_.use == PlainUse::insert ? "INSERT" : "UPDATE";
        PreventCommandIfReadOnly(command);
        PreventCommandIfParallelMode(command);
    }
    expect_changes();
    Entered entered{nullptr, open_root(), nullptr};
    if (entered.root == nullptr) {
        return entered;
    }
    const Oid wanted =
        GetUserId() == entered.root->rd_rel->relowner ? plain_leaf(entered.root, shape_, given) : InvalidOid;
    if (wanted == RelationGetRelid(entered.root)) {
        entered.leaf = entered.root;
    } else if (OidIsValid(wanted)) {
        entered.leaf = try_relation_open(wanted, shape_.lock());
    }
    // Another partition may have been made for the row while this one was waited for.
    const bool is_still_wanted = entered.leaf != nullptr && plain_leaf(entered.root, shape_, given) == wanted;
    if (is_still_wanted && know(entered.root, entered.leaf)) {
        entered.table = kept_;
        if (shape_.use == PlainUse::update) {
            CheckCmdReplicaIdentity(entered.leaf, CMD_UPDATE);
        }
    } else {
        leave(entered);
    }
    return entered;
}

// The locks stay until the transaction ends.
void PlainAccess::leave(const Entered& entered) {
    if (entered.leaf != nullptr && entered.leaf != entered.root) {
        relation_close(entered.leaf, NoLock);
    }
    relation_close(entered.root, NoLock);
}

} // namespace pgbk
