// JSON text as the core's tree, as the server layer makes it from jsonb.
#pragma once

#include "core/json.hpp"

#include <nlohmann/json.hpp>

#include <deque>
#include <string>
#include <string_view>

namespace pgbk::test {

class JsonText {
public:
    explicit JsonText(std::string_view text) : document_(Json::parse(text)), root_(build(document_, {})) {}
    JsonText(const JsonText&) = delete; // nodes point into each other and into the document
    JsonText& operator=(const JsonText&) = delete;

    const core::JsonNode& root() const { return *root_; }

private:
    using Json = nlohmann::ordered_json;

    core::JsonNode* build(const Json& value, std::string_view key) {
        core::JsonNode& node = nodes_.emplace_back();
        node.key = key;
        const core::JsonNode** slot = &node.first;
        const auto add_child = [&](const Json& child, std::string_view name) {
            core::JsonNode* const built = build(child, name);
            *slot = built;
            slot = &built->next;
        };
        if (value.is_object()) {
            node.kind = core::JsonKind::object;
            for (const auto& [name, child] : value.get_ref<const Json::object_t&>()) {
                add_child(child, name);
            }
        } else if (value.is_array()) {
            node.kind = core::JsonKind::array;
            for (const auto& child : value) {
                add_child(child, {});
            }
        } else if (value.is_string()) {
            node.kind = core::JsonKind::string;
            node.text = value.get_ref<const std::string&>();
        } else if (value.is_number()) {
            node.kind = core::JsonKind::number;
            node.text = numbers_.emplace_back(value.dump());
        } else if (value.is_boolean()) {
            node.kind = core::JsonKind::boolean;
            node.boolean = value.get<bool>();
        } else {
            node.kind = core::JsonKind::null;
        }
        return &node;
    }

    Json document_;
    std::deque<core::JsonNode> nodes_;
    std::deque<std::string> numbers_;
    const core::JsonNode* root_;
};

} // namespace pgbk::test
