#include "core/booking_token.hpp"

#include <charconv>

namespace pgbk::core {

namespace {

// No sign, no leading zero, no more than an integer of the database holds.
std::optional<std::int32_t> parse_organization(std::string_view text) {
    std::int32_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, problem] = std::from_chars(text.data(), end, number);
    if (problem != std::errc{} || rest != end || number <= 0 || text.front() == '0') {
        return std::nullopt;
    }
    return number;
}

} // namespace

std::string booking_token_text(const BookingToken& token) {
    return token_text(token.token) + '.' + std::to_string(token.organization);
}

std::optional<BookingToken> parse_booking_token(std::string_view text) {
    if (text.size() <= token_text_length || text[token_text_length] != '.') {
        return std::nullopt;
    }
    const auto token = parse_token(text.substr(0, token_text_length));
    const auto organization = parse_organization(text.substr(token_text_length + 1));
    if (!token.has_value() || !organization.has_value()) {
        return std::nullopt;
    }
    return BookingToken{*token, *organization};
}

} // namespace pgbk::core
