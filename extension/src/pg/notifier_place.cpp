#include "pg/notifier_place.hpp"

#include "pg/settings.hpp"

namespace pgbk {

namespace {

constexpr const char* tranche = "pg_booking";
constexpr std::int64_t patience_with_postmaster = 10'000; // ms
constexpr std::int64_t pause_after_refusal = 1'000;       // ms
constexpr TimestampTz pause_in_log = USECS_PER_MINUTE;
constexpr int restart_seconds = 1;

struct Places {
    LWLock* lock;
    int count;
    pg_atomic_uint64 homeless;
    Place all[FLEXIBLE_ARRAY_MEMBER];
};

Places* places = nullptr;
Place* own = nullptr;
std::int64_t taken_until = 0; // all places were, so that there is no use in looking again before
shmem_startup_hook_type previous_startup = nullptr;

std::size_t size_of_places() {
    return add_size(offsetof(Places, all), mul_size(sizeof(Place), static_cast<Size>(settings::notify_databases)));
}

void request_memory() {
    RequestAddinShmemSpace(add_size(size_of_places(), PG_CACHE_LINE_SIZE));
    RequestNamedLWLockTranche(tranche, 1);
}

void forget(Place& place) {
    pg_atomic_write_u32(&place.flags, 0);
    pg_atomic_write_u32(&place.announced, 0);
    pg_atomic_write_u64(&place.away_until, 0);
    pg_atomic_write_u64(&place.commits, 0);
    pg_atomic_write_u64(&place.notifications, 0);
    pg_atomic_write_u64(&place.direct, 0);
    place.registered_at = 0;
    place.could_not_connect = false;
    place.started_at = 0;
    place.failed_at = 0;
    place.logged_at = 0;
    place.error[0] = '\0';
}

void initialize(Place& place) {
    pg_atomic_init_u32(&place.database, InvalidOid);
    pg_atomic_init_u32(&place.flags, 0);
    pg_atomic_init_u32(&place.announced, 0);
    pg_atomic_init_u32(&place.notifier, 0);
    pg_atomic_init_u64(&place.latch, 0);
    pg_atomic_init_u64(&place.away_until, 0);
    pg_atomic_init_u32(&place.users, 0);
    pg_atomic_init_u64(&place.commits, 0);
    pg_atomic_init_u64(&place.notifications, 0);
    pg_atomic_init_u64(&place.direct, 0);
    forget(place);
}

void make_places() {
    if (previous_startup != nullptr) {
        previous_startup();
    }
    bool found = false;
    LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
    places = static_cast<Places*>(ShmemInitStruct("pg_booking notifiers", size_of_places(), &found));
    if (!found) {
        places->lock = &GetNamedLWLockTranche(tranche)->lock;
        places->count = settings::notify_databases;
        pg_atomic_init_u64(&places->homeless, 0);
        std::for_each_n(places->all, places->count, initialize);
    }
    LWLockRelease(AddinShmemInitLock);
}

// Nobody would notice if it were another database's.
bool is_free(Place& place) {
    if (pg_atomic_read_u32(&place.notifier) != 0 || pg_atomic_read_u32(&place.users) != 0) {
        return false;
    }
    return pg_atomic_read_u32(&place.database) == InvalidOid ||
           (pg_atomic_read_u32(&place.announced) == 0 && (pg_atomic_read_u32(&place.flags) & all_channels) == 0);
}

void leave_own_place(int /*code*/, Datum /*argument*/) {
    pg_atomic_fetch_sub_u32(&own->users, 1);
}

// With the lock held.
Place* take_place(Oid database) {
    if (Place* const known = find_place(database); known != nullptr) {
        return known;
    }
    Place* const end = places->all + places->count;
    // One that nobody has had yet, sooner than one whose counters somebody may want to read.
    Place* found = std::find_if(places->all, end, [](Place& place) {
        return pg_atomic_read_u32(&place.database) == InvalidOid && is_free(place);
    });
    if (found == end) {
        found = std::find_if(places->all, end, is_free);
    }
    if (found == end) {
        return nullptr;
    }
    forget(*found);
    pg_atomic_write_u32(&found->database, database);
    return found;
}

// A notifier that ends with a status other than 0 is started again by the postmaster.
bool register_notifier(Oid database) {
    BackgroundWorker worker{};
    snprintf(worker.bgw_name, sizeof worker.bgw_name, "pg_booking notifier of database %u", database);
    strlcpy(worker.bgw_type, "pg_booking notifier", sizeof worker.bgw_type);
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = restart_seconds;
    strlcpy(worker.bgw_library_name, "pg_booking", sizeof worker.bgw_library_name);
    strlcpy(worker.bgw_function_name, "pgbk_notifier_main", sizeof worker.bgw_function_name);
    worker.bgw_main_arg = ObjectIdGetDatum(database);
    return RegisterDynamicBackgroundWorker(&worker, nullptr);
}

} // namespace

const char* channel_name(Channel channel) {
    return channel == Channel::events ? "booking_events" : "booking_webhooks";
}

void share_notifier_places() {
    at_request_for_shared_memory(request_memory);
    previous_startup = shmem_startup_hook;
    shmem_startup_hook = make_places;
}

bool has_notifier_places() {
    return places != nullptr;
}

std::int64_t steady_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

void lock_places(LWLockMode mode) {
    LWLockAcquire(places->lock, mode);
}

void unlock_places() {
    LWLockRelease(places->lock);
}

Place* find_place(Oid database) {
    Place* const end = places->all + places->count;
    Place* const found = std::find_if(
        places->all, end, [database](Place& place) { return pg_atomic_read_u32(&place.database) == database; });
    return found == end ? nullptr : found;
}

Place* own_place() {
    if (own != nullptr) {
        return own;
    }
    if (places == nullptr || steady_ms() < taken_until) {
        return nullptr;
    }
    lock_places(LW_EXCLUSIVE);
    own = take_place(MyDatabaseId);
    if (own != nullptr) {
        pg_atomic_fetch_add_u32(&own->users, 1);
    }
    unlock_places();
    if (own == nullptr) {
        taken_until = steady_ms() + pause_after_refusal;
        return nullptr;
    }
    before_shmem_exit(leave_own_place, Datum{0});
    return own;
}

pg_atomic_uint64& homeless_transactions() {
    return places->homeless;
}

void wake_notifier(const Place& place) {
    auto* const latch = reinterpret_cast<Latch*>(pg_atomic_read_u64(const_cast<pg_atomic_uint64*>(&place.latch)));
    if (latch != nullptr) {
        SetLatch(latch);
    }
}

void note_failure(Place& place, const char* message, const char* hint) {
    const TimestampTz now = GetCurrentTimestamp();
    lock_places(LW_EXCLUSIVE);
    const bool is_news = place.logged_at == 0 || now - place.logged_at > pause_in_log;
    if (is_news) {
        place.logged_at = now;
    }
    place.failed_at = now;
    strlcpy(place.error, message, sizeof place.error);
    unlock_places();
    if (is_news) {
        ereport(LOG, (errmsg("pg_booking notifier of database %u: %s", pg_atomic_read_u32(&place.database), message),
                      hint != nullptr ? errhint("%s", hint) : 0));
    }
}

bool ensure_notifier(Place& place) {
    lock_places(LW_EXCLUSIVE);
    const std::int64_t now = steady_ms();
    bool is_there = static_cast<std::int64_t>(pg_atomic_read_u64(&place.away_until)) <= now;
    if (is_there) {
        pg_atomic_write_u64(&place.away_until, 0); // so that nobody has to look at the clock again
    }
    const bool is_wanted = is_there && pg_atomic_read_u32(&place.notifier) == 0 &&
                           (place.registered_at == 0 || now - place.registered_at > patience_with_postmaster);
    if (is_wanted) {
        is_there = register_notifier(pg_atomic_read_u32(&place.database));
        place.registered_at = is_there ? now : 0;
        if (!is_there) {
            pg_atomic_write_u64(&place.away_until, static_cast<std::uint64_t>(now + pause_after_refusal));
        }
    }
    unlock_places();
    if (is_wanted && !is_there) {
        note_failure(place, "no background worker is free", "Raise max_worker_processes; writers notify directly.");
    }
    return is_there;
}

} // namespace pgbk
