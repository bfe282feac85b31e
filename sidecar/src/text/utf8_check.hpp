// Whether bytes that come in pieces are UTF-8, said as soon as they are not. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace pgbk::relay {

class Utf8Check {
public:
    bool take(std::string_view bytes); // false: it is none, whatever follows
    bool complete() const { return missing_ == 0; }

private:
    bool begin(std::uint8_t byte);

    int missing_ = 0; // bytes of the character
    // What the next of them may be: overlong forms, surrogates and what is above U+10FFFF show in the second byte.
    std::uint8_t lowest_ = 0x80;
    std::uint8_t highest_ = 0xBF;
};

} // namespace pgbk::relay
