// The token of "Authorization: Bearer ...". Pure.
#pragma once

#include "http/message.hpp"
#include "text/ascii.hpp"

namespace pgbk::relay {

// Nothing where there is none.
inline std::optional<std::string> bearer_token(const Request& request) {
    constexpr std::string_view scheme = "bearer ";
    const std::string authorization = request.header("authorization");
    return lower_case(authorization.substr(0, scheme.size())) == scheme
               ? std::optional(std::string(without_spaces(authorization.substr(scheme.size()))))
               : std::nullopt;
}

} // namespace pgbk::relay
