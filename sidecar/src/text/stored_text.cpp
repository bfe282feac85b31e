#include "text/stored_text.hpp"

#include <cstdint>

namespace pgbk::relay {

namespace {

// Length of the well-formed character at the front (Unicode table 3-7), 0 if there is none.
std::size_t character_length(std::string_view bytes) {
    const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
    const auto follows = [&](std::size_t i, std::uint8_t least, std::uint8_t most) {
        return i < bytes.size() && at(i) >= least && at(i) <= most;
    };
    const std::uint8_t first = at(0);
    if (first < 0x80) {
        return first == 0 ? 0 : 1;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        return follows(1, 0x80, 0xBF) ? 2 : 0;
    }
    if (first >= 0xE0 && first <= 0xEF) {
        const std::uint8_t least = first == 0xE0 ? 0xA0 : 0x80; // no overlong form
        const std::uint8_t most = first == 0xED ? 0x9F : 0xBF;  // no surrogate
        return follows(1, least, most) && follows(2, 0x80, 0xBF) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const std::uint8_t least = first == 0xF0 ? 0x90 : 0x80;
        const std::uint8_t most = first == 0xF4 ? 0x8F : 0xBF; // up to U+10FFFF
        return follows(1, least, most) && follows(2, 0x80, 0xBF) && follows(3, 0x80, 0xBF) ? 4 : 0;
    }
    return 0;
}

} // namespace

bool is_storable(std::string_view bytes) {
    while (!bytes.empty()) {
        const std::size_t length = character_length(bytes);
        if (length == 0) {
            return false;
        }
        bytes.remove_prefix(length);
    }
    return true;
}

std::string storable_text(std::string_view bytes, std::size_t limit) {
    constexpr std::string_view replacement = "\xEF\xBF\xBD";
    std::string out;
    while (!bytes.empty()) {
        const std::size_t length = character_length(bytes);
        const std::string_view piece = length == 0 ? replacement : bytes.substr(0, length);
        if (out.size() + piece.size() > limit) {
            break;
        }
        out += piece;
        bytes.remove_prefix(length == 0 ? 1 : length);
    }
    return out;
}

} // namespace pgbk::relay
