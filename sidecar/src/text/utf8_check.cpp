#include "text/utf8_check.hpp"

namespace pgbk::relay {

bool Utf8Check::take(std::string_view bytes) {
    for (const char c : bytes) {
        const auto byte = static_cast<std::uint8_t>(c);
        if (missing_ == 0) {
            if (byte >= 0x80 && !begin(byte)) {
                return false;
            }
        } else if (byte < lowest_ || byte > highest_) {
            return false;
        } else {
            --missing_;
            lowest_ = 0x80;
            highest_ = 0xBF;
        }
    }
    return true;
}

bool Utf8Check::begin(std::uint8_t byte) {
    if (byte < 0xC2 || byte > 0xF4) {
        return false;
    }
    missing_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    lowest_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
    highest_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
    return true;
}

} // namespace pgbk::relay
