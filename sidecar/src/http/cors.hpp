// Which web pages may read what we answer, and the headers that tell their browsers. Pure.
//
// This protects nobody's booking: what does is the token, and no cookie or other credential that a browser adds by
// itself counts here. So whoever is no browser is served, and a page of a foreign origin is as well, but its browser
// keeps the answer from it: there is no Access-Control-Allow-Origin, and its preflight is refused. Such a page cannot
// make a booking: application/json needs a preflight.
#pragma once

#include "http/message.hpp"
#include "http/origin.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pgbk::relay {

class Origins {
public:
    explicit Origins(const std::vector<std::string>& configured);

    void set_of_venues(const std::vector<std::string>& origins); // in place of those of before

    // Byte for byte, since browsers write an origin in one way only.
    bool allow(std::string_view origin) const;

private:
    std::set<std::string, std::less<>> configured_;
    std::set<std::string, std::less<>> of_venues_;
};

// Adds to the answer what its browser has to know. allowed: the Origin of the request is.
void add_cors_headers(Response& response, std::string_view origin, bool allowed);

// The answer to OPTIONS; method: what the route takes.
Response preflight_response(const Request& request, std::string_view method, bool allowed);

} // namespace pgbk::relay
