#include "inbound/source.hpp"

#include "text/ascii.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace pgbk::relay {

namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 5> schemes{"stripe", "airwallex", "calcom", "standard", "hmac"};

[[noreturn]] void refuse(std::string_view option) {
    throw std::runtime_error("the option " + std::string(option) + " cannot be used");
}

// Nothing if the option is not there.
const json::value* option(const json::object& options, std::string_view name) {
    const auto* const value = options.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
}

std::string text_option(const json::object& options, std::string_view name, const std::string& otherwise) {
    const auto* const value = option(options, name);
    if (value != nullptr && !value->is_string()) {
        refuse(name);
    }
    return value == nullptr ? otherwise : std::string(value->get_string());
}

std::string header_option(const json::object& options, std::string_view name, const std::string& otherwise) {
    return lower_case(text_option(options, name, otherwise));
}

} // namespace

std::optional<Scheme> scheme_named(std::string_view name) {
    const auto* const found = std::find(schemes.begin(), schemes.end(), name);
    return found == schemes.end() ? std::nullopt : std::optional(static_cast<Scheme>(found - schemes.begin()));
}

std::string_view name_of(Scheme scheme) {
    return schemes.at(static_cast<std::size_t>(scheme));
}

SourceOptions read_source_options(std::string_view text) {
    const auto document = json::parse(text);
    const json::object& given = document.as_object();
    SourceOptions out;
    if (const auto* const tolerance = option(given, "tolerance_seconds")) {
        if (!tolerance->is_int64() || tolerance->get_int64() < 0 || tolerance->get_int64() > 31 * 86'400) {
            refuse("tolerance_seconds");
        }
        out.tolerance_seconds = static_cast<int>(tolerance->get_int64());
    }
    out.header = header_option(given, "header", out.header);
    out.prefix = text_option(given, "prefix", out.prefix);
    out.id_header = header_option(given, "id_header", out.id_header);
    const std::string encoding = text_option(given, "encoding", "hex");
    if (encoding != "hex" && encoding != "base64") {
        refuse("encoding");
    }
    out.encoding = encoding == "hex" ? DigestEncoding::hex : DigestEncoding::base64;
    return out;
}

std::optional<std::string> source_key(Scheme scheme, std::string_view secret) {
    if (scheme == Scheme::standard) {
        return standard_key(secret);
    }
    return secret.empty() ? std::nullopt : std::optional(std::string(secret));
}

} // namespace pgbk::relay
