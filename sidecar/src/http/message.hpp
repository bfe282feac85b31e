// Requests and responses as the routes see them; only the server itself knows the library behind.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgbk::relay {

struct Request {
    std::string method;
    std::string path;                                        // without the query
    std::map<std::string, std::string, std::less<>> headers; // lower-case names; what came twice is refused before
    std::string body;

    std::string_view header(std::string_view lower_case_name) const {
        const auto found = headers.find(lower_case_name);
        return found == headers.end() ? std::string_view() : std::string_view(found->second);
    }
};

struct Response {
    int status = 200;
    std::string body;
    std::string content_type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers = {};
};

// {"error": "..."}
Response error_response(int status, std::string_view message);

using Respond = std::function<void(Response)>;

struct Route {
    std::string method;
    std::string path;
    // Before the body is read: a response here ends it.
    std::function<std::optional<Response>(const Request&)> admit;
    // May respond later.
    std::function<void(Request, Respond)> handle;
};

class Router {
public:
    void add(Route route);

    // HEAD is answered by the route for GET. Nothing if there is no such path or method; then `refusal` says so.
    const Route* find(std::string_view method, std::string_view path) const;
    Response refusal(std::string_view path) const;

    std::string_view label(std::string_view path) const; // for metrics: a known path, or "other"

private:
    std::vector<Route> routes_;
};

} // namespace pgbk::relay
