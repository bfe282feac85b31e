// Reading the JSON of providers: they may add what they like, and leave out what they do not know.
#pragma once

#include "core/provider_event.hpp"

#include <initializer_list>

namespace pgbk::core {

[[noreturn]] void refuse_event(const std::string& path, const std::string& problem);

// The first member of these names that is there and not null; nullptr too if object is nullptr or no object.
const JsonNode* first_member(const JsonNode* object, std::initializer_list<std::string_view> names);

// A string of at most 500 bytes without control characters, or the digits of a number; else empty.
std::string_view text_in(const JsonNode* object, std::initializer_list<std::string_view> names);

// The same, or the "id" of an object that stands in its place.
std::string_view reference_in(const JsonNode* object, std::initializer_list<std::string_view> names);

// Refuses where there is none.
std::string_view required_text_in(const JsonNode* object, std::initializer_list<std::string_view> names,
                                  const std::string& path);
const JsonNode* required_object_in(const JsonNode* object, std::string_view name, const std::string& path);

bool is_true(const JsonNode* object, std::string_view name);

// RFC 3339 as it is, or seconds since 1970 in such; empty if it is neither.
std::string time_in(const JsonNode* object, std::initializer_list<std::string_view> names);

// Of metadata, and of a reference of the shop's own choice if it looks like ours.
Subject subject_in(const JsonNode* object, std::initializer_list<std::string_view> own_references);

// The amount of the first of these members, by convert; where there is none, problem says why.
using Convert = std::optional<Money> (*)(std::string_view amount, std::string_view code);
std::optional<Money> money_in(const JsonNode* object, std::initializer_list<std::string_view> names, Convert convert,
                              std::string& problem);

} // namespace pgbk::core
