#include "http/validators.hpp"

#include "text/ascii.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace pgbk::relay {

std::string entity_tag(std::string_view body) {
    constexpr std::size_t kept = 16; // bytes: nobody is to make two answers with the same on purpose
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (EVP_Digest(body.data(), body.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
        throw std::runtime_error("SHA-256 is not available");
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string tag = "\"";
    for (std::size_t i = 0; i < kept; ++i) {
        tag += digits[digest.at(i) >> 4U];
        tag += digits[digest.at(i) & 0xFU];
    }
    return tag + "\"";
}

bool names_tag(std::string_view if_none_match, std::string_view tag) {
    const auto tags = comma_separated(if_none_match);
    return std::any_of(tags.begin(), tags.end(), [tag](std::string_view given) {
        return given == "*" || given == tag || (given.starts_with("W/") && given.substr(2) == tag);
    });
}

void add_validators(const Request& request, Response& response, std::string_view cache_control) {
    const std::string tag = entity_tag(response.body);
    response.headers.emplace_back("ETag", tag);
    response.headers.emplace_back("Cache-Control", cache_control);
    if (names_tag(request.header("if-none-match"), tag)) {
        response.status = 304;
        response.body.clear();
        response.content_type.clear();
    }
}

} // namespace pgbk::relay
