// Appointments that we make at a calendar; calendar_call_done() and calendar_call_failed() are in provider_calls.hpp.
#pragma once

#include "pg/provider_calls.hpp"

namespace pgbk {

// The calendar is asked how the appointment stands that a call has made.
void queue_calendar_look_up(std::int32_t organization, const core::Uuid& calendar_call);

} // namespace pgbk
