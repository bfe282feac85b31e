// A JSON document as plain data: the server layer fills it from jsonb, tests from text. Nodes live as long as the
// memory they were made in; nothing here owns anything.
#pragma once

#include <cstdint>
#include <string_view>

namespace pgbk::core {

enum class JsonKind : std::uint8_t { null, boolean, number, string, array, object };

struct JsonNode {
    JsonKind kind;
    bool boolean;          // for boolean
    std::string_view text; // for string its characters, for number its decimal text
    std::string_view key;  // name of this member, if the parent is an object
    const JsonNode* first; // first child of an array or object
    const JsonNode* next;  // next sibling
};

inline const JsonNode* member(const JsonNode& object, std::string_view key) {
    for (const JsonNode* child = object.first; child != nullptr; child = child->next) {
        if (child->key == key) {
            return child;
        }
    }
    return nullptr;
}

} // namespace pgbk::core
