// What staff may say when they change a single session. Each check returns normally or throws Refusal
// invalid_session_change.
#pragma once

#include <cstdint>
#include <string_view>

namespace pgbk::core {

// Seats: 0 to 1,000,000.
void check_capacity(std::int32_t capacity);

// At most 500 characters in any number of lines.
void check_closing_reason(std::string_view reason);

} // namespace pgbk::core
