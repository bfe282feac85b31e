#include "http/message.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <iterator>

namespace pgbk::relay {

Response error_response(int status, std::string_view message) {
    return {status, boost::json::serialize(boost::json::object{{"error", message}}) + "\n"};
}

std::string last_words(const Response& response, bool without_body) {
    std::string out = "HTTP/1.1 " + std::to_string(response.status) + " \r\n"; // the words are nobody's to read
    const auto add = [&](std::string_view name, std::string_view value) {
        out.append(name).append(": ").append(value).append("\r\n");
    };
    if (!response.content_type.empty()) {
        add("Content-Type", response.content_type);
    }
    add("Cache-Control", "no-store");
    add("X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : response.headers) {
        add(name, value);
    }
    if (response.status != 204) { // has none (RFC 9110, 8.6)
        add("Content-Length", std::to_string(response.body.size()));
    }
    add("Connection", "close");
    out += "\r\n";
    return without_body ? out : out + response.body;
}

std::string Request::header(std::string_view lower_case_name) const {
    std::string out;
    const auto [first, last] = headers.equal_range(lower_case_name);
    for (auto at = first; at != last; ++at) {
        out += (at == first ? "" : ", ") + at->second;
    }
    return out;
}

std::optional<std::string> Request::query_value(std::string_view name) const {
    const auto [first, last] = query.equal_range(name);
    return std::distance(first, last) == 1 ? std::optional(first->second) : std::nullopt;
}

void Router::add(Route route) {
    const bool literal = route.path.find('{') == std::string::npos;
    const auto place = std::find_if(routes_.begin(), routes_.end(),
                                    [](const Route& other) { return other.path.find('{') != std::string::npos; });
    routes_.insert(literal ? place : routes_.end(), std::move(route));
}

Match Router::find(std::string_view method, std::string_view path) const {
    const std::string_view wanted = method == "HEAD" ? "GET" : method;
    for (const auto& route : routes_) {
        if (route.method != wanted) {
            continue;
        }
        if (auto parameters = matched(route.path, path)) {
            return {&route, std::move(*parameters)};
        }
    }
    return {};
}

Response Router::refusal(std::string_view path) const {
    std::string allowed;
    for (const auto& route : routes_) {
        if (matched(route.path, path)) {
            allowed += (allowed.empty() ? "" : ", ") + (route.method == "GET" ? "GET, HEAD" : route.method);
        }
    }
    if (allowed.empty()) {
        return error_response(404, "there is nothing at this path");
    }
    Response response = error_response(405, "this path does not take this method");
    response.headers.emplace_back("Allow", allowed);
    return response;
}

void Router::mark(const Request& request, Response& response) const {
    const auto found = std::find_if(routes_.begin(), routes_.end(), [&](const Route& route) {
        return route.mark && matched(route.path, request.path);
    });
    if (found != routes_.end()) {
        found->mark(request, response);
    }
}

std::string_view Router::label(std::string_view path) const {
    const auto found =
        std::find_if(routes_.begin(), routes_.end(), [&](const Route& route) { return matched(route.path, path); });
    return found == routes_.end() ? std::string_view("other") : std::string_view(found->path);
}

} // namespace pgbk::relay
