// Settings (GUCs, prefix pg_booking.) and the clock that holds are measured by.
#pragma once

#include "pg/guard.hpp"

namespace pgbk::settings {

extern int clock_offset; // seconds, for tests
extern int lock_timeout; // milliseconds, 0: none

extern bool plain_writes; // holds are written without statements, where the tables are plain

// How writers wake those who LISTEN.
enum Notify : int { notify_off = 0, notify_coalesced = 1, notify_direct = 2 };
extern int notify;

extern int notify_databases;    // so many can have a notifier
extern int notify_interval;     // milliseconds between two notifications
extern int notify_idle_seconds; // then the notifier leaves

// Server frame, from _PG_init. is_preloaded: by shared_preload_libraries; has_notifier: and so is what coalesced needs.
void define(bool is_preloaded, bool has_notifier);

// The one clock of holds, bookings and generation: the wall clock, shifted by pg_booking.clock_offset.
TimestampTz now();

} // namespace pgbk::settings
