#include "pg/digest.hpp"

#include <cstring>

namespace pgbk {

namespace {

const std::uint8_t* octets(std::string_view bytes) {
    return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

// Server frame.
void digest(std::uint8_t* out, const std::string_view* parts, std::size_t count, bool with_lengths) {
    pg_cryptohash_ctx* const context = pg_cryptohash_create(PG_SHA256);
    bool done = context != nullptr && pg_cryptohash_init(context) >= 0;
    for (std::size_t i = 0; done && i < count; ++i) {
        if (with_lengths) {
            const std::uint64_t length = parts[i].size();
            done = pg_cryptohash_update(context, reinterpret_cast<const std::uint8_t*>(&length), sizeof length) >= 0;
        }
        done = done && pg_cryptohash_update(context, octets(parts[i]), parts[i].size()) >= 0;
    }
    done = done && pg_cryptohash_final(context, out, PG_SHA256_DIGEST_LENGTH) >= 0;
    pg_cryptohash_free(context);
    if (!done) {
        ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not compute a SHA-256 digest")));
    }
}

} // namespace

Digest sha256(std::initializer_list<std::string_view> parts) {
    Digest out{};
    server([&] { digest(out.data(), parts.begin(), parts.size(), true); });
    return out;
}

Digest sha256_of(std::string_view bytes) {
    Digest out{};
    server([&] { digest(out.data(), &bytes, 1, false); });
    return out;
}

std::string hexadecimal(const Digest& digest) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : digest) {
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

// Asking OpenSSL costs microseconds whatever one asks for. What has been given out is wiped.
void fill_with_random(void* out, std::size_t size) {
    constexpr std::size_t stock_size = 1024;
    static std::uint8_t stock[stock_size];
    static std::size_t used = stock_size;

    if (stock_size - used < size) {
        if (!pg_strong_random(stock, stock_size)) {
            ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random bytes")));
        }
        used = 0;
    }
    std::memcpy(out, stock + used, size);
    explicit_bzero(stock + used, size);
    used += size;
}

std::array<std::uint8_t, 32> random_bytes() {
    std::array<std::uint8_t, 32> out{};
    server([&] { fill_with_random(out.data(), out.size()); });
    return out;
}

double random_fraction() {
    std::uint32_t bits = 0;
    std::memcpy(&bits, random_bytes().data(), sizeof bits);
    return bits / 4294967296.0;
}

} // namespace pgbk
