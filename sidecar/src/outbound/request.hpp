// The HTTP request of a dispatch: headers, signatures, limits. Pure.
#pragma once

#include "outbound/delivery.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pgbk::relay {

inline constexpr std::size_t largest_request_body = 5UL * 1024 * 1024;

struct PreparedRequest {
    std::vector<std::string> headers; // "name: value"
    std::vector<Network> allowed;

    // Set when it must not be sent; the text says why, and contains no secret.
    std::string error_class;
    std::string error;
};

// Signs with every valid key, at the time of sending. The endpoint's own headers cannot replace ours.
PreparedRequest prepare_request(const Dispatch& dispatch, std::string_view version, std::int64_t now_unix);

} // namespace pgbk::relay
