// Tables in daily partitions by ranges of ids: made ahead, dropped when old. A day without one is served by DEFAULT, so
// none of this is urgent, and nothing here waits long for a lock: others would queue behind it.
#pragma once

#include "pg/statement.hpp"

namespace pgbk {

struct DailyTable {
    std::string_view name;        // its partitions are name_YYYYMMDD and name_default
    std::string_view what;        // what its rows are, for comments
    Statement& days_in_default;   // PGBK_DAYS_IN_DEFAULT_SQL
    Statement& delete_in_default; // PGBK_DELETE_IN_DEFAULT_SQL
    bool counts_dropped;          // whether to count the rows of what is dropped, which reads them
};

// Days of ids from $1 to below $2 that went to DEFAULT.
#define PGBK_DAYS_IN_DEFAULT_SQL(table)                                                                                \
    "SELECT DISTINCT DATE '1970-01-01'"                                                                                \
    "       + ((('x' || left(replace(e.id::text, '-', ''), 12))::bit(48)::bigint) / 86400000)::integer"                \
    "  FROM booking." table "_default AS e WHERE e.id >= $1 AND e.id < $2"

// What went to DEFAULT and is older than $1. Also rows with ids of other makers, whose time the id does not tell.
#define PGBK_DELETE_IN_DEFAULT_SQL(table, time)                                                                        \
    "WITH old AS (DELETE FROM booking." table "_default AS e WHERE e." time " < $1 RETURNING 1)"                       \
    " SELECT count(*) FROM old"

struct MaintenanceOutcome {
    std::int32_t created = 0;
    std::int64_t moved = 0;
    std::int64_t deleted = 0; // rows, in DEFAULT
    std::int32_t dropped = 0;
    std::int64_t dropped_rows = 0;
    std::int32_t skipped = 0;
};

// Throws Refusal invalid_retention.
void check_days(std::int32_t days_ahead, std::int32_t keep_days);

// Ids below are of days that are dropped where so many are kept.
core::Uuid first_kept_id(std::int32_t keep_days);

// Partitions for today and the days ahead, by UTC and the real clock; those of days before the last keep_days are
// dropped. C++ frame of a writer. Throws Refusal invalid_retention.
MaintenanceOutcome maintain_partitions(const DailyTable& table, std::int32_t days_ahead, std::int32_t keep_days);

} // namespace pgbk
