#include "pg/digest.hpp"

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

std::array<std::uint8_t, 32> random_bytes() {
    std::array<std::uint8_t, 32> out{};
    server([&] {
        if (!pg_strong_random(out.data(), out.size())) {
            ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random bytes")));
        }
    });
    return out;
}

} // namespace pgbk
