// What news of an appointment does to the booking that it belongs to.
#pragma once

#include "pg/effect.hpp"

#include "core/provider_event.hpp"

namespace pgbk {

// received_at: when it came first, for the window of time in which it is believed.
Effect apply_calendar(const Sender& sender, const core::ProviderEvent& event, TimestampTz received_at);

// What the server makes of a time in text; nothing if there is no such date.
std::optional<TimestampTz> read_timestamp(std::string_view text);

} // namespace pgbk
