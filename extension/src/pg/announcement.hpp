// How writers leave NOTIFY to the notifier (pg_booking.notify = coalesced).
#pragma once

#include "pg/notifier_place.hpp"

namespace pgbk {

// Server frame. Once this transaction has committed, the notifier of the database will notify on the channel. False: it
// will not, and the transaction has to notify itself. A savepoint that is rolled back takes nothing back.
bool announce(Channel channel);

} // namespace pgbk
