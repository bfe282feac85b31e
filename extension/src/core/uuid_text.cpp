#include "core/uuid_text.hpp"

namespace pgbk::core {

namespace {

int digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

} // namespace

std::optional<Uuid> parse_uuid(std::string_view text) {
    constexpr std::size_t length = 36;
    if (text.size() != length) {
        return std::nullopt;
    }
    Uuid id{};
    std::size_t nibble = 0;
    for (std::size_t i = 0; i < length; ++i) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text[i] != '-') {
                return std::nullopt;
            }
            continue;
        }
        const int value = digit(text[i]);
        if (value < 0) {
            return std::nullopt;
        }
        id.at(nibble / 2) = static_cast<std::uint8_t>(id.at(nibble / 2) << 4U | static_cast<unsigned>(value));
        ++nibble;
    }
    return id;
}

} // namespace pgbk::core
