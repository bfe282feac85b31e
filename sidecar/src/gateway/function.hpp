// A route that is one SQL function, called with the rights of a visitor.
#pragma once

#include "db/connection.hpp"
#include "http/message.hpp"
#include "http/rate_limiter.hpp"

#include <functional>
#include <optional>
#include <string>

namespace pgbk::relay {

struct GatewayFunction {
    std::string method;
    std::string name; // of the SQL function
    std::string sql;
    // What is passed to it. Nothing: the request is refused, and `refusal` says why.
    std::function<std::optional<Parameters>(const Request&, Response& refusal)> parameters;
    RateLimiter limiter;
    // Makes of the answer what this route answers with; none: it is that already.
    std::function<void(const Request&, Response&)> finish = nullptr;
    // How the state is asked for, as long as the answer says that something is pending (pending.hpp); none: nothing is
    // waited for.
    std::function<std::optional<Statement>(const Request&, const std::string& answer)> look_again = nullptr;
};

} // namespace pgbk::relay
