#include "core/session_change.hpp"

#include "core/refusal.hpp"
#include "core/validation.hpp"

#include <string>

namespace pgbk::core {

void check_capacity(std::int32_t capacity) {
    constexpr std::int32_t most = 1'000'000;
    if (capacity < 0 || capacity > most) {
        throw Refusal(RefusalKind::invalid_session_change,
                      "capacity must be between 0 and " + std::to_string(most) + ", got " + std::to_string(capacity),
                      {}, {}, "capacity");
    }
}

void check_closing_reason(std::string_view reason) {
    constexpr std::size_t longest = 500;
    if (characters(reason) > longest || has_control_character(reason, Lines::many)) {
        throw Refusal(RefusalKind::invalid_session_change,
                      "reason must have at most 500 characters and no control characters", {}, {}, "reason");
    }
}

} // namespace pgbk::core
