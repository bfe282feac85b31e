// What news of an appointment does to the booking that it belongs to.
#pragma once

#include "pg/effect.hpp"

#include "core/provider_event.hpp"
#include "pg/booking_account.hpp"

namespace pgbk {

// received_at: when it came first, for the window of time in which it is believed.
Effect apply_calendar(const Sender& sender, const core::ProviderEvent& event, TimestampTz received_at);

// The same for what the calendar has answered to us. The account must be locked, and is brought up to date; at: since
// when it is so, by the calendar's clock.
Effect apply_appointment(BookingAccount& account, const core::CalendarNews& news, TimestampTz at);

// What the server makes of a time in text; nothing if there is no such date.
std::optional<TimestampTz> read_timestamp(std::string_view text);

} // namespace pgbk
