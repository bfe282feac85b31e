#include "inbound/claim.hpp"

#include "text/stored_text.hpp"

#include <algorithm>

namespace pgbk::relay {

namespace {

constexpr std::size_t digest_size = 32;
constexpr std::size_t longest_id = 255;

// The header's value, if it came exactly once and is not empty.
std::optional<std::string> only(const Request& request, std::string_view name) {
    auto value = request.header(name);
    return request.number_of(name) == 1 && !value.empty() ? std::optional(std::move(value)) : std::nullopt;
}

// Digits only, no leading zero, and no more than a time can have.
std::optional<std::int64_t> strict_number(std::string_view text) {
    constexpr std::size_t most_digits = 15;
    if (text.empty() || text.size() > most_digits || (text.front() == '0' && text.size() > 1)) {
        return std::nullopt;
    }
    std::int64_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        value = value * 10 + (c - '0');
    }
    return value;
}

std::optional<std::string> digest_from(std::string_view text, DigestEncoding encoding) {
    auto bytes = encoding == DigestEncoding::hex ? decode_hex(text) : decode_base64(text);
    return bytes && bytes->size() == digest_size ? bytes : std::nullopt;
}

// Calls `take` with each part of the list, and stops when it says no.
template <class Take> bool each_entry(std::string_view list, char separator, Take take) {
    for (;;) {
        const auto end = list.find(separator);
        if (!take(list.substr(0, end))) {
            return false;
        }
        if (end == std::string_view::npos) {
            return true;
        }
        list.remove_prefix(end + 1);
    }
}

bool is_word(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
}

// An id that may stand in front of a body with a dot between them: visible ASCII without dots.
bool is_id(std::string_view text) {
    return !text.empty() && text.size() <= longest_id &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7F' && c != '.'; });
}

// "t=1492774577,v1=<hex>,v1=<hex>,v0=<hex>": v0 is a decoy, and what else there may be one day is not ours.
std::optional<Claim> read_stripe(const Request& request) {
    const auto header = only(request, "stripe-signature");
    if (!header) {
        return std::nullopt;
    }
    Claim claim;
    const bool readable = each_entry(*header, ',', [&](std::string_view entry) {
        const auto equals = entry.find('=');
        const auto name = entry.substr(0, equals);
        if (equals == std::string_view::npos || !is_word(name) || entry.find('=', equals + 1) != std::string::npos) {
            return false;
        }
        const auto value = entry.substr(equals + 1);
        if (name == "t") {
            if (claim.sent) {
                return false;
            }
            claim.sent = strict_number(value);
            claim.before_body = std::string(value) + "."; // the text, not the number
            claim.handed_on = {{"timestamp", std::string(value)}};
            return claim.sent.has_value();
        }
        if (name == "v1") {
            auto digest = digest_from(value, DigestEncoding::hex);
            claim.digests.push_back(digest.value_or(""));
            return digest.has_value();
        }
        return true;
    });
    return readable && claim.sent ? std::optional(std::move(claim)) : std::nullopt;
}

std::optional<Claim> read_airwallex(const Request& request) {
    const auto timestamp = only(request, "x-timestamp");
    const auto signature = only(request, "x-signature");
    const auto sent = strict_number(timestamp.value_or(""));
    auto digest = digest_from(signature.value_or(""), DigestEncoding::hex);
    if (!sent || !digest) {
        return std::nullopt;
    }
    Claim claim;
    claim.before_body = *timestamp;
    claim.handed_on = {{"x-timestamp", *timestamp}};
    claim.sent = sent;
    claim.units_per_second = 1'000;
    claim.digests.push_back(std::move(*digest));
    return claim;
}

// The body alone is signed; without a secret Cal.com sends "no-secret-provided", which is no digest.
std::optional<Claim> read_digest(const Request& request, std::string_view name, std::string_view prefix,
                                 DigestEncoding encoding) {
    const auto header = only(request, name);
    if (!header || !header->starts_with(prefix)) {
        return std::nullopt;
    }
    auto digest = digest_from(std::string_view(*header).substr(prefix.size()), encoding);
    if (!digest) {
        return std::nullopt;
    }
    Claim claim;
    claim.digests.push_back(std::move(*digest));
    return claim;
}

// "v1,<base64> v1,<base64> v1a,<base64>", of which v1a is another algorithm.
std::optional<Claim> read_standard(const Request& request) {
    const auto id = only(request, "webhook-id");
    const auto timestamp = only(request, "webhook-timestamp");
    const auto signatures = only(request, "webhook-signature");
    Claim claim;
    claim.sent = strict_number(timestamp.value_or(""));
    if (!signatures || !claim.sent || !is_id(id.value_or(""))) {
        return std::nullopt;
    }
    claim.before_body = *id + "." + *timestamp + ".";
    claim.handed_on = {{"webhook-id", *id}, {"webhook-timestamp", *timestamp}};
    const bool readable = each_entry(*signatures, ' ', [&](std::string_view entry) {
        const auto comma = entry.find(',');
        const auto version = entry.substr(0, comma);
        if (comma == std::string_view::npos || !is_word(version) || entry.find(',', comma + 1) != std::string::npos) {
            return false;
        }
        if (version != "v1") {
            return true;
        }
        auto digest = digest_from(entry.substr(comma + 1), DigestEncoding::base64);
        claim.digests.push_back(digest.value_or(""));
        return digest.has_value();
    });
    return readable ? std::optional(std::move(claim)) : std::nullopt;
}

std::optional<Claim> read_hmac(const SourceOptions& options, const Request& request) {
    auto claim = read_digest(request, options.header, options.prefix, options.encoding);
    if (!claim || options.id_header.empty()) {
        return claim;
    }
    // It is not signed, but tells which request is which: two readers must not take it for different ones.
    const auto id = only(request, options.id_header);
    if (!id || id->size() > longest_id || !is_storable(*id)) {
        claim->problem = "the header " + options.id_header + " must come once, with 1 to 255 bytes of text";
        return claim;
    }
    claim->handed_on = {{options.id_header, *id}};
    return claim;
}

} // namespace

std::optional<Claim> read_claim(const Source& source, const Request& request) {
    std::optional<Claim> claim;
    switch (source.scheme) {
    case Scheme::stripe:
        claim = read_stripe(request);
        break;
    case Scheme::airwallex:
        claim = read_airwallex(request);
        break;
    case Scheme::calcom:
        claim = read_digest(request, "x-cal-signature-256", "", DigestEncoding::hex);
        break;
    case Scheme::standard:
        claim = read_standard(request);
        break;
    case Scheme::hmac:
        claim = read_hmac(source.options, request);
        break;
    }
    return claim && !claim->digests.empty() ? claim : std::nullopt;
}

} // namespace pgbk::relay
