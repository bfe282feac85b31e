// New ids of this backend.
#pragma once

#include "core/identifier.hpp"
#include "pg/guard.hpp"

namespace pgbk {

// C++ frame. Throws Refusal invalid_organization.
core::Uuid new_id(std::int32_t organization);

} // namespace pgbk
