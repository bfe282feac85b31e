#include "inbound/admission.hpp"

#include "core/token.hpp"

#include <algorithm>

namespace pgbk::relay {

namespace {

bool equal_but_for_case(std::string_view text, std::string_view lower_case) {
    return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(), [](char c, char expected) {
        return (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) == expected;
    });
}

} // namespace

bool bears(std::string_view authorization, std::string_view secret) {
    constexpr std::string_view scheme = "bearer ";
    return !secret.empty() && equal_but_for_case(authorization.substr(0, scheme.size()), scheme) &&
           core::equal_in_constant_time(authorization.substr(scheme.size()), secret);
}

bool is_json(std::string_view content_type) {
    auto type = content_type.substr(0, content_type.find(';'));
    type = type.substr(0, type.find_last_not_of(" \t") + 1);
    return equal_but_for_case(type, "application/json");
}

int status_of_refusal(std::string_view sqlstate) {
    // BK0xx to BK3xx: the call, the thing or its state; BK4xx: try again, BK9xx: the installation. 22: a value that
    // PostgreSQL itself refuses, such as a NUL in JSON.
    const bool ours = sqlstate.size() == 5 && sqlstate.starts_with("BK") && sqlstate[2] >= '0' && sqlstate[2] <= '3';
    return ours || sqlstate.starts_with("22") ? 400 : 503;
}

} // namespace pgbk::relay
