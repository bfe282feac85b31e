#include "core/option_values.hpp"

#include "core/refusal.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace pgbk::core {

void refuse_option(const std::string& problem, std::string hint) {
    throw Refusal(RefusalKind::invalid_webhook_options, problem, {}, std::move(hint));
}

const JsonNode& expect_option(const JsonNode& node, JsonKind kind, const char* expected) {
    if (node.kind != kind) {
        refuse_option("option " + quoted(node.key) + " must be " + expected);
    }
    return node;
}

std::string_view option_text(const JsonNode& node) {
    return expect_option(node, JsonKind::string, "a string").text;
}

bool option_flag(const JsonNode& node) {
    return expect_option(node, JsonKind::boolean, "true or false").boolean;
}

std::int32_t option_number(const JsonNode& node, std::int32_t least, std::int32_t most) {
    const std::string_view text = expect_option(node, JsonKind::number, "a whole number").text;
    std::int32_t value = 0;
    const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || rest != text.data() + text.size() || value < least || value > most) {
        refuse_option("option " + quoted(node.key) + " must be a whole number from " + std::to_string(least) + " to " +
                      std::to_string(most) + ", got " + std::string(text.substr(0, 40)));
    }
    return value;
}

std::string_view option_word(const JsonNode& node, std::span<const std::string_view> words) {
    const std::string_view text = option_text(node);
    if (std::find(words.begin(), words.end(), text) == words.end()) {
        refuse_option("option " + quoted(node.key) + " must be one of " + word_list(words) + ", got " + quoted(text));
    }
    return text;
}

std::string_view option_short_text(const JsonNode& node, std::size_t longest) {
    const std::string_view text = option_text(node);
    if (text.size() > longest || std::any_of(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; })) {
        refuse_option("option " + quoted(node.key) + " must be at most " + std::to_string(longest) +
                      " printable ASCII characters");
    }
    return text;
}

std::string word_list(std::span<const std::string_view> words) {
    std::string names;
    for (const auto word : words) {
        names += (names.empty() ? "" : ", ") + std::string(word);
    }
    return names;
}

bool is_header_name(std::string_view name) {
    constexpr std::string_view specials = "!#$%&'*+-.^_`|~";
    return !name.empty() && name.size() <= 100 && std::all_of(name.begin(), name.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               specials.find(c) != std::string_view::npos;
    });
}

std::string lower_case(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

} // namespace pgbk::core
