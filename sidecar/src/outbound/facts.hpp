// Facts as booking.relay_complete takes them, and what of a response is kept. Pure.
#pragma once

#include "outbound/delivery.hpp"

#include <span>
#include <string>
#include <string_view>

namespace pgbk::relay {

inline constexpr std::size_t stored_body_limit = 8 * 1024;
inline constexpr std::size_t stored_header_limit = 512;

// Headers of the response that are worth a place in the log of attempts: those that say who answered, when to come back
// and what to quote to its operators. Never cookies or challenges with tokens in them.
bool is_stored_header(std::string_view lower_case_name);

// The label of a result in metrics and logs: "2xx" to "5xx", or the error class.
std::string result_class(const Facts& facts);

// The JSON array; a result without facts is a delivery given back.
std::string results_json(std::span<const Result> results);

std::string utc_time(std::chrono::system_clock::time_point time); // 2026-01-31T23:59:59.123456Z

} // namespace pgbk::relay
