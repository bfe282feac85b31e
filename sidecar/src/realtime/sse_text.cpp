#include "realtime/sse_text.hpp"

#include "http/cors.hpp"
#include "realtime/topics.hpp"
#include "text/ascii.hpp"

#include <boost/json/serialize.hpp>

#include <charconv>

namespace pgbk::relay::sse {

namespace {

std::optional<std::int64_t> cursor_of(std::string_view text) {
    std::int64_t seq = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seq);
    return error == std::errc() && end == text.data() + text.size() && seq >= 0 ? std::optional(seq) : std::nullopt;
}

// What the browser sends when it comes back says more than the address, which stays as it was.
void read_cursor(const Request& request, Wish& wish) {
    if (request.number_of("last-event-id") > 0) {
        wish.after = cursor_of(request.header("last-event-id"));
        wish.unknown_cursor = !wish.after;
    } else if (request.query.contains("since")) {
        wish.after = cursor_of(request.query_value("since").value_or(""));
        if (!wish.after) {
            wish.problem = "since is the id of an event, a number";
        }
    }
}

// EventSource cannot send headers, so that tokens may stand in the query as well.
void read_tokens(const Request& request, Wish& wish) {
    constexpr std::string_view scheme = "bearer ";
    const std::string authorization = request.header("authorization");
    const bool bearer = lower_case(authorization.substr(0, scheme.size())) == scheme;
    const int given = (authorization.empty() ? 0 : 1) + static_cast<int>(request.query.count("access_token")) +
                      static_cast<int>(request.query.count("token"));
    if (given > 1) {
        wish.problem = "there is more than one token";
    } else if (!authorization.empty() && !bearer) {
        wish.problem = "only bearer tokens are understood";
    } else if (bearer) {
        wish.token = without_spaces(authorization.substr(scheme.size()));
    } else {
        wish.token = request.query_value("access_token").value_or("");
        wish.booking = request.query_value("token");
    }
}

} // namespace

Wish read_wish(const Request& request) {
    Wish wish;
    read_tokens(request, wish);
    read_cursor(request, wish);
    if (request.query.count("topics") > 1) {
        wish.problem = "topics is given more than once; write them with commas between them";
    } else if (wish.problem.empty()) {
        auto topics = parse_topics(request.query_value("topics").value_or(""));
        wish.rooms = std::move(topics.rooms);
        wish.problem = std::move(topics.problem);
    }
    return wish;
}

std::string head(const Request& request, bool allowed) {
    Response cors;
    add_cors_headers(cors, request.header("origin"), allowed);
    std::string out = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
                      "X-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n";
    for (const auto& [name, value] : cors.headers) {
        out += name + ": " + value + "\r\n";
    }
    return out + "\r\n";
}

std::string start(std::chrono::milliseconds retry, std::int64_t seq) {
    return "retry: " + std::to_string(retry.count()) + "\n" + cursor(seq);
}

std::string cursor(std::int64_t seq) {
    return "id: " + std::to_string(seq) + "\n\n";
}

std::string event(std::int64_t seq, std::string_view kind, const boost::json::object& body) {
    std::string out = seq > 0 ? "id: " + std::to_string(seq) + "\n" : "";
    out.append("event: ").append(kind).append("\ndata: ");
    return out + boost::json::serialize(body) + "\n\n"; // JSON has no line ends of its own
}

} // namespace pgbk::relay::sse
