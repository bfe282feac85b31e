#include "pg/partitions.hpp"

#include "pg/advisory_lock.hpp"
#include "pg/arguments.hpp"
#include "pg/subtransaction.hpp"

#include <set>

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

using Day = DateADT; // in UTC, as ids know the time

constexpr const char* lock_wait = "200"; // milliseconds

std::int64_t milliseconds_at(Day day) {
    return static_cast<std::int64_t>(day + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE)) * SECS_PER_DAY * 1000;
}

std::string bound(Day day) {
    return "'" + uuid_text(core::first_id_at(milliseconds_at(day))) + "'";
}

// booking.booking_events_20270301
std::string partition_of(const DailyTable& table, Day day) {
    std::string digits = date_text(day);
    std::erase(digits, '-');
    return "booking." + std::string(table.name) + "_" + digits;
}

// The real clock, never the shifted one: ids are made by it.
Day today() {
    return static_cast<Day>(GetCurrentTimestamp() / USECS_PER_DAY);
}

void run(const std::string& sql) {
    const char* const text = sql.c_str();
    server([&] {
        const int code = SPI_execute(text, false, 0);
        if (code < 0) {
            elog(ERROR, "could not execute: %s", SPI_result_code_string(code));
        }
    });
}

std::set<Day> days_of(const Rows& rows) {
    std::set<Day> days;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        days.insert(rows.date(row, 1));
    }
    return days;
}

std::set<Day> days_with_partition(const DailyTable& table) {
    static constinit Statement statement(
        "SELECT to_date(right(c.relname, 8), 'YYYYMMDD') FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = ('booking.' || $1)::regclass AND c.relname ~ ('^' || $1 || '_[0-9]{8}$')");
    return days_of(statement.write({table.name}));
}

std::set<Day> days_in_default(const DailyTable& table, Day first, Day last) {
    return days_of(table.days_in_default.write(
        {core::first_id_at(milliseconds_at(first)), core::first_id_at(milliseconds_at(last + 1))}));
}

// Made beside the table and then attached, which those who write to other days do not notice. While rows are moved from
// DEFAULT nobody can add to them there. Returns how many were moved.
std::uint64_t make_partition(const DailyTable& table, Day day) {
    const std::string parent = "booking." + std::string(table.name);
    const std::string name = partition_of(table, day);
    const std::string range = "id >= " + bound(day) + " AND id < " + bound(day + 1);
    run("LOCK TABLE " + parent + " IN SHARE UPDATE EXCLUSIVE MODE");
    run("LOCK TABLE ONLY " + parent + "_default IN ACCESS EXCLUSIVE MODE");
    run("CREATE TABLE " + name + " (LIKE " + parent + " INCLUDING ALL)");
    run("ALTER TABLE " + name + " ENABLE ROW LEVEL SECURITY");
    run("COMMENT ON TABLE " + name + " IS '" + std::string(table.what) + " of " + date_text(day) + " (UTC)'");
    run("WITH moved AS (DELETE FROM " + parent + "_default WHERE " + range + " RETURNING *) INSERT INTO " + name +
        " SELECT * FROM moved");
    const std::uint64_t moved = SPI_processed;
    run("ALTER TABLE " + parent + " ATTACH PARTITION " + name + " FOR VALUES FROM (" + bound(day) + ") TO (" +
        bound(day + 1) + ")");
    return moved;
}

// Returns how many rows went with it, if that is asked.
std::int64_t drop_partition(const DailyTable& table, Day day) {
    const std::string name = partition_of(table, day);
    std::int64_t rows = 0;
    if (table.counts_dropped) {
        run("SELECT count(*) FROM " + name);
        rows = Rows(SPI_tuptable, SPI_processed).int8(0, 1);
    }
    run("DROP TABLE " + name);
    return rows;
}

// Errors that concern one partition, now: somebody works with it, has a table of its name, or a view upon it.
bool concerns_this_one(int sqlstate) {
    return sqlstate == ERRCODE_LOCK_NOT_AVAILABLE || sqlstate == ERRCODE_T_R_DEADLOCK_DETECTED ||
           sqlstate == ERRCODE_DUPLICATE_TABLE || sqlstate == ERRCODE_INVALID_OBJECT_DEFINITION ||
           sqlstate == ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST || sqlstate == ERRCODE_OBJECT_IN_USE;
}

// False if this partition has to be left as it is for now.
template <class Body> bool attempt(Body body) {
    try {
        return in_subtransaction([&] {
            body();
            return true;
        });
    } catch (const ServerError& error) {
        if (!concerns_this_one(error.data->sqlerrcode)) {
            throw;
        }
        server([&] {
            ereport(LOG, (errmsg("pg_booking: a partition is left for later: %s", error.data->message)));
            FreeErrorData(error.data);
        });
        return false;
    }
}

} // namespace

void check_days(std::int32_t days_ahead, std::int32_t keep_days) {
    constexpr std::int32_t most_ahead = 366;
    constexpr std::int32_t most_kept = 36600;
    if (days_ahead < 0 || days_ahead > most_ahead) {
        throw Refusal(RefusalKind::invalid_retention, "days_ahead must be between 0 and " + std::to_string(most_ahead) +
                                                          ", got " + std::to_string(days_ahead));
    }
    if (keep_days < 1 || keep_days > most_kept) {
        throw Refusal(RefusalKind::invalid_retention, "keep_days must be between 1 and " + std::to_string(most_kept) +
                                                          ", got " + std::to_string(keep_days));
    }
}

core::Uuid first_kept_id(std::int32_t keep_days) {
    return core::first_id_at(milliseconds_at(today() - keep_days));
}

MaintenanceOutcome maintain_partitions(const DailyTable& table, std::int32_t days_ahead, std::int32_t keep_days) {
    check_days(days_ahead, keep_days);
    lock_until_transaction_ends(LockOf::partitions, table.name);
    server([] {
        set_for_this_call("lock_timeout", lock_wait);
        set_for_this_call("client_min_messages", "warning");
    });
    const Day first = today() - keep_days;
    const Day last = today() + days_ahead;
    MaintenanceOutcome outcome;
    outcome.deleted =
        table.delete_in_default.write({Value::timestamp(static_cast<TimestampTz>(first) * USECS_PER_DAY)}).int8(0, 1);

    const std::set<Day> existing = days_with_partition(table);
    std::set<Day> wanted = days_in_default(table, first, last);
    for (Day day = today(); day <= last; ++day) {
        wanted.insert(day);
    }
    for (const Day day : wanted) {
        if (existing.contains(day)) {
            continue;
        }
        if (attempt([&] { outcome.moved += static_cast<std::int64_t>(make_partition(table, day)); })) {
            ++outcome.created;
        } else {
            ++outcome.skipped;
        }
    }

    // Last, since this holds up all writers until the transaction ends.
    for (const Day day : existing) {
        if (day >= first) {
            break;
        }
        if (attempt([&] { outcome.dropped_rows += drop_partition(table, day); })) {
            ++outcome.dropped;
        } else {
            ++outcome.skipped;
        }
    }
    return outcome;
}

} // namespace pgbk
