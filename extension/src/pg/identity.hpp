// New ids of this backend.
#pragma once

#include "core/identifier.hpp"
#include "pg/guard.hpp"

namespace pgbk {

// Since 1970, as ids know the time.
std::int64_t milliseconds_of(TimestampTz time);

// C++ frame. Throws Refusal invalid_organization.
core::Uuid new_id(std::int32_t organization);

} // namespace pgbk
