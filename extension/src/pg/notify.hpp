// NOTIFY: a hint to those who LISTEN that there is something to read. The tables are the truth.
#pragma once

#include "pg/statement.hpp"

#include <span>

namespace pgbk {

// C++ frames. All do what the setting pg_booking.notify says: where it is coalesced, they announce that there is
// something to read on the channel (announcement.hpp), and the messages below are those of a transaction that notifies
// directly.

// Deliveries to make, or something else for the relays, on channel booking_webhooks, without a text.
void notify_of_work();

// The events just written, on channel booking_events: one message an organization, {"organization_id":1,"ids":[...]}.
// Ids that do not fit into a message are left out, and "more":true says so. Columns: organization_id, id.
void notify_of_events(const Rows& events);

// The same of events of one organization.
void notify_of_these_events(std::int32_t organization, std::span<const core::Uuid> events);

// The same of one event.
void notify_of_event(std::int32_t organization, const core::Uuid& event);

// The same of events of which only the organization is named, so that any number of statements send one message.
void notify_of_some_events(std::int32_t organization);

} // namespace pgbk
