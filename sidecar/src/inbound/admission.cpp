#include "inbound/admission.hpp"

#include "core/token.hpp"
#include "text/ascii.hpp"

namespace pgbk::relay {

bool bears(std::string_view authorization, std::string_view secret) {
    constexpr std::string_view scheme = "bearer ";
    return !secret.empty() && lower_case(authorization.substr(0, scheme.size())) == scheme &&
           core::equal_in_constant_time(authorization.substr(scheme.size()), secret);
}

bool is_json(std::string_view content_type) {
    auto type = content_type.substr(0, content_type.find(';'));
    type = type.substr(0, type.find_last_not_of(" \t") + 1);
    return lower_case(type) == "application/json";
}

int status_of_refusal(std::string_view sqlstate) {
    // BK4xx: try again, BK9xx: the installation, the other codes of ours: the event. 22: a value that PostgreSQL itself
    // refuses, such as a NUL in JSON.
    const bool ours = sqlstate.size() == 5 && sqlstate.starts_with("BK") && sqlstate[2] != '4' && sqlstate[2] != '9';
    return ours || sqlstate.starts_with("22") ? 400 : 503;
}

int status_of_webhook_refusal(std::string_view sqlstate) {
    constexpr std::string_view no_such_source = "BK702";
    if (sqlstate == no_such_source) {
        return 404;
    }
    return sqlstate.size() == 5 && (sqlstate.starts_with("BK7") || sqlstate.starts_with("22")) ? 400 : 503;
}

} // namespace pgbk::relay
