// Refusing for want of seats, again and again.
//
// What costs most is looked at once a second in a backend: whether the session is on sale, and which of its holds have
// run out. Where none has, the counters say it all in between, unless a hold runs out first; one that is made later
// lasts for a second at least.
#pragma once

#include "pg/hold_writer.hpp"

namespace pgbk {

// Throws the refusal.
[[noreturn]] void refuse_sold_out(const Request& request, std::int64_t available);

// The same where there are seats, all of which are kept for those who wait.
[[noreturn]] void refuse_for_others_are_waiting(const Request& request);

// After a look at the session at this time of the clock.
void remember_no_hold_has_run_out(const Request& request, TimestampTz clock);

// Throws the refusal if the counters are enough to tell; otherwise the session must be looked at.
void refuse_if_still_sold_out(const Request& request, TimestampTz clock);

} // namespace pgbk
