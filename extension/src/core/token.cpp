#include "core/token.hpp"

namespace pgbk::core {

namespace {

constexpr std::string_view base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int base64url_value(char c) {
    const auto at = base64url.find(c);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

} // namespace

std::string token_text(const Token& token) {
    std::string out;
    out.reserve(token_text_length);
    std::uint32_t bits = 0;
    unsigned pending = 0;
    for (const std::uint8_t byte : token) {
        bits = (bits << 8U) | byte;
        pending += 8;
        while (pending >= 6) {
            pending -= 6;
            out += base64url[(bits >> pending) & 0x3FU];
        }
    }
    // 256 = 42 * 6 + 4: the last character carries four bits and two zero bits.
    out += base64url[(bits << (6U - pending)) & 0x3FU];
    return out;
}

std::optional<Token> parse_token(std::string_view text) {
    if (text.size() != token_text_length) {
        return std::nullopt;
    }
    Token token{};
    std::uint32_t bits = 0;
    unsigned pending = 0;
    std::size_t filled = 0;
    for (const char c : text) {
        const int value = base64url_value(c);
        if (value < 0) {
            return std::nullopt;
        }
        bits = (bits << 6U) | static_cast<std::uint32_t>(value);
        pending += 6;
        if (pending >= 8) {
            pending -= 8;
            token.at(filled++) = static_cast<std::uint8_t>(bits >> pending);
        }
    }
    if ((bits & ((1U << pending) - 1U)) != 0) {
        return std::nullopt;
    }
    return token;
}

std::optional<std::string> booking_number(const std::array<std::uint8_t, 32>& random) {
    constexpr std::size_t size = booking_number_alphabet.size();
    constexpr std::size_t fair = 256 - 256 % size; // bytes from here on would favour the first letters
    std::string out;
    for (const std::uint8_t byte : random) {
        if (byte < fair) {
            out += booking_number_alphabet[byte % size];
        }
        if (out.size() == booking_number_length) {
            return out;
        }
    }
    return std::nullopt;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) {
        return false;
    }
    unsigned difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
    }
    return difference == 0;
}

} // namespace pgbk::core
