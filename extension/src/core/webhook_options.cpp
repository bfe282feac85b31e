#include "core/webhook_options.hpp"

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

[[noreturn]] void refuse(const std::string& problem, std::string hint = {}) {
    throw Refusal(RefusalKind::invalid_webhook_options, problem, {}, std::move(hint));
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20U || c == '\x7f';
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

bool is_token(std::string_view name) {
    constexpr std::string_view specials = "!#$%&'*+-.^_`|~";
    return !name.empty() && name.size() <= 100 && std::all_of(name.begin(), name.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               specials.find(c) != std::string_view::npos;
    });
}

void check_header_name(std::string_view name, const std::string& where) {
    if (!is_token(name)) {
        refuse(where + " has an invalid header name " + quoted(name));
    }
    const std::string plain = lower(name);
    if (plain.starts_with("webhook-") || plain.starts_with("proxy-") ||
        std::find(reserved_headers.begin(), reserved_headers.end(), plain) != reserved_headers.end()) {
        refuse(where + " has a reserved header " + quoted(name), "The sender sets this header itself.");
    }
}

const JsonNode& expect(const JsonNode& node, JsonKind kind, const char* expected) {
    if (node.kind != kind) {
        refuse("option " + quoted(node.key) + " must be " + expected);
    }
    return node;
}

std::string_view text_of(const JsonNode& node) {
    return expect(node, JsonKind::string, "a string").text;
}

std::vector<std::string_view> texts_of(const JsonNode& node) {
    std::vector<std::string_view> texts;
    for (const JsonNode* child = expect(node, JsonKind::array, "an array of strings").first; child != nullptr;
         child = child->next) {
        if (child->kind != JsonKind::string) {
            refuse("option " + quoted(node.key) + " must be an array of strings");
        }
        texts.push_back(child->text);
    }
    return texts;
}

std::int32_t number_of(const JsonNode& node, std::int32_t least, std::int32_t most) {
    const std::string_view text = expect(node, JsonKind::number, "a whole number").text;
    std::int32_t value = 0;
    const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || rest != text.data() + text.size() || value < least || value > most) {
        refuse("option " + quoted(node.key) + " must be a whole number from " + std::to_string(least) + " to " +
               std::to_string(most) + ", got " + std::string(text.substr(0, 40)));
    }
    return value;
}

std::string_view rate_of(const JsonNode& node) {
    const std::string_view text = expect(node, JsonKind::number, "a number, or null for no limit").text;
    double value = 0;
    const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || rest != text.data() + text.size() || value < 0.001 || value > 10000) {
        refuse("option \"rate_per_second\" must be a number from 0.001 to 10000, got " +
               std::string(text.substr(0, 40)));
    }
    return text;
}

std::string_view word_of(const JsonNode& node, std::span<const std::string_view> words) {
    const std::string_view text = text_of(node);
    if (std::find(words.begin(), words.end(), text) == words.end()) {
        std::string names;
        for (const auto word : words) {
            names += (names.empty() ? "" : ", ") + std::string(word);
        }
        refuse("option " + quoted(node.key) + " must be one of " + names + ", got " + quoted(text));
    }
    return text;
}

std::string_view short_text_of(const JsonNode& node, std::size_t longest) {
    const std::string_view text = text_of(node);
    if (text.size() > longest || std::any_of(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; })) {
        refuse("option " + quoted(node.key) + " must be at most " + std::to_string(longest) +
               " printable ASCII characters");
    }
    return text;
}

void read_identity(const JsonNode& node, EndpointOptions& options) {
    if (node.key == "name") {
        options.name = text_of(node);
        check_endpoint_name(*options.name);
    } else if (node.key == "url") {
        options.url = text_of(node);
    } else if (node.key == "preset") {
        options.preset = text_of(node);
        check_preset(*options.preset);
    } else {
        options.events = texts_of(node);
    }
}

void read_option(const JsonNode& node, EndpointOptions& options) {
    if (node.key == "headers") {
        expect(node, JsonKind::object, "an object of header names and values");
        options.has_headers = true;
    } else if (node.key == "rate_per_second") {
        options.has_rate = true;
        options.rate_per_second = node.kind == JsonKind::null ? std::nullopt : std::optional(rate_of(node));
    } else if (node.key == "burst") {
        options.burst = number_of(node, 1, 10000);
    } else if (node.key == "max_in_flight") {
        options.max_in_flight = number_of(node, 1, 1000);
    } else if (node.key == "timeout_ms") {
        options.timeout_ms = number_of(node, 100, 50000);
    } else if (node.key == "batch_max") {
        options.batch_max = number_of(node, 1, 100);
    } else if (node.key == "max_age") {
        options.max_age = short_text_of(node, 60);
    } else if (node.key == "allowed_networks") {
        options.allowed_networks = texts_of(node);
    } else if (node.key == "hmac_header") {
        options.hmac_header = text_of(node);
        check_header_name(*options.hmac_header, "option \"hmac_header\"");
    } else if (node.key == "hmac_prefix") {
        options.hmac_prefix = short_text_of(node, 40);
    } else {
        constexpr std::array<std::string_view, 2> encodings{"hex", "base64"};
        options.hmac_encoding = word_of(node, encodings);
    }
}

[[noreturn]] void refuse_unknown(std::string_view key, bool with_identity) {
    std::string names;
    const auto add = [&](std::string_view name) { names += (names.empty() ? "" : ", ") + std::string(name); };
    if (with_identity) {
        std::for_each(identity_names.begin(), identity_names.end(), add);
    }
    std::for_each(option_names.begin(), option_names.end(), add);
    refuse("unknown option " + quoted(key), "Known options are " + names + ".");
}

bool names_authorization(const JsonNode& headers) {
    for (const JsonNode* node = headers.first; node != nullptr; node = node->next) {
        if (lower(node->key) == "authorization") {
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
        refuse("unknown preset " + quoted(preset), "Presets are standard and make.");
    }
}

EndpointOptions read_endpoint_options(const JsonNode& document, bool with_identity) {
    if (document.kind != JsonKind::object) {
        refuse("options must be an object");
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
        const std::string name = lower(node->key);
        if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
            refuse("option \"headers\" names " + quoted(node->key) + " twice");
        }
        seen.push_back(name);
        const bool printable = node->kind == JsonKind::string && node->text.size() <= 1000 &&
                               std::all_of(node->text.begin(), node->text.end(),
                                           [](char c) { return (c >= ' ' && c <= '~') || c == '\t'; });
        if (!printable) {
            refuse("the value of header " + quoted(node->key) +
                   " is not a string of at most 1000 printable characters");
        }
        if (++count > 20) {
            refuse("option \"headers\" has more than 20 headers");
        }
    }
    if (has_bearer_secret && names_authorization(headers)) {
        refuse("option \"headers\" has Authorization, which the bearer secret of this endpoint sets",
               "Leave it out, or give the endpoint a secret of another scheme.");
    }
}

} // namespace pgbk::core
