#include "gateway/holds.hpp"

#include "gateway/members.hpp"
#include "gateway/pending.hpp"
#include "http/bearer.hpp"

#include <functional>
#include <iterator>
#include <utility>

namespace pgbk::relay {

namespace {

// The server's own clock is told with the time at which the hold ends, so that a page can count down by a clock that is
// wrong.
constexpr const char* reserve_sql =
    "SELECT jsonb_build_object('reservation_id', r.reservation_id, 'hold_token', r.hold_token,"
    "       'expires_at', to_char(r.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'),"
    "       'server_time', to_char(booking.clock() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'))"
    "  FROM booking.reserve_slot($1::uuid, $2::integer, $3, $4, NULL, $5::jsonb) AS r";
constexpr const char* confirm_sql = "SELECT to_jsonb(c) FROM booking.confirm_reservation($1::uuid, $2, $3, $4) AS c";
constexpr const char* cancel_sql = "SELECT jsonb_build_object('cancelled', booking.cancel_reservation($1::uuid, $2))";
constexpr const char* status_sql = "SELECT booking.reservation_status($1::uuid, $2)";
constexpr const char* payment_sql = "SELECT booking.request_payment($1::uuid, $2)";

// The id of the path, and members of the body after it.
auto id_and(std::vector<Member> wanted) {
    return [wanted = std::move(wanted)](const Request& request, Response& refusal) -> std::optional<Parameters> {
        auto id = read_id(request, refusal);
        auto members = id ? read_members(request, wanted, refusal) : std::nullopt;
        if (!members) {
            return std::nullopt;
        }
        Parameters parameters{std::move(id)};
        std::move(members->begin(), members->end(), std::back_inserter(parameters));
        return parameters;
    };
}

// A party is a number of seats or, in unit_items, so many of each unit.
auto party_of(std::function<std::optional<Parameters>(const Request&, Response&)> read) {
    return [read = std::move(read)](const Request& request, Response& refusal) {
        constexpr std::size_t number = 1;
        constexpr std::size_t items = 4;
        auto parameters = read(request, refusal);
        if (parameters && !parameters->at(number) && !parameters->at(items)) {
            refusal = field_response("party_size", "is missing");
            parameters.reset();
        }
        return parameters;
    };
}

} // namespace

void add_holds(const Config& config, const std::function<void(const std::string& path, GatewayFunction)>& add) {
    const auto limiter = [](int per_minute) { return RateLimiter(per_minute, random_seed()); };
    const Member token{"hold_token", MemberKind::text, true};
    add("/api/sessions/{id}/holds", {"POST", "reserve_slot", reserve_sql,
                                     party_of(id_and({{"party_size", MemberKind::integer},
                                                      {"email", MemberKind::text, true},
                                                      {"idempotency_key"},
                                                      {"unit_items", MemberKind::list}})),
                                     limiter(config.gateway_hold_per_minute)});
    add("/api/holds/{id}/confirm",
        {"POST", "confirm_reservation", confirm_sql, id_and({token, {"customer_name"}, {"customer_phone"}}),
         limiter(config.gateway_hold_per_minute)});
    add("/api/holds/{id}/cancel",
        {"POST", "cancel_reservation", cancel_sql, id_and({token}), limiter(config.gateway_hold_per_minute)});
    add("/api/holds/{id}/payment",
        {"POST", "request_payment", payment_sql, id_and({token}), limiter(config.gateway_hold_per_minute), nullptr,
         [](const Request& request, const std::string& answer) -> std::optional<Statement> {
             return Statement{status_sql,
                              {text_member(answer, "reservation_id"), text_member(request.body, "hold_token")}};
         }});
    add("/api/holds/{id}",
        {"GET", "reservation_status", status_sql,
         [](const Request& request, Response& refusal) -> std::optional<Parameters> {
             auto id = read_id(request, refusal);
             return id ? std::optional(Parameters{std::move(id), bearer_token(request)}) : std::nullopt;
         },
         limiter(config.gateway_status_per_minute)});
}

} // namespace pgbk::relay
