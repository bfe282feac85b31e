#include "http/message.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace pgbk::relay {

Response error_response(int status, std::string_view message) {
    return {status, boost::json::serialize(boost::json::object{{"error", message}}) + "\n"};
}

void Router::add(Route route) {
    routes_.push_back(std::move(route));
}

const Route* Router::find(std::string_view method, std::string_view path) const {
    const std::string_view wanted = method == "HEAD" ? "GET" : method;
    const auto found = std::find_if(routes_.begin(), routes_.end(),
                                    [&](const Route& route) { return route.path == path && route.method == wanted; });
    return found == routes_.end() ? nullptr : &*found;
}

Response Router::refusal(std::string_view path) const {
    std::string allowed;
    for (const auto& route : routes_) {
        if (route.path == path) {
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

std::string_view Router::label(std::string_view path) const {
    const auto found =
        std::find_if(routes_.begin(), routes_.end(), [&](const Route& route) { return route.path == path; });
    return found == routes_.end() ? std::string_view("other") : std::string_view(found->path);
}

} // namespace pgbk::relay
