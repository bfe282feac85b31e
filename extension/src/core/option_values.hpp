// Options: members of a document that an owner writes, by which things differ from their defaults. All functions throw
// Refusal invalid_webhook_options, whose message names the option.
#pragma once

#include "core/json.hpp"

#include <span>
#include <string>

namespace pgbk::core {

[[noreturn]] void refuse_option(const std::string& problem, std::string hint = {});

const JsonNode& expect_option(const JsonNode& node, JsonKind kind, const char* expected);

std::string_view option_text(const JsonNode& node);
bool option_flag(const JsonNode& node);
std::int32_t option_number(const JsonNode& node, std::int32_t least, std::int32_t most);
std::string_view option_word(const JsonNode& node, std::span<const std::string_view> words);
std::string_view option_short_text(const JsonNode& node, std::size_t longest); // printable ASCII

// "a, b, c", for messages.
std::string word_list(std::span<const std::string_view> words);

// A token (RFC 9110) of at most 100 characters.
bool is_header_name(std::string_view name);
std::string lower_case(std::string_view text); // ASCII

} // namespace pgbk::core
