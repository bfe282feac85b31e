// What the writers of a database and its notifier share: a place in shared memory. Writers announce in it that there is
// something to read, and the notifier, a background worker, tells those who LISTEN.
//
// The places exist where the library is in shared_preload_libraries. There are pg_booking.notify_databases of them; a
// database keeps its place while a backend that has written is connected, and until another one needs it.
#pragma once

#include "pg/guard.hpp"

namespace pgbk {

// Bits of Place::flags.
enum class Channel : std::uint32_t { events = 1, webhooks = 2 };
inline constexpr std::uint32_t all_channels = 3;
inline constexpr std::uint32_t notifier_sleeps = 4; // until its latch is set

const char* channel_name(Channel channel);

// All but the last group may be read and changed by anybody at any time; milliseconds are those of steady_ms().
struct alignas(PG_CACHE_LINE_SIZE) Place {
    pg_atomic_uint32 database;   // 0: free
    pg_atomic_uint32 flags;      // what has been committed and not been told, and notifier_sleeps
    pg_atomic_uint32 announced;  // transactions that will set a flag if they commit
    pg_atomic_uint32 notifier;   // its process number, 0: none
    pg_atomic_uint64 latch;      // the notifier's, also after its end: a process's latch is never unmapped
    pg_atomic_uint64 away_until; // no notifier till then (ms)

    pg_atomic_uint32 users; // backends that know the place
    pg_atomic_uint64 commits;
    pg_atomic_uint64 notifications;
    pg_atomic_uint64 direct; // transactions that had to notify themselves

    // Under the lock of the places.
    std::int64_t registered_at; // when the postmaster was asked for a notifier that has not come (ms), 0: it was not
    bool could_not_connect;     // the last one
    TimestampTz started_at;
    TimestampTz failed_at; // 0: never
    TimestampTz logged_at;
    char error[256];
};

// Server frames, all of them. Only those marked so may be called in a commit callback: nothing in them can raise.

void share_notifier_places(); // from _PG_init
bool has_notifier_places();

// A clock that is never set, the same in all processes. Commit callback.
std::int64_t steady_ms();

void lock_places(LWLockMode mode);
void unlock_places();

// With the lock held, or by somebody who keeps the place from being given away.
Place* find_place(Oid database);

// The place of this backend's database, which it keeps from now on; nullptr if all are taken.
Place* own_place();

// Transactions that found all places taken.
pg_atomic_uint64& homeless_transactions();

// Commit callback.
void wake_notifier(const Place& place);

// Notes what went wrong, for notifier_status(), and writes it to the log unless that was done within a minute.
void note_failure(Place& place, const char* message, const char* hint);

// Whether there is a notifier, or one is on its way; asks the postmaster for one if not. False: not at present.
bool ensure_notifier(Place& place);

} // namespace pgbk
