#include "core/package.hpp"

#include "core/refusal.hpp"

#include <algorithm>
#include <string>

namespace pgbk::core {

namespace {

[[noreturn]] void refuse(const std::string& problem, std::string_view field) {
    throw Refusal(RefusalKind::invalid_package, problem, {}, {}, std::string(field));
}

} // namespace

void check_package(const Package& package) {
    constexpr std::int64_t highest_price = 1'000'000'000'000;
    constexpr std::int32_t most_sessions = 1000;
    const std::string which = "package " + quoted(package.id);
    if (package.price < 0 || package.price > highest_price) {
        refuse("the price of " + which + " must be between 0 and " + std::to_string(highest_price) + ", got " +
                   std::to_string(package.price),
               package.price_field);
    }
    if (package.currency.size() != 3 ||
        !std::all_of(package.currency.begin(), package.currency.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) {
        refuse("the currency must be three capital letters, got " + quoted(package.currency), "currency");
    }
    if (package.sessions < 1 || package.sessions > most_sessions) {
        refuse(which + " must have between 1 and " + std::to_string(most_sessions) + " sessions, got " +
                   std::to_string(package.sessions),
               std::string(package.id) + "_sessions");
    }
}

} // namespace pgbk::core
