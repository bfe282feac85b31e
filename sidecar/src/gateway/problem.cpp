#include "gateway/problem.hpp"

#include "core/refusal.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>

namespace pgbk::relay {

namespace {

namespace json = boost::json;

constexpr int seconds_in_the_way = 1;
constexpr int seconds_away = 5;

bool is_any(std::string_view sqlstate, std::initializer_list<core::RefusalKind> kinds) {
    return std::any_of(kinds.begin(), kinds.end(),
                       [&](core::RefusalKind kind) { return core::refusal_code(kind).sqlstate == sqlstate; });
}

int status_of_ours(std::string_view sqlstate) {
    using enum core::RefusalKind;
    if (is_any(sqlstate, {hold_expired, booking_expired})) {
        return 410;
    }
    if (is_any(sqlstate, {payment_required})) {
        return 402;
    }
    if (is_any(sqlstate, {invalid_unit_items, unknown_unit, unit_quantity, unit_not_accompanied, no_default_unit})) {
        return 400; // whatever the state of the session, it cannot be asked for
    }
    switch (sqlstate[2]) {
    case '0': // the arguments
    case '7': // an event of a payment
        return 400;
    case '1':
        return 404;
    case '2':
        return 409;
    case '3':
        return 403;
    case '4':
        return 503;
    default: // webhooks, the installation: nothing that a visitor has to do with
        return 500;
    }
}

// Classes of errors after which the same request may succeed: connection, transaction to be repeated, resources,
// an operator's doing.
bool is_passing(std::string_view sqlstate) {
    constexpr std::array<std::string_view, 6> classes{"", "08", "40", "53", "57", "58"};
    constexpr std::string_view lock_not_available = "55P03";
    constexpr std::string_view read_only = "25006"; // another server is the one to write to now
    return std::find(classes.begin(), classes.end(), sqlstate.substr(0, 2)) != classes.end() ||
           sqlstate == lock_not_available || sqlstate == read_only;
}

std::string body_of(std::string_view message, const DatabaseError& error) {
    json::object out{{"error", message}};
    if (!error.sqlstate.empty()) {
        out["code"] = error.sqlstate;
    }
    if (!error.field.empty()) {
        out["field"] = error.field;
    }
    if (!error.hint.empty()) {
        out["hint"] = error.hint;
    }
    return json::serialize(out) + "\n";
}

} // namespace

int status_of(std::string_view sqlstate) {
    if (sqlstate.size() == 5 && sqlstate.starts_with("BK")) {
        return status_of_ours(sqlstate);
    }
    if (sqlstate == "42501") {
        return 403;
    }
    if (sqlstate.starts_with("22")) {
        return 400; // a value that PostgreSQL itself refuses, such as a NUL in JSON
    }
    return is_passing(sqlstate) ? 503 : 500;
}

Response problem_response(const DatabaseError& error) {
    const int status = status_of(error.sqlstate);
    const bool in_the_way = error.sqlstate.starts_with("BK");
    if (status == 503) {
        Response response = unavailable_response("", in_the_way ? seconds_in_the_way : seconds_away);
        response.body = body_of(in_the_way ? error.message : "this cannot be done at the moment; try again",
                                {error.sqlstate, "", "", ""});
        return response;
    }
    if (status == 500) {
        return {500, body_of("this has failed here, through no fault of the request", {error.sqlstate, "", "", ""})};
    }
    if (!in_the_way) { // PostgreSQL's own words are for those who may see the database
        return {status, body_of(status == 403 ? "this is not allowed" : "the request has a value that cannot be taken",
                                {error.sqlstate, "", "", ""})};
    }
    return {status, body_of(error.message, error)};
}

Response unavailable_response(std::string_view why, int seconds) {
    Response response = error_response(503, why);
    response.headers.emplace_back("Retry-After", std::to_string(seconds));
    return response;
}

} // namespace pgbk::relay
