#include "gateway/members.hpp"

#include "core/uuid_text.hpp"
#include "gateway/problem.hpp"
#include "inbound/strict_json.hpp"

#include <boost/json.hpp>

namespace pgbk::relay {

namespace {

namespace json = boost::json;

// Nothing: it is not of this kind.
std::optional<std::string> text_of(const json::value& value, MemberKind kind) {
    if (kind == MemberKind::integer) {
        return value.is_int64() ? std::optional(std::to_string(value.get_int64())) : std::nullopt;
    }
    if (kind == MemberKind::list) { // what is in it is for the function to read
        return value.is_array() ? std::optional(json::serialize(value)) : std::nullopt;
    }
    if (!value.is_string() || value.get_string().find('\0') != json::string::npos) {
        return std::nullopt;
    }
    return std::string(value.get_string());
}

const char* problem_of(MemberKind kind) {
    switch (kind) {
    case MemberKind::integer:
        return "is no whole number";
    case MemberKind::list:
        return "is no list";
    case MemberKind::text:
        break;
    }
    return "is no text";
}

} // namespace

Response field_response(std::string_view field, std::string_view problem) {
    return problem_response({"BK015", std::string(field) + " " + std::string(problem), std::string(field), ""});
}

std::optional<Members> read_members(const Request& request, const std::vector<Member>& wanted, Response& refusal) {
    if (const auto problem = json_problem(request.body); !problem.empty()) {
        refusal = error_response(400, "the body is no valid JSON: " + problem);
        return std::nullopt;
    }
    const json::value body = json::parse(request.body);
    if (!body.is_object()) {
        refusal = error_response(400, "the body is no JSON object");
        return std::nullopt;
    }
    Members members;
    for (const Member& member : wanted) {
        const auto* const value = body.get_object().if_contains(member.name);
        const bool missing =
            value == nullptr || value->is_null() || (value->is_string() && value->get_string().empty());
        if (missing && member.required) {
            refusal = field_response(member.name, "is missing");
            return std::nullopt;
        }
        members.push_back(missing ? std::nullopt : text_of(*value, member.kind));
        if (!missing && !members.back()) {
            refusal = field_response(member.name, problem_of(member.kind));
            return std::nullopt;
        }
    }
    return members;
}

bool is_id(std::string_view text) {
    return core::parse_uuid(text).has_value();
}

std::optional<std::string> read_id(const Request& request, Response& refusal) {
    const std::string& id = request.parameter("id");
    if (!is_id(id)) {
        refusal = field_response("id", "is no id");
        return std::nullopt;
    }
    return id;
}

} // namespace pgbk::relay
