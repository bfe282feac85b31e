#include "pg/settings.hpp"

namespace pgbk::settings {

int clock_offset = 0;
int lock_timeout = 3000;
bool plain_writes = true;
int notify = notify_direct;
int notify_databases = 16;
int notify_interval = 2;
int notify_idle_seconds = 60;

namespace {

const config_enum_entry notify_modes[] = {{"coalesced", notify_coalesced, false},
                                          {"direct", notify_direct, false},
                                          {"off", notify_off, false},
                                          {nullptr, 0, false}};

bool may_coalesce = false;

// As a default of a database or role it may be set beforehand.
bool check_notify(int* mode, void** /*extra*/, GucSource source) {
    if (*mode != notify_coalesced || may_coalesce || source == PGC_S_TEST) {
        return true;
    }
    GUC_check_errmsg("pg_booking.notify cannot be \"coalesced\" here");
    GUC_check_errdetail("The library pg_booking was not loaded when the server started.");
    GUC_check_errhint("Add pg_booking to shared_preload_libraries and restart the server.");
    return false;
}

// Only those whom the server has started with the library have use for these, and the first can be set only then.
void define_for_notifier() {
    DefineCustomIntVariable("pg_booking.notify_databases", "Databases that can have a notifier at the same time.",
                            "Writers of any other one notify directly. Each notifier takes one of "
                            "max_worker_processes. Only with the library in shared_preload_libraries.",
                            &notify_databases, 16, 1, 1024, PGC_POSTMASTER, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("pg_booking.notify_interval_ms", "Least time between two notifications of a notifier.",
                            "The first after a rest goes out at once. Only with the library in "
                            "shared_preload_libraries.",
                            &notify_interval, 2, 0, 1000, PGC_SIGHUP, GUC_UNIT_MS, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("pg_booking.notify_idle_seconds",
                            "A notifier that has had nothing to do for so long leaves.",
                            "The next writer brings it back. Only with the library in shared_preload_libraries.",
                            &notify_idle_seconds, 60, 1, 86400, PGC_SIGHUP, GUC_UNIT_S, nullptr, nullptr, nullptr);
}

} // namespace

void define(bool is_preloaded, bool has_notifier) {
    may_coalesce = has_notifier;
    DefineCustomIntVariable("pg_booking.clock_offset", "Seconds by which the clock of holds is shifted.",
                            "For tests: a hold can expire, or a year pass, without waiting for it.", &clock_offset, 0,
                            INT_MIN, INT_MAX, PGC_SUSET, GUC_UNIT_S | GUC_NOT_IN_SAMPLE, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("pg_booking.lock_timeout", "Longest wait for a lock inside a booking function.",
                            "A longer wait ends with SQLSTATE BK401; 0 leaves it to lock_timeout.", &lock_timeout, 3000,
                            0, INT_MAX, PGC_USERSET, GUC_UNIT_MS, nullptr, nullptr, nullptr);
    DefineCustomBoolVariable("pg_booking.plain_writes",
                             "Holds are written without statements, where their tables are plain.",
                             "Off: always by statements, for an extension that has to see each of them. Tables with "
                             "triggers, rules or indexes of another kind than install() makes get them in any case.",
                             &plain_writes, true, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomEnumVariable(
        "pg_booking.notify", "How writers wake those who LISTEN for events.",
        "coalesced: a background worker notifies for all writers of the database, the default with "
        "the library in shared_preload_libraries and refused without; direct: NOTIFY in the "
        "writer's transaction, which then cannot be prepared for two-phase commit; off: not at all.",
        &notify, has_notifier ? notify_coalesced : notify_direct, notify_modes, PGC_USERSET, 0, check_notify, nullptr,
        nullptr);
    if (is_preloaded) {
        define_for_notifier();
    }
    MarkGUCPrefixReserved("pg_booking");
}

TimestampTz now() {
    return GetCurrentTimestamp() + static_cast<TimestampTz>(clock_offset) * USECS_PER_SEC;
}

} // namespace pgbk::settings
