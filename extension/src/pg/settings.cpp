#include "pg/settings.hpp"

namespace pgbk::settings {

int clock_offset = 0;
int lock_timeout = 3000;
int notify = notify_direct;

namespace {

const config_enum_entry notify_modes[] = {
    {"direct", notify_direct, false}, {"off", notify_off, false}, {nullptr, 0, false}};

} // namespace

void define() {
    DefineCustomIntVariable("pg_booking.clock_offset", "Seconds by which the clock of holds is shifted.",
                            "For tests: a hold can expire, or a year pass, without waiting for it.", &clock_offset, 0,
                            INT_MIN, INT_MAX, PGC_SUSET, GUC_UNIT_S | GUC_NOT_IN_SAMPLE, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("pg_booking.lock_timeout", "Longest wait for a lock inside a booking function.",
                            "A longer wait ends with SQLSTATE BK401; 0 leaves it to lock_timeout.", &lock_timeout, 3000,
                            0, INT_MAX, PGC_USERSET, GUC_UNIT_MS, nullptr, nullptr, nullptr);
    DefineCustomEnumVariable("pg_booking.notify", "How writers wake those who LISTEN for events.",
                             "direct: NOTIFY in the writer's transaction, which then cannot be prepared for two-phase "
                             "commit; off: not at all.",
                             &notify, notify_direct, notify_modes, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    MarkGUCPrefixReserved("pg_booking");
}

TimestampTz now() {
    return GetCurrentTimestamp() + static_cast<TimestampTz>(clock_offset) * USECS_PER_SEC;
}

} // namespace pgbk::settings
