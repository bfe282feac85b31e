#include "http/cors.hpp"

namespace pgbk::relay {

Origins::Origins(const std::vector<std::string>& configured) {
    for (const auto& text : configured) {
        configured_.insert(canonical_origin(text));
    }
    configured_.erase("");
}

void Origins::set_of_venues(const std::vector<std::string>& origins) {
    of_venues_.clear();
    for (const auto& text : origins) {
        of_venues_.insert(canonical_origin(text));
    }
    of_venues_.erase("");
}

bool Origins::allow(std::string_view origin) const {
    return configured_.contains(origin) || of_venues_.contains(origin);
}

void add_cors_headers(Response& response, std::string_view origin, bool allowed) {
    response.headers.emplace_back("Vary", "Origin"); // also where there is none: a cache must not mix them up
    if (allowed) {
        response.headers.emplace_back("Access-Control-Allow-Origin", origin);
        response.headers.emplace_back("Access-Control-Expose-Headers", "Retry-After");
    }
}

Response preflight_response(const Request& request, std::string_view method, bool allowed) {
    const auto origin = request.header("origin");
    const std::string methods = std::string(method) + ", OPTIONS";
    Response response{204, "", ""};
    if (!origin.empty() && !allowed) {
        response = error_response(403, "pages of this origin may not use this: it is in no venue's allowed_origins");
    }
    add_cors_headers(response, origin, allowed);
    response.headers.emplace_back("Allow", methods);
    if (allowed) {
        response.headers.emplace_back("Access-Control-Allow-Methods", methods);
        // What Supabase's client library sends as well, for pages that were written for it.
        response.headers.emplace_back("Access-Control-Allow-Headers",
                                      "authorization, x-client-info, apikey, content-type");
        response.headers.emplace_back("Access-Control-Max-Age", "3600");
    }
    return response;
}

} // namespace pgbk::relay
