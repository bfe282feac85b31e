// Answers that browsers and proxies may keep, and ask whether they still hold (RFC 9110, 8.8 and 13.1.2). Pure.
#pragma once

#include "http/message.hpp"

#include <string>
#include <string_view>

namespace pgbk::relay {

// Of the bytes, strong: "\"<22 characters>\"".
std::string entity_tag(std::string_view body);

// Whether one of the tags of If-None-Match is this one, or it is "*". Weak ones count, as that header says.
bool names_tag(std::string_view if_none_match, std::string_view tag);

// Adds ETag and Cache-Control; where the asker has this very answer, it becomes 304.
void add_validators(const Request& request, Response& response, std::string_view cache_control);

} // namespace pgbk::relay
