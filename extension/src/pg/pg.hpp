// All of the server's headers, and all differences between its versions (14 to 18). No other file includes a server
// header. Standard headers come first: postgres.h redefines names such as snprintf.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <csetjmp>

extern "C" {
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_database.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/async.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "common/cryptohash.h"
#include "common/hashfn.h"
#include "common/sha2.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "funcapi.h"
#include "jit/jit.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/plancat.h"
#include "partitioning/partbounds.h"
#include "partitioning/partdesc.h"
#include "pgstat.h"
#include "pgtime.h"
#include "port.h"
#include "port/atomics.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "rewrite/rewriteHandler.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lock.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "storage/shmem.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"
#include "utils/uuid.h"
}

#if PG_VERSION_NUM < 140000
#error "pg_booking needs PostgreSQL 14 or newer"
#endif

// A small number that no other backend has at the same time.
inline int backend_number() {
#if PG_VERSION_NUM >= 170000
    return MyProcNumber;
#else
    return MyBackendId;
#endif
}

inline bool holds_lock(const LOCKTAG* tag, LOCKMODE mode) {
#if PG_VERSION_NUM >= 170000
    return LockHeldByMe(tag, mode, false);
#else
    return LockHeldByMe(tag, mode);
#endif
}

inline bool owns_database(Oid database, Oid role) {
#if PG_VERSION_NUM >= 160000
    return object_ownercheck(DatabaseRelationId, database, role);
#else
    return pg_database_ownercheck(database, role);
#endif
}

inline bool walk_expression(Node* node, bool (*visit)(Node*, void*), void* context) {
#if PG_VERSION_NUM >= 160000
    return expression_tree_walker(node, visit, context);
#else
    return expression_tree_walker(node, reinterpret_cast<bool (*)()>(reinterpret_cast<void*>(visit)), context);
#endif
}

inline bool has_generated_columns(const TupleConstr& constraints) {
#if PG_VERSION_NUM >= 180000
    return constraints.has_generated_stored || constraints.has_generated_virtual;
#else
    return constraints.has_generated_stored;
#endif
}

inline void insert_index_tuples(ResultRelInfo* target, TupleTableSlot* slot, EState* estate) {
#if PG_VERSION_NUM >= 160000
    (void)ExecInsertIndexTuples(target, slot, estate, false, false, nullptr, NIL, false);
#else
    (void)ExecInsertIndexTuples(target, slot, estate, false, false, nullptr, NIL);
#endif
}

inline IndexScanDesc begin_index_scan(Relation table, Relation index, Snapshot snapshot, int keys) {
#if PG_VERSION_NUM >= 180000
    return index_beginscan(table, index, snapshot, nullptr, keys, 0);
#else
    return index_beginscan(table, index, snapshot, keys, 0);
#endif
}

// Waits for whoever is working on the row. False, and nothing is changed nor locked, if somebody else has changed it
// since.
inline bool update_row(ResultRelInfo* target, ItemPointer row, TupleTableSlot* slot, EState* estate,
                       Snapshot snapshot) {
    TM_FailureData failure;
    LockTupleMode mode = LockTupleNoKeyExclusive;
#if PG_VERSION_NUM >= 160000
    TU_UpdateIndexes indexes = TU_None;
#else
    bool indexes = false;
#endif
    if (table_tuple_update(target->ri_RelationDesc, row, slot, GetCurrentCommandId(true), snapshot, InvalidSnapshot,
                           true, &failure, &mode, &indexes) != TM_Ok) {
        return false;
    }
#if PG_VERSION_NUM >= 160000
    if (indexes != TU_None) {
        (void)ExecInsertIndexTuples(target, slot, estate, true, false, nullptr, NIL, indexes == TU_Summarizing);
    }
#else
    if (indexes) {
        (void)ExecInsertIndexTuples(target, slot, estate, true, false, nullptr, NIL);
    }
#endif
    return true;
}

// Has `request` called when shared memory may be asked for. Once, while shared_preload_libraries are loaded.
inline void at_request_for_shared_memory(void (*request)()) {
#if PG_VERSION_NUM >= 150000
    static shmem_request_hook_type previous = nullptr;
    static void (*ours)() = nullptr;
    previous = shmem_request_hook;
    ours = request;
    shmem_request_hook = [] {
        if (previous != nullptr) {
            previous();
        }
        ours();
    };
#else
    request();
#endif
}

#if PG_VERSION_NUM < 150000
#define MarkGUCPrefixReserved(prefix) EmitWarningsOnPlaceholders(prefix)
#endif
