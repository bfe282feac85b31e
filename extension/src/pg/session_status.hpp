// A session is closed or opened, whoever does it: one of the staff, or a period that is blocked.
#pragma once

#include "core/identifier.hpp"
#include "pg/statement.hpp"

namespace pgbk {

struct SessionState {
    std::string_view status;
    std::int32_t capacity;
};

// Locks the session's row, before its lanes. Throws Refusal session_not_found.
SessionState lock_session_state(std::int32_t organization, const core::Uuid& session);

// True if it was not so already. A session that is opened is not of a blocked period any more. Throws Refusal
// session_cancelled.
bool set_session_status(std::int32_t organization, const core::Uuid& session, std::string_view status,
                        std::string_view reason);

} // namespace pgbk
