#include "pg/calendar_calls.hpp"

namespace pgbk {

void queue_calendar_look_up(std::int32_t /*organization*/, const core::Uuid& /*calendar_call*/) {}
void calendar_call_done(const FinishedCall& /*call*/) {}
void calendar_call_failed(const FinishedCall& /*call*/) {}

} // namespace pgbk
