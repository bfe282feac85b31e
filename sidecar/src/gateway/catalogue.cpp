#include "gateway/catalogue.hpp"

#include "gateway/members.hpp"
#include "http/validators.hpp"

#include <utility>

namespace pgbk::relay {

namespace {

// What rarely changes may be kept for a while; seats may not, but whoever has this very answer need not be sent it
// again.
constexpr std::string_view a_minute = "public, max-age=60";
constexpr std::string_view each_time = "public, no-cache";

std::function<void(const Request&, Response&)> cached(std::string_view cache_control) {
    return [cache_control](const Request& request, Response& response) {
        if (response.status == 200) {
            add_validators(request, response, cache_control);
        }
    };
}

// Given once, and not empty.
std::optional<std::string> query_text(const Request& request, std::string_view name) {
    auto value = request.query_value(name);
    return value && value->empty() ? std::nullopt : value;
}

// widget=singlegame&activityId=... or widget=calendar&key=...
std::optional<Parameters> embedded(const std::string& organization, const Request& request, Response& refusal) {
    const auto widget = query_text(request, "widget");
    const bool single = widget == "singlegame";
    if (!single && widget != "calendar") {
        refusal = field_response("widget", "is neither singlegame nor calendar");
        return std::nullopt;
    }
    const std::string_view field = single ? "activityId" : "key";
    const auto value = query_text(request, field);
    if (!value) {
        refusal = field_response(field, "is missing");
        return std::nullopt;
    }
    if (single && !is_id(*value)) {
        refusal = field_response(field, "is no id");
        return std::nullopt;
    }
    return Parameters{organization, single ? std::nullopt : value, single ? value : std::nullopt};
}

} // namespace

void add_catalogue(const Config& config, const Pages& pages,
                   const std::function<void(const std::string& path, GatewayFunction)>& add) {
    const std::string organization = std::to_string(config.organization);
    const auto limiter = [&config] { return RateLimiter(config.gateway_catalogue_per_minute, random_seed()); };
    const auto of_venue = [organization](const Request& request, Response&) {
        return std::optional(Parameters{organization, request.parameter("embed_key")});
    };
    add("/api/venues/{embed_key}",
        {"GET", "public_venue", "SELECT booking.public_venue($1::integer, $2)", of_venue, limiter(), cached(a_minute)});
    add("/api/venues/{embed_key}/activities",
        {"GET", "public_venue_activities", "SELECT booking.public_venue_activities($1::integer, $2)", of_venue,
         limiter(), cached(a_minute)});
    add("/api/activities/{id}/sessions",
        {"GET", "public_activity_sessions", "SELECT booking.public_activity_sessions($1::uuid, $2, $3)",
         [](const Request& request, Response& refusal) {
             auto id = read_id(request, refusal);
             return id ? std::optional(
                             Parameters{std::move(id), query_text(request, "from"), query_text(request, "to")})
                       : std::nullopt;
         },
         limiter(), cached(each_time)});
    add("/embed",
        {"GET", "public_embed", "SELECT booking.public_embed($1::integer, $2, $3::uuid)",
         [organization](const Request& request, Response& refusal) { return embedded(organization, request, refusal); },
         limiter(), [&pages](const Request& request, Response& response) { pages.make_embed(request, response); }});
}

} // namespace pgbk::relay
