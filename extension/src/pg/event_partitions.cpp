// The daily partitions of booking_events: made ahead, dropped when old. A day without one is served by DEFAULT, so none
// of this is urgent, and nothing here waits long for a lock: others would queue behind it.
#include "pg/access.hpp"
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
constexpr std::string_view name_prefix = "booking_events_";

std::int64_t milliseconds_at(Day day) {
    return static_cast<std::int64_t>(day + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE)) * SECS_PER_DAY * 1000;
}

std::string bound(Day day) {
    return "'" + uuid_text(core::first_id_at(milliseconds_at(day))) + "'";
}

// booking_events_20270301
std::string partition_of(Day day) {
    std::string digits = date_text(day);
    std::erase(digits, '-');
    return std::string(name_prefix) + digits;
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

std::set<Day> days_with_partition() {
    static constinit Statement statement(
        "SELECT to_date(right(c.relname, 8), 'YYYYMMDD') FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = 'booking.booking_events'::regclass AND c.relname ~ '^booking_events_[0-9]{8}$'");
    const Rows rows = statement.write({});
    std::set<Day> days;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        days.insert(rows.date(row, 1));
    }
    return days;
}

// Days of events that went to DEFAULT.
std::set<Day> days_in_default(Day first, Day last) {
    static constinit Statement statement(
        "SELECT DISTINCT DATE '1970-01-01'"
        "       + ((('x' || left(replace(e.id::text, '-', ''), 12))::bit(48)::bigint) / 86400000)::integer"
        "  FROM booking.booking_events_default AS e WHERE e.id >= $1 AND e.id < $2");
    const Rows rows =
        statement.write({core::first_id_at(milliseconds_at(first)), core::first_id_at(milliseconds_at(last + 1))});
    std::set<Day> days;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        days.insert(rows.date(row, 1));
    }
    return days;
}

// Made beside the table and then attached, which those who write to other days do not notice. While events are moved
// from DEFAULT nobody can add to them there. Returns how many were moved.
std::uint64_t make_partition(Day day) {
    const std::string name = "booking." + partition_of(day);
    run("LOCK TABLE booking.booking_events IN SHARE UPDATE EXCLUSIVE MODE");
    run("LOCK TABLE ONLY booking.booking_events_default IN ACCESS EXCLUSIVE MODE");
    run("CREATE TABLE " + name + " (LIKE booking.booking_events INCLUDING ALL)");
    run("ALTER TABLE " + name + " ENABLE ROW LEVEL SECURITY");
    run("COMMENT ON TABLE " + name + " IS 'Events of " + date_text(day) + " (UTC)'");
    run("WITH moved AS (DELETE FROM booking.booking_events_default WHERE id >= " + bound(day) + " AND id < " +
        bound(day + 1) + " RETURNING *) INSERT INTO " + name + " SELECT * FROM moved");
    const std::uint64_t moved = SPI_processed;
    run("ALTER TABLE booking.booking_events ATTACH PARTITION " + name + " FOR VALUES FROM (" + bound(day) + ") TO (" +
        bound(day + 1) + ")");
    return moved;
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
            ereport(LOG,
                    (errmsg("pg_booking: a partition of booking_events is left for later: %s", error.data->message)));
            FreeErrorData(error.data);
        });
        return false;
    }
}

struct Outcome {
    std::int32_t created = 0;
    std::int64_t moved = 0;
    std::int64_t deleted = 0;
    std::int32_t dropped = 0;
    std::int32_t skipped = 0;
};

// Events in DEFAULT that are as old as those that are dropped. Also those with ids of other makers, whose time the id
// does not tell.
std::int64_t delete_from_default(Day oldest) {
    static constinit Statement statement(
        "WITH old AS (DELETE FROM booking.booking_events_default AS e WHERE e.occurred_at < $1 RETURNING 1)"
        " SELECT count(*) FROM old");
    return statement.write({Value::timestamp(static_cast<TimestampTz>(oldest) * USECS_PER_DAY)}).int8(0, 1);
}

Outcome maintain(std::int32_t days_ahead, std::int32_t keep_days) {
    const Day first = today() - keep_days;
    const Day last = today() + days_ahead;
    Outcome outcome;
    outcome.deleted = delete_from_default(first);

    const std::set<Day> existing = days_with_partition();
    std::set<Day> wanted = days_in_default(first, last);
    for (Day day = today(); day <= last; ++day) {
        wanted.insert(day);
    }
    for (const Day day : wanted) {
        if (existing.contains(day)) {
            continue;
        }
        if (attempt([&] { outcome.moved += static_cast<std::int64_t>(make_partition(day)); })) {
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
        if (attempt([&] { run("DROP TABLE booking." + partition_of(day)); })) {
            ++outcome.dropped;
        } else {
            ++outcome.skipped;
        }
    }
    return outcome;
}

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

Datum maintain_event_partitions_body(Call& call) {
    require_trusted(call, "maintain the partitions of booking_events", "Call as a member of booking_service.");
    const std::int32_t days_ahead = int4_argument(call, 0, "days_ahead");
    const std::int32_t keep_days = int4_argument(call, 1, "keep_days");
    check_days(days_ahead, keep_days);
    lock_until_transaction_ends(LockOf::partitions, "booking_events");
    server([&] {
        set_for_this_call("lock_timeout", lock_wait);
        set_for_this_call("client_min_messages", "warning");
    });
    const Outcome outcome = maintain(days_ahead, keep_days);
    return record_result(call, {outcome.created, Value::int8(outcome.moved), Value::int8(outcome.deleted),
                                outcome.dropped, outcome.skipped});
}

} // namespace

PGBK_WRITER(maintain_event_partitions, maintain_event_partitions_body);

} // namespace pgbk
