// What an endpoint is made of, and what its owner may say about it.
#pragma once

#include "core/json.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace pgbk::core {

// 1 to 100 characters, not blank, without control characters. Throws Refusal invalid_webhook_name.
void check_endpoint_name(std::string_view name);

// standard or make. Throws Refusal invalid_webhook_options, as everything below does.
void check_preset(std::string_view preset);

// Members of an options document that are there; a null means: back to the default.
struct EndpointOptions {
    std::optional<std::string_view> name;
    std::optional<std::string_view> url;
    std::optional<std::string_view> preset;
    std::optional<std::vector<std::string_view>> events;
    bool has_headers = false;
    bool has_rate = false;
    std::optional<std::string_view> rate_per_second; // its decimal text; none: no limit
    std::optional<std::int32_t> burst;
    std::optional<std::int32_t> max_in_flight;
    std::optional<std::int32_t> timeout_ms;
    std::optional<std::int32_t> batch_max;
    std::optional<std::string_view> max_age; // an interval, for the server to read
    std::optional<std::vector<std::string_view>> allowed_networks;
    std::optional<std::string_view> hmac_header;
    std::optional<std::string_view> hmac_prefix;
    std::optional<std::string_view> hmac_encoding;
};

// with_identity: name, url, preset and events may be there too, as in changes to an endpoint that exists.
EndpointOptions read_endpoint_options(const JsonNode& document, bool with_identity);

// An object of header names and values: names are tokens (RFC 9110), none that the sender sets itself, values are
// printable. Authorization is the sender's where there is a bearer secret. A message shows names, never values.
void check_headers(const JsonNode& headers, bool has_bearer_secret);

} // namespace pgbk::core
