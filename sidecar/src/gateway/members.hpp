// What a visitor's page sends: members of a JSON object, and ids in paths, as the parameters of a function. Pure.
#pragma once

#include "http/message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgbk::relay {

enum class MemberKind : std::uint8_t { text, integer, list };

struct Member {
    std::string_view name;
    MemberKind kind = MemberKind::text;
    bool required = false;
};

using Members = std::vector<std::optional<std::string>>;

// 400 {"error", "code": "BK015", "field"}
Response field_response(std::string_view field, std::string_view problem);

// In the order of `wanted`; what is missing, null or an empty text is nothing. Members that we do not know are ignored,
// as pages send some. Nothing at all: the request is refused, and `refusal` says why.
std::optional<Members> read_members(const Request& request, const std::vector<Member>& wanted, Response& refusal);

bool is_id(std::string_view text); // a uuid

// The id that the route's path names.
std::optional<std::string> read_id(const Request& request, Response& refusal);

} // namespace pgbk::relay
