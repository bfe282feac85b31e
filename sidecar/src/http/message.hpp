// Requests and responses as the routes see them; only the server itself knows the library behind.
#pragma once

#include "http/target.hpp"
#include "net/address.hpp"
#include "net/wire.hpp"

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
    int version = 11;                                             // 10: HTTP/1.0
    std::string path;                                             // as it came, without the query
    PathParameters parameters;                                    // of the route's pattern
    Query query;                                                  // decoded
    std::multimap<std::string, std::string, std::less<>> headers; // lower-case names
    Address client; // the peer, or whom a proxy of ours (http.trusted_proxies) says it speaks for
    std::string body;

    // As one list if the header came more than once (RFC 9110, 5.3). Where only one will do, ask for the number.
    std::string header(std::string_view lower_case_name) const;
    std::size_t number_of(std::string_view lower_case_name) const { return headers.count(lower_case_name); }

    // A parameter of the pattern: it is there.
    const std::string& parameter(std::string_view name) const { return parameters.find(name)->second; }
    // Of the query. What comes twice counts as missing: readers differ in which of the two they take.
    std::optional<std::string> query_value(std::string_view name) const;
};

struct Response {
    int status = 200;
    std::string body;
    std::string content_type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers = {};
    bool last = false; // the connection's
};

// {"error": "..."}
Response error_response(int status, std::string_view message);

// For a wire: the bytes of an answer that is the connection's last; without_body: to HEAD.
std::string last_words(const Response& response, bool without_body);

using Respond = std::function<void(Response)>;

struct Route {
    std::string method;
    std::string path; // may have parameters: "/webhooks/{source}"
    // Before the body is read: a response here ends it.
    std::function<std::optional<Response>(const Request&)> admit;
    // May respond later.
    std::function<void(Request, Respond)> handle;
    std::size_t body_limit = 0; // 0: the server's
    // Adds to what the server itself answers at this path, such as that it does not take the method.
    std::function<void(const Request&, Response&)> mark = nullptr;
    // Takes the connection over, after `admit`, instead of handling the request: what is answered, if anything, is
    // written there. Such connections have a limit of their own, and none of the server's times.
    std::function<void(Request, SharedWire)> take = nullptr;
};

struct Match {
    const Route* route = nullptr; // none: there is no such path or method, and Router::refusal says so
    PathParameters parameters;
};

class Router {
public:
    void add(Route route);

    // HEAD is answered by the route for GET; OPTIONS only where there is a route for it. What is spelled out in a path
    // comes before parameters.
    Match find(std::string_view method, std::string_view path) const;
    Response refusal(std::string_view path) const;

    // Lets the path's route, whatever its method, add to an answer of the server's own.
    void mark(const Request& request, Response& response) const;

    std::string_view label(std::string_view path) const; // for metrics: the path of a route, or "other"

private:
    std::vector<Route> routes_; // those without parameters first
};

} // namespace pgbk::relay
