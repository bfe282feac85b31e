#include "pg/notifier_utility.hpp"

#include "pg/announcement.hpp"
#include "pg/owner.hpp"
#include "pg/settings.hpp"

#include <cstring>

namespace pgbk {

namespace {

// The server waits for others to leave for five seconds. A statement that fails leaves it at this.
constexpr std::int64_t longest_absence = 10'000; // ms

ProcessUtility_hook_type previous = nullptr;

// The value of an option, or otherwise.
const char* option(List* options, const char* name, const char* otherwise) {
    ListCell* cell = nullptr;
    foreach (cell, options) {
        auto* const element = static_cast<DefElem*>(lfirst(cell));
        if (strcmp(element->defname, name) == 0 && element->arg != nullptr) {
            return defGetString(element);
        }
    }
    return otherwise;
}

// The name of the database that nobody else may be connected to; nullptr: the statement is not of that kind.
const char* wanted_database(Node* statement) {
    switch (nodeTag(statement)) {
    case T_DropdbStmt:
        return reinterpret_cast<DropdbStmt*>(statement)->dbname;
    case T_CreatedbStmt:
        return option(reinterpret_cast<CreatedbStmt*>(statement)->options, "template", "template1");
    case T_RenameStmt: {
        const auto* const rename = reinterpret_cast<RenameStmt*>(statement);
        return rename->renameType == OBJECT_DATABASE ? rename->subname : nullptr;
    }
    case T_AlterDatabaseStmt: {
        const auto* const alter = reinterpret_cast<AlterDatabaseStmt*>(statement);
        return option(alter->options, "tablespace", nullptr) != nullptr ? alter->dbname : nullptr;
    }
    default:
        return nullptr;
    }
}

// What is marked as a template may be copied by all who may make databases.
bool may_copy_template(Oid database, Oid role) {
    HeapTuple const user = SearchSysCache1(AUTHOID, ObjectIdGetDatum(role));
    if (!HeapTupleIsValid(user)) {
        return false;
    }
    const bool makes_databases = reinterpret_cast<Form_pg_authid>(GETSTRUCT(user))->rolcreatedb;
    ReleaseSysCache(user);
    HeapTuple const row = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(database));
    if (!HeapTupleIsValid(row)) {
        return false;
    }
    const bool is_template = reinterpret_cast<Form_pg_database>(GETSTRUCT(row))->datistemplate;
    ReleaseSysCache(row);
    return makes_databases && is_template;
}

// The database whose notifier has to leave. Not for those who may not do what they ask for: they could keep it away.
Oid database_to_leave(Node* statement) {
    const char* const name = wanted_database(statement);
    const Oid database = name != nullptr ? get_database_oid(name, true) : InvalidOid;
    if (!OidIsValid(database)) {
        return InvalidOid;
    }
    const bool may = owns_database(database, GetUserId()) ||
                     (IsA(statement, CreatedbStmt) && may_copy_template(database, GetUserId()));
    return may ? database : InvalidOid;
}

// The place is another database's if this one's has been given away.
void set_absence(Oid database, std::int64_t until, bool is_dropped) {
    lock_places(LW_EXCLUSIVE);
    Place* const place = find_place(database);
    if (place != nullptr) {
        pg_atomic_write_u64(&place->away_until, static_cast<std::uint64_t>(until));
        if (is_dropped) {
            pg_atomic_write_u32(&place->database, InvalidOid);
        }
        wake_notifier(*place);
    }
    unlock_places();
}

// What the prepared transaction has written is not known here; that it may have been something is enough for a hint.
void announce_prepared() {
    if (settings::notify == settings::notify_off || RecoveryInProgress() || !OidIsValid(owner_of_tables())) {
        return;
    }
    for (const Channel channel : {Channel::events, Channel::webhooks}) {
        if (!announce(channel)) {
            Async_Notify(channel_name(channel), "");
        }
    }
}

void process_utility(PlannedStmt* planned, const char* text, bool is_read_only, ProcessUtilityContext context,
                     ParamListInfo parameters, QueryEnvironment* environment, DestReceiver* destination,
                     QueryCompletion* completion) {
    Node* const statement = planned->utilityStmt;
    const bool commits_prepared = IsA(statement, TransactionStmt) &&
                                  reinterpret_cast<TransactionStmt*>(statement)->kind == TRANS_STMT_COMMIT_PREPARED;
    // In a block it is refused.
    if (commits_prepared && context == PROCESS_UTILITY_TOPLEVEL && !IsTransactionBlock()) {
        announce_prepared();
    }
    const Oid database = database_to_leave(statement);
    if (OidIsValid(database)) {
        set_absence(database, steady_ms() + longest_absence, false);
    }
    const bool is_drop = IsA(statement, DropdbStmt);
    const auto next = previous != nullptr ? previous : standard_ProcessUtility;
    next(planned, text, is_read_only, context, parameters, environment, destination, completion);
    if (OidIsValid(database)) {
        set_absence(database, 0, is_drop);
    }
}

} // namespace

void watch_utility_statements() {
    previous = ProcessUtility_hook;
    ProcessUtility_hook = process_utility;
}

} // namespace pgbk
