// NOTIFY: a hint to those who LISTEN that there is something to read. The tables are the truth.
#pragma once

#include "pg/statement.hpp"

namespace pgbk {

// C++ frames. Both do what the setting pg_booking.notify says.

// One message, sent when the transaction commits; the same message twice is sent once.
void notify(const char* channel, const std::string& payload);

// The events just written, on channel booking_events: one message an organization, {"organization_id":1,"ids":[...]}.
// Ids that do not fit into a message are left out, and "more":true says so. Columns: organization_id, id.
void notify_of_events(const Rows& events);

// The same of one event.
void notify_of_event(std::int32_t organization, const core::Uuid& event);

// The same of events of which only the organization is named, so that any number of statements send one message.
void notify_of_some_events(std::int32_t organization);

} // namespace pgbk
