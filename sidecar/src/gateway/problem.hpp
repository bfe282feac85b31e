// How a refusal of the database is told over HTTP. Pure.
#pragma once

#include "http/message.hpp"

#include <string>
#include <string_view>

namespace pgbk::relay {

struct DatabaseError {
    std::string sqlstate; // empty: there was no answer
    std::string message;
    std::string field;
    std::string hint;
};

// 400 the request, 402 to be paid first, 403 not allowed, 404 nothing there, 409 not in this state, 410 too late, 503
// not now, 500 a fault.
int status_of(std::string_view sqlstate);

// {"error", "code", "field"?, "hint"?}. What is nobody's business outside (a fault, a server that is away) is not told:
// its message says no more than what to do.
Response problem_response(const DatabaseError& error);

// 503; why in words, and after how many seconds to try again.
Response unavailable_response(std::string_view why, int seconds);

} // namespace pgbk::relay
