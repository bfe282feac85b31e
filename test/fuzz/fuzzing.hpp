// What the fuzz targets share: choices drawn from the fuzzer's bytes, and rules whose breach ends the run.
#pragma once

#include "core/refusal.hpp"
#include "unit/text.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

namespace pgbk::test {

// Each byte is one choice. At the end of the input every choice is 0, so the targets make 0 the ordinary one.
class Choices {
public:
    Choices(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

    int next() {
        if (rest_.empty()) {
            return 0;
        }
        const int byte = rest_.front();
        rest_ = rest_.subspan(1);
        return byte;
    }

    int below(int bound) { return next() % bound; }                       // bound at most 256
    int wide_below(int bound) { return (next() * 256 + next()) % bound; } // bound at most 65536
    bool rarely() { return next() >= 0xF0; }

    std::string text() {
        std::string out;
        for (int length = below(64); length > 0 && !rest_.empty(); --length) {
            out += static_cast<char>(next());
        }
        return out;
    }

private:
    std::span<const std::uint8_t> rest_;
};

inline void require(bool kept, const std::string& rule) {
    if (!kept) {
        (void)std::fprintf(stderr, "broken: %s\n", rule.c_str());
        std::abort();
    }
}

// What a refusal says goes to the client and to the log, whatever the caller's value was.
inline void check_refusal(const core::Refusal& refusal, bool values_were_utf8) {
    for (const std::string& part : {refusal.message(), refusal.detail(), refusal.hint()}) {
        require(!has_control(part), "no control characters in a refusal: " + part);
        require(part.size() < 300, "a refusal is short: " + part);
        require(is_utf8(part) || !values_were_utf8, "a refusal of UTF-8 is UTF-8: " + part);
    }
}

} // namespace pgbk::test
