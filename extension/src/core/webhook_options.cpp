#include "core/webhook_options.hpp"

#include "core/option_values.hpp"
#include "core/refusal.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string>
#include <utility>

namespace pgbk::core {

namespace {

constexpr std::array<std::string_view, 11> option_names{
    "headers", "max_in_flight",    "rate_per_second", "burst",       "timeout_ms",   "batch_max",
    "max_age", "allowed_networks", "hmac_header",     "hmac_prefix", "hmac_encoding"};
constexpr std::array<std::string_view, 4> identity_names{"name", "url", "preset", "events"};

// What the sender sets itself, or what would change how the message is framed.
constexpr std::array<std::string_view, 14> reserved_headers{
    "host",       "content-length", "content-type", "content-encoding", "transfer-encoding",
    "connection", "keep-alive",     "upgrade",      "expect",           "te",
    "trailer",    "user-agent",     "accept",       "x-make-apikey"};

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20U || c == '\x7f';
}

void check_header_name(std::string_view name, const std::string& where) {
    if (!is_header_name(name)) {
        refuse_option(where + " has an invalid header name " + quoted(name));
    }
    const std::string plain = lower_case(name);
    if (plain.starts_with("webhook-") || plain.starts_with("proxy-") ||
        std::find(reserved_headers.begin(), reserved_headers.end(), plain) != reserved_headers.end()) {
        refuse_option(where + " has a reserved header " + quoted(name), "The sender sets this header itself.");
    }
}

std::vector<std::string_view> texts_of(const JsonNode& node) {
    std::vector<std::string_view> texts;
    for (const JsonNode* child = expect_option(node, JsonKind::array, "an array of strings").first; child != nullptr;
         child = child->next) {
        if (child->kind != JsonKind::string) {
            refuse_option("option " + quoted(node.key) + " must be an array of strings");
        }
        texts.push_back(child->text);
    }
    return texts;
}

std::string_view rate_of(const JsonNode& node) {
    const std::string_view text = expect_option(node, JsonKind::number, "a number, or null for no limit").text;
    double value = 0;
    const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || rest != text.data() + text.size() || value < 0.001 || value > 10000) {
        refuse_option("option \"rate_per_second\" must be a number from 0.001 to 10000, got " +
                      std::string(text.substr(0, 40)));
    }
    return text;
}

void read_identity(const JsonNode& node, EndpointOptions& options) {
    if (node.key == "name") {
        options.name = option_text(node);
        check_endpoint_name(*options.name);
    } else if (node.key == "url") {
        options.url = option_text(node);
    } else if (node.key == "preset") {
        options.preset = option_text(node);
        check_preset(*options.preset);
    } else {
        options.events = texts_of(node);
    }
}

void read_option(const JsonNode& node, EndpointOptions& options) {
    if (node.key == "headers") {
        expect_option(node, JsonKind::object, "an object of header names and values");
        options.has_headers = true;
    } else if (node.key == "rate_per_second") {
        options.has_rate = true;
        options.rate_per_second = node.kind == JsonKind::null ? std::nullopt : std::optional(rate_of(node));
    } else if (node.key == "burst") {
        options.burst = option_number(node, 1, 10000);
    } else if (node.key == "max_in_flight") {
        options.max_in_flight = option_number(node, 1, 1000);
    } else if (node.key == "timeout_ms") {
        options.timeout_ms = option_number(node, 100, 50000);
    } else if (node.key == "batch_max") {
        options.batch_max = option_number(node, 1, 100);
    } else if (node.key == "max_age") {
        options.max_age = option_short_text(node, 60);
    } else if (node.key == "allowed_networks") {
        options.allowed_networks = texts_of(node);
    } else if (node.key == "hmac_header") {
        options.hmac_header = option_text(node);
        check_header_name(*options.hmac_header, "option \"hmac_header\"");
    } else if (node.key == "hmac_prefix") {
        options.hmac_prefix = option_short_text(node, 40);
    } else {
        constexpr std::array<std::string_view, 2> encodings{"hex", "base64"};
        options.hmac_encoding = option_word(node, encodings);
    }
}

[[noreturn]] void refuse_unknown(std::string_view key, bool with_identity) {
    std::string names;
    const auto add = [&](std::string_view name) { names += (names.empty() ? "" : ", ") + std::string(name); };
    if (with_identity) {
        std::for_each(identity_names.begin(), identity_names.end(), add);
    }
    std::for_each(option_names.begin(), option_names.end(), add);
    refuse_option("unknown option " + quoted(key), "Known options are " + names + ".");
}

bool names_authorization(const JsonNode& headers) {
    for (const JsonNode* node = headers.first; node != nullptr; node = node->next) {
        if (lower_case(node->key) == "authorization") {
            return true;
        }
    }
    return false;
}

} // namespace

void check_endpoint_name(std::string_view name) {
    const bool blank = std::all_of(name.begin(), name.end(), [](char c) { return c == ' '; });
    const auto characters = std::count_if(name.begin(), name.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; // bytes that do not continue a character
    });
    if (blank || characters > 100 || std::any_of(name.begin(), name.end(), is_control)) {
        throw Refusal(RefusalKind::invalid_webhook_name, "invalid webhook name " + quoted(name), {},
                      "Pass 1 to 100 characters without line breaks.");
    }
}

void check_preset(std::string_view preset) {
    if (preset != "standard" && preset != "make") {
        refuse_option("unknown preset " + quoted(preset), "Presets are standard and make.");
    }
}

EndpointOptions read_endpoint_options(const JsonNode& document, bool with_identity) {
    if (document.kind != JsonKind::object) {
        refuse_option("options must be an object");
    }
    EndpointOptions options;
    for (const JsonNode* node = document.first; node != nullptr; node = node->next) {
        const auto is_named = [&](std::string_view name) { return name == node->key; };
        if (with_identity && std::any_of(identity_names.begin(), identity_names.end(), is_named)) {
            read_identity(*node, options);
        } else if (std::any_of(option_names.begin(), option_names.end(), is_named)) {
            read_option(*node, options);
        } else {
            refuse_unknown(node->key, with_identity);
        }
    }
    return options;
}

void check_headers(const JsonNode& headers, bool has_bearer_secret) {
    int count = 0;
    std::vector<std::string> seen;
    for (const JsonNode* node = headers.first; node != nullptr; node = node->next) {
        check_header_name(node->key, "option \"headers\"");
        const std::string name = lower_case(node->key);
        if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
            refuse_option("option \"headers\" names " + quoted(node->key) + " twice");
        }
        seen.push_back(name);
        const bool printable = node->kind == JsonKind::string && node->text.size() <= 1000 &&
                               std::all_of(node->text.begin(), node->text.end(),
                                           [](char c) { return (c >= ' ' && c <= '~') || c == '\t'; });
        if (!printable) {
            refuse_option("the value of header " + quoted(node->key) +
                          " is not a string of at most 1000 printable characters");
        }
        if (++count > 20) {
            refuse_option("option \"headers\" has more than 20 headers");
        }
    }
    if (has_bearer_secret && names_authorization(headers)) {
        refuse_option("option \"headers\" has Authorization, which the bearer secret of this endpoint sets",
                      "Leave it out, or give the endpoint a secret of another scheme.");
    }
}

} // namespace pgbk::core
