// Settings (GUCs, prefix pg_booking.) and the clock that holds are measured by.
#pragma once

#include "pg/guard.hpp"

namespace pgbk::settings {

extern int clock_offset; // seconds, for tests
extern int lock_timeout; // milliseconds, 0: none

// How writers wake those who LISTEN. 1 is kept for a mode in which a background worker notifies for all of them.
enum Notify : int { notify_off = 0, notify_direct = 2 };
extern int notify;

void define(); // server frame, from _PG_init

// The one clock of holds, bookings and generation: the wall clock, shifted by pg_booking.clock_offset.
TimestampTz now();

} // namespace pgbk::settings
