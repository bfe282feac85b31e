// SHA-256 and random bytes, from the server's own code.
#pragma once

#include "core/token.hpp"
#include "pg/guard.hpp"

#include <array>

namespace pgbk {

using Digest = std::array<std::uint8_t, PG_SHA256_DIGEST_LENGTH>;

// Of the parts one after the other; each is preceded by its length, so that ("ab","c") and ("a","bc") differ.
Digest sha256(std::initializer_list<std::string_view> parts);

// Of the bytes alone, as anybody else computes it.
Digest sha256_of(std::string_view bytes);

std::string hexadecimal(const Digest& digest);

std::array<std::uint8_t, 32> random_bytes();

double random_fraction(); // 0 or more, less than 1

// Server frame. The same, up to some hundred bytes, where there is room for them.
void fill_with_random(void* out, std::size_t size);

template <std::size_t size> std::string_view as_bytes(const std::array<std::uint8_t, size>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

} // namespace pgbk
