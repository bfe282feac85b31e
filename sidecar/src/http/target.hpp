// The target of a request: path and query, decoded strictly, so that nobody behind can read them differently. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pgbk::relay {

using Query = std::multimap<std::string, std::string, std::less<>>;
using PathParameters = std::map<std::string, std::string, std::less<>>;

struct Target {
    std::string path; // as it came, without the query
    Query query;      // decoded
};

// %XX decoded. Nothing if an escape is incomplete, or if what comes out is no UTF-8 or has a NUL or another control
// character in it. In a query, "+" is a space.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space = false);

// Nothing if it cannot be decoded.
std::optional<Target> parse_target(std::string_view target);

// Whether the path is the pattern's, such as "/webhooks/{source}", and its parameters, decoded; each is one segment and
// never empty. What is literal has to be spelled as it is in the pattern: whoever keeps "/metrics" from strangers need
// not think of "/%6detrics".
std::optional<PathParameters> matched(std::string_view pattern, std::string_view path);

} // namespace pgbk::relay
