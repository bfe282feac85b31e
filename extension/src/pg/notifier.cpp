// The notifier: a background worker, one for each database that is written to, that tells those who LISTEN what has
// been committed. It reads no table and calls no function, so that nothing in the database can be in its way.
//
// It leaves when it has had nothing to do for a while, and when somebody wants the database for themselves
// (notifier_utility.cpp). If it is terminated the postmaster starts it again; that one then has a look whether there is
// anything left to tell.
#include "core/notify_pace.hpp"
#include "pg/notifier_place.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

constexpr std::int64_t pause_after_failure = 1'000;        // ms
constexpr std::int64_t pause_after_failed_connect = 5'000; // ms

Place* place = nullptr;
bool is_connecting = false;
std::uint32_t being_told = 0; // flags taken, and not committed yet

bool has_work() {
    return (pg_atomic_read_u32(&place->flags) & all_channels) != 0 || pg_atomic_read_u32(&place->announced) != 0;
}

std::int64_t away_until() {
    return static_cast<std::int64_t>(pg_atomic_read_u64(&place->away_until));
}

// However the process ends. The place may be another notifier's, or another database's, by now.
void leave_place(int /*code*/, Datum /*argument*/) {
    lock_places(LW_EXCLUSIVE);
    if (being_told != 0) { // terminated on the way: the next one tells, which starts within a second
        pg_atomic_fetch_or_u32(&place->flags, being_told);
        being_told = 0;
    }
    if (pg_atomic_read_u32(&place->notifier) == static_cast<std::uint32_t>(MyProcPid)) {
        pg_atomic_write_u32(&place->notifier, 0);
        pg_atomic_fetch_and_u32(&place->flags, all_channels);
        if (is_connecting) {
            place->could_not_connect = true;
            place->failed_at = GetCurrentTimestamp();
            strlcpy(place->error, "could not connect to the database", sizeof place->error); // the log has the reason
            pg_atomic_write_u64(&place->away_until,
                                static_cast<std::uint64_t>(steady_ms() + pause_after_failed_connect));
        }
    }
    unlock_places();
}

// False if there is nothing to do here: the database is gone or has another notifier, or it could not be entered.
bool enter_place(Oid database) {
    lock_places(LW_EXCLUSIVE);
    place = find_place(database);
    bool enters = place != nullptr && pg_atomic_read_u32(&place->notifier) == 0;
    if (enters) {
        enters = !place->could_not_connect;
        place->could_not_connect = false;
        place->registered_at = 0;
    }
    if (enters) {
        pg_atomic_write_u64(&place->latch, reinterpret_cast<std::uintptr_t>(MyLatch));
        pg_atomic_write_u32(&place->notifier, static_cast<std::uint32_t>(MyProcPid));
        place->started_at = GetCurrentTimestamp();
    }
    unlock_places();
    return enters;
}

void rest(std::int64_t milliseconds) {
    (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
                    static_cast<long>(std::max<std::int64_t>(milliseconds, 1)), PG_WAIT_EXTENSION);
}

void heed_signals() {
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
    if (ConfigReloadPending) {
        ConfigReloadPending = 0;
        ProcessConfigFile(PGC_SIGHUP);
    }
}

bool is_kept_away() {
    return steady_ms() < away_until();
}

// Outside of the database, which somebody wants for themselves. False: it is gone.
bool wait_outside(Oid database) {
    for (;;) {
        heed_signals();
        const bool is_gone = pg_atomic_read_u32(&place->database) != database;
        if (is_gone || !is_kept_away()) {
            return !is_gone;
        }
        rest(away_until() - steady_ms());
    }
}

void notify_all(std::uint32_t flags) {
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    for (const Channel channel : {Channel::events, Channel::webhooks}) {
        if ((flags & static_cast<std::uint32_t>(channel)) != 0) {
            Async_Notify(channel_name(channel), "");
        }
    }
    CommitTransactionCommand();
}

// C++ frame.
ErrorData* error_of_notifying(std::uint32_t flags) {
    try {
        server([flags] { notify_all(flags); });
        return nullptr;
    } catch (const ServerError& error) {
        return error.data;
    }
}

