// Where personal data may lie, column by column, and what becomes of it when a person is erased. A test fails when a
// column that can hold words is not in here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgbk::core {

enum class Treatment : std::uint8_t {
    replaced, // by a placeholder, which keeps the row what it is
    removed,  // NULL, or empty
    searched, // words of others, in which the person's address, name and number are replaced where they stand
    kept      // says nothing of a customer, or is needed
};

struct PersonalColumn {
    std::string_view table;
    std::string_view column;
    Treatment treatment;
    std::string_view why;
};

std::span<const PersonalColumn> personal_columns();

std::string_view treatment_name(Treatment treatment);

// What stands for an address that was erased: erased-<id>@erased.invalid, where no mail ever arrives (RFC 2606).
bool is_erased_address(std::string_view email);

// By what a person is found in words of others.
struct Identifiers {
    std::vector<std::string_view> emails;
    std::vector<std::string_view> names;
    std::vector<std::string_view> phones;
    std::vector<std::string_view> users; // "sub" of a JWT
};

// A regular expression of PostgreSQL that finds them, to be matched without regard to case, in text as in JSON; empty
// if there is nothing to look for. What is too short to mean one person (a first name alone, a number of six digits, a
// user "42") is not looked for: it would be found in words that are about something else.
std::string mention_pattern(const Identifiers& identifiers);

} // namespace pgbk::core
