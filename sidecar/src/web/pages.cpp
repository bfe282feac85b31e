#include "web/pages.hpp"

#include "http/origin.hpp"
#include "http/validators.hpp"

#include <boost/json.hpp>

#include <array>
#include <utility>

namespace pgbk::relay {

namespace {

constexpr std::string_view for_ever = "public, max-age=31536000, immutable";
constexpr std::string_view five_minutes = "public, max-age=300";
constexpr std::string_view each_time = "no-cache";
constexpr std::string_view placeholder = "{version}";

// What other sites' pages load.
constexpr std::array public_names{
    std::string_view("embed.js"),
    std::string_view("booking-client.js"),
    std::string_view("booking-client.d.ts"),
    std::string_view("booking-react.js"),
    std::string_view("booking-react.d.ts"),
};

std::string version_of(std::span<const Asset> files) {
    std::string all;
    for (const Asset& asset : files) {
        all.append(asset.name).append(1, '\0').append(asset.text).append(1, '\0');
    }
    constexpr std::size_t length = 16;
    return entity_tag(all).substr(1, length);
}

std::string with_version(std::string_view text, const std::string& version) {
    std::string out;
    for (auto at = text.find(placeholder); at != std::string_view::npos; at = text.find(placeholder)) {
        out.append(text.substr(0, at)).append(version);
        text.remove_prefix(at + placeholder.size());
    }
    return out.append(text);
}

} // namespace

std::string_view media_type(std::string_view name) {
    if (name.ends_with(".js")) {
        return "text/javascript; charset=utf-8";
    }
    if (name.ends_with(".css")) {
        return "text/css; charset=utf-8";
    }
    if (name.ends_with(".html")) {
        return "text/html; charset=utf-8";
    }
    return "text/plain; charset=utf-8";
}

std::string frame_ancestors_of(const std::vector<std::string>& allowed_origins) {
    std::string out = "'self'";
    for (const auto& text : allowed_origins) {
        const auto origin = canonical_origin(text);
        if (!origin.empty()) {
            out += " " + origin;
        }
    }
    return out;
}

Pages::Pages(std::span<const Asset> files) : version_(version_of(files)) {
    for (const Asset& asset : files) {
        const bool is_page = asset.name.ends_with(".html");
        files_.emplace(asset.name, is_page ? with_version(asset.text, version_) : std::string(asset.text));
    }
}

void Pages::add_to(Router& router) const {
    for (const std::string_view name : public_names) {
        router.add(
            {"GET", "/" + std::string(name), nullptr, [this, name](const Request& request, const Respond& respond) {
                 respond(file(request, name, five_minutes));
             }});
    }
    router.add({"GET", "/assets/{version}/{name}", nullptr, [this](const Request& request, const Respond& respond) {
                    const bool known = request.parameter("version") == version_;
                    respond(known ? file(request, request.parameter("name"), for_ever)
                                  : error_response(404, "there is nothing at this path"));
                }});
    router.add({"GET", "/demo/real-time-bookings", nullptr, [this](const Request& request, const Respond& respond) {
                    respond(page(request, "demo.html", "'none'"));
                }});
}

// Modules of other origins are loaded with CORS, whoever asks: there is nothing secret in them.
Response Pages::file(const Request& request, std::string_view name, std::string_view cache_control) const {
    const auto found = files_.find(name);
    if (found == files_.end() || name.ends_with(".html")) {
        return error_response(404, "there is nothing at this path");
    }
    Response response{200, found->second, std::string(media_type(name))};
    response.headers.emplace_back("Access-Control-Allow-Origin", "*");
    response.headers.emplace_back("Cross-Origin-Resource-Policy", "cross-origin");
    add_validators(request, response, cache_control);
    return response;
}

Response Pages::page(const Request& request, std::string_view name, const std::string& frame_ancestors) const {
    Response response{200, files_.find(name)->second, std::string(media_type(name))};
    response.headers.emplace_back("Content-Security-Policy",
                                  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                                  "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
                                  "frame-ancestors " +
                                      frame_ancestors);
    if (frame_ancestors == "'none'") {
        response.headers.emplace_back("X-Frame-Options", "DENY");
    }
    response.headers.emplace_back("Referrer-Policy", "no-referrer");
    add_validators(request, response, each_time);
    return response;
}

void Pages::make_embed(const Request& request, Response& response) const {
    if (response.status != 200) {
        response.headers.emplace_back("X-Frame-Options", "DENY");
        return;
    }
    const auto answer = boost::json::parse(response.body);
    std::vector<std::string> origins;
    for (const auto& origin : answer.at("allowed_origins").as_array()) {
        if (origin.is_string()) {
            origins.emplace_back(origin.get_string());
        }
    }
    response = page(request, "embed.html", frame_ancestors_of(origins));
}

} // namespace pgbk::relay