// False: it is to be tried again.
bool tell(std::uint32_t flags) {
    MemoryContext const context = CurrentMemoryContext;
    being_told = flags;
    ErrorData* const error = error_of_notifying(flags);
    being_told = 0;
    if (error == nullptr) {
        pg_atomic_fetch_add_u64(&place->notifications, 1);
    } else {
        AbortCurrentTransaction();
        note_failure(*place, error->message, nullptr);
        pg_atomic_fetch_or_u32(&place->flags, flags);
    }
    MemoryContextSwitchTo(context);
    if (error != nullptr) {
        FreeErrorData(error);
    }
    return error == nullptr;
}

std::uint32_t take_flags() {
    return pg_atomic_exchange_u32(&place->flags, 0) & all_channels;
}

// Not if a writer has come meanwhile: it counts itself first, and then looks whether the notifier is there.
bool may_leave() {
    lock_places(LW_EXCLUSIVE);
    pg_atomic_exchange_u32(&place->notifier, 0);
    const bool stays = has_work();
    if (stays) {
        pg_atomic_exchange_u32(&place->notifier, static_cast<std::uint32_t>(MyProcPid));
    }
    unlock_places();
    return !stays;
}

// Writers who come from now on see that there is no notifier; for those who came before, and relied on it, the
// postmaster starts it again (that is what a status of 1 does).
[[noreturn]] void end() {
    leave_place(0, Datum{0});
    proc_exit(has_work() ? 1 : 0);
}

// Between two notifications.
struct Pause {
    std::int64_t length = 0;
    std::int64_t since = steady_ms();
    std::uint64_t commits = pg_atomic_read_u64(&place->commits); // before it

    // Returns its end.
    std::int64_t begin(std::int64_t now) {
        const std::uint64_t all = pg_atomic_read_u64(&place->commits);
        length = core::next_notify_pause(length, settings::notify_interval, all - commits, now - since);
        commits = all;
        since = now;
        return now + length;
    }
};

// Until it is time to leave.
void serve() {
    Pause pause;
    std::int64_t idle_since = steady_ms();
    std::int64_t next_at = idle_since;
    for (heed_signals(); !is_kept_away(); heed_signals()) {
        if (const std::int64_t now = steady_ms(); now < next_at) {
            rest(next_at - now); // writers know that it need not be woken
            continue;
        }
        if (const std::uint32_t flags = take_flags(); flags != 0) {
            const bool told = tell(flags);
            idle_since = steady_ms();
            next_at = told ? pause.begin(idle_since) : idle_since + pause_after_failure;
            continue;
        }
        const std::int64_t leaves_at = idle_since + std::int64_t{1'000} * settings::notify_idle_seconds;
        if (steady_ms() >= leaves_at) {
            if (may_leave()) {
                return;
            }
            idle_since = steady_ms();
        }
        if ((pg_atomic_fetch_or_u32(&place->flags, notifier_sleeps) & all_channels) == 0) {
            (void)pgstat_report_stat(true);
            pgstat_report_activity(STATE_IDLE, nullptr);
            rest(leaves_at - steady_ms());
        }
    }
    if (const std::uint32_t flags = take_flags(); flags != 0) {
        (void)tell(flags);
    }
}

} // namespace

} // namespace pgbk

extern "C" {
PGDLLEXPORT void pgbk_notifier_main(Datum argument);

void pgbk_notifier_main(Datum argument) {
    using namespace pgbk;
    const Oid database = DatumGetObjectId(argument);
    pqsignal(SIGTERM, die);
    pqsignal(SIGINT, SIG_IGN); // there is no query to cancel
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    if (!has_notifier_places() || !enter_place(database)) {
        proc_exit(0);
    }
    before_shmem_exit(leave_place, Datum{0});
    BackgroundWorkerUnblockSignals();
    if (!wait_outside(database)) {
        proc_exit(0);
    }
    if (!has_work()) {
        end();
    }
    // The database's owner may have closed it to others, which those who are in it do not notice.
    is_connecting = true;
    BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, BGWORKER_BYPASS_ALLOWCONN);
    is_connecting = false;
    // What it commits is a hint: nobody waits for it to be on a disk, or on another server.
    SetConfigOption("synchronous_commit", "off", PGC_SUSET, PGC_S_OVERRIDE);
    serve();
    end();
}
}
