// Which lane of a striped session this backend takes seats from and gives them to.
//
// A backend begins with the lane of its own number, so that concurrent backends meet as little as possible, and stays
// with the lane in which it last found seats. What is remembered is a hint: a statement that finds no seats there looks
// at the session itself.
#pragma once

#include "core/identifier.hpp"
#include "pg/guard.hpp"

namespace pgbk {

// Lanes of the session as last seen by this backend; 0: none, or not seen yet.
std::int32_t lanes_seen(const core::Uuid& session);
void remember_lanes(const core::Uuid& session, std::int32_t lanes);

// Whether the fast path had no chance when this backend last looked, since seats were short or holds are limited: then
// the session is looked at first.
bool was_scarce(const core::Uuid& session);
void remember_scarcity(const core::Uuid& session, bool scarce);

// Whether nothing but the counters decides at this time how many seats are free: what else might was looked at a moment
// ago, from, and nothing of it changes before until.
bool counters_tell(const core::Uuid& session, TimestampTz clock);
void remember_counters_tell(const core::Uuid& session, TimestampTz from, TimestampTz until);

// The lane to use; lanes must be positive.
std::int32_t own_lane(const core::Uuid& session, std::int32_t lanes);
void remember_lane(const core::Uuid& session, std::int32_t lane);

} // namespace pgbk
