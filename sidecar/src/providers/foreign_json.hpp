// JSON that a provider has sent: whatever it is, what is not as it should be is not there. Pure.
#pragma once

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgbk::relay {

// The document, if it is one object of at most 32 levels. Numbers with a point or an exponent become strings, as they
// were written: an amount of money must not pass through a double.
std::optional<boost::json::object> foreign_object(std::string_view text);

const boost::json::object* object_in(const boost::json::object& object, std::string_view name);
const boost::json::array* array_in(const boost::json::object& object, std::string_view name);
std::string_view string_in(const boost::json::object& object, std::string_view name); // empty: there is none
std::optional<std::int64_t> integer_in(const boost::json::object& object, std::string_view name);
std::string number_in(const boost::json::object& object, std::string_view name); // its digits; empty: there is none
std::optional<bool> boolean_in(const boost::json::object& object, std::string_view name);

// What a provider calls a thing of its own, and we make part of a URL: 1 to 255 letters, digits, '-' and '_'.
bool is_provider_id(std::string_view text);

// A page that a buyer is sent to: https, or http where the provider itself is spoken to in the clear; printable ASCII.
bool is_page_url(std::string_view url, std::string_view base_url);

// Unix seconds of what RFC 3339 has, also without the colon in the offset; and the reverse, in UTC.
std::optional<std::int64_t> seconds_of(std::string_view time);
std::string time_of(std::int64_t seconds); // 2026-01-31T23:59:59Z

} // namespace pgbk::relay
