#include "gateway/waitlist.hpp"

#include "gateway/members.hpp"
#include "http/bearer.hpp"

#include <utility>

namespace pgbk::relay {

namespace {

constexpr const char* join_sql =
    "SELECT to_jsonb(j) FROM booking.join_waitlist($1::uuid, $2::integer, $3, $4, $5) AS j";
constexpr const char* leave_sql = "SELECT jsonb_build_object('left', booking.leave_waitlist($1::uuid, $2))";
constexpr const char* status_sql = "SELECT booking.waitlist_status($1::uuid, $2)";

// Members of the body, the first of which is an id.
auto members_with_id(std::vector<Member> wanted) {
    return [wanted = std::move(wanted)](const Request& request, Response& refusal) -> std::optional<Parameters> {
        auto members = read_members(request, wanted, refusal);
        if (!members) {
            return std::nullopt;
        }
        if (!is_id(*members->front())) {
            refusal = field_response(wanted.front().name, "is no id");
            return std::nullopt;
        }
        return Parameters(std::move(*members));
    };
}

std::optional<Parameters> entry_of_query(const Request& request, Response& refusal) {
    auto id = request.query_value("entry_id");
    if (!id || !is_id(*id)) {
        refusal = field_response("entry_id", id ? "is no id" : "is missing");
        return std::nullopt;
    }
    return Parameters{std::move(id), bearer_token(request)};
}

} // namespace

void add_waitlist(const Config& config, const std::function<void(const std::string& path, GatewayFunction)>& add) {
    const auto limiter = [](int per_minute) { return RateLimiter(per_minute, random_seed()); };
    add("/functions/v1/waitlist-join", {"POST", "join_waitlist", join_sql,
                                        members_with_id({{"session_id", MemberKind::text, true},
                                                         {"party_size", MemberKind::integer, true},
                                                         {"email", MemberKind::text, true},
                                                         {"idempotency_key"},
                                                         {"customer_name"}}),
                                        limiter(config.gateway_hold_per_minute)});
    add("/functions/v1/waitlist-leave",
        {"POST", "leave_waitlist", leave_sql,
         members_with_id({{"entry_id", MemberKind::text, true}, {"waitlist_token", MemberKind::text, true}}),
         limiter(config.gateway_hold_per_minute)});
    add("/functions/v1/waitlist-status",
        {"GET", "waitlist_status", status_sql, entry_of_query, limiter(config.gateway_status_per_minute)});
}

} // namespace pgbk::relay
