#include "core/source_options.hpp"

#include "core/option_values.hpp"
#include "core/refusal.hpp"
#include "core/webhook_secret.hpp"

#include <algorithm>
#include <array>

namespace pgbk::core {

namespace {

constexpr std::array<std::string_view, 5> schemes{"stripe", "airwallex", "calcom", "standard", "hmac"};
constexpr std::array<std::string_view, 5> payloads{"stripe", "airwallex", "calcom", "payment", "booking_event"};

constexpr std::array<std::string_view, 12> option_names{
    "tolerance_seconds", "header",  "prefix",    "encoding",           "id_header",          "payload",
    "livemode",          "account", "unmatched", "legacy_event_names", "refund_on_received", "provider"};

constexpr std::int32_t five_minutes = 300;
constexpr std::int32_t one_day = 86400;
constexpr std::int32_t one_week = 7 * one_day;

Payload payload_named(std::string_view name) {
    const auto* const found = std::find(payloads.begin(), payloads.end(), name);
    return static_cast<Payload>(found - payloads.begin());
}

// What would be taken from the request itself, or is said by the scheme.
void check_header(const JsonNode& node) {
    const std::string_view name = option_text(node);
    if (!is_header_name(name)) {
        refuse_option("option " + quoted(node.key) + " is no name of a header: " + quoted(name));
    }
}

// The options that say how a request is signed; true if this is one of them.
bool read_signature_option(std::string_view scheme, const JsonNode& node, SourceOptions& options) {
    if (node.key == "tolerance_seconds") {
        if (scheme == "hmac") {
            refuse_option("option \"tolerance_seconds\" is not for scheme hmac, whose requests carry no time");
        }
        options.tolerance_seconds = option_number(node, 1, one_week);
        return true;
    }
    constexpr std::array<std::string_view, 4> for_hmac{"header", "prefix", "encoding", "id_header"};
    if (std::find(for_hmac.begin(), for_hmac.end(), node.key) == for_hmac.end()) {
        return false;
    }
    if (scheme != "hmac") {
        refuse_option("option " + quoted(node.key) + " is for scheme hmac only");
    }
    if (node.key == "prefix") {
        (void)option_short_text(node, 40);
    } else if (node.key == "encoding") {
        constexpr std::array<std::string_view, 2> encodings{"hex", "base64"};
        (void)option_word(node, encodings);
    } else {
        check_header(node);
    }
    if (node.key == "id_header") {
        options.id_header = node.text;
    }
    return true;
}

void read_payload(std::string_view scheme, const JsonNode& node, SourceOptions& options) {
    const Payload payload = payload_named(option_word(node, payloads));
    if (scheme != "standard" && scheme != "hmac" && payload != options.payload) {
        refuse_option("option \"payload\" is for schemes standard and hmac; what " + std::string(scheme) +
                      " sends is its own");
    }
    options.payload = payload;
    options.refund_on_received = payload == Payload::payment;
}

void read_option(const JsonNode& node, SourceOptions& options) {
    if (node.key == "livemode") {
        options.livemode = option_flag(node);
    } else if (node.key == "account") {
        options.account = option_short_text(node, 200);
    } else if (node.key == "provider") {
        if (options.payload != Payload::payment) {
            refuse_option("option \"provider\" is for payload payment; others are of a provider that is known");
        }
        options.provider = option_short_text(node, 100);
        if (options.provider->empty()) {
            refuse_option("option \"provider\" must not be empty");
        }
    } else if (node.key == "legacy_event_names") {
        options.legacy_event_names = option_flag(node);
    } else if (node.key == "refund_on_received") {
        options.refund_on_received = option_flag(node);
    } else if (node.key == "unmatched") {
        constexpr std::array<std::string_view, 2> words{"report", "ignore"};
        options.reports_unmatched = option_word(node, words) == "report";
    } else {
        refuse_option("unknown option " + quoted(node.key), "Known options are " + word_list(option_names) + ".");
    }
}

} // namespace

void check_source_scheme(std::string_view scheme) {
    if (std::find(schemes.begin(), schemes.end(), scheme) == schemes.end()) {
        throw Refusal(RefusalKind::invalid_webhook_source, "unknown scheme " + quoted(scheme) + " of a source", {},
                      "Schemes are " + word_list(schemes) + ".");
    }
}

bool makes_own_secret(std::string_view scheme) {
    return scheme != "stripe" && scheme != "airwallex";
}

void check_source_secret(std::string_view scheme, std::string_view secret) {
    if (scheme == "stripe" && !secret.starts_with("whsec_")) {
        throw Refusal(RefusalKind::invalid_webhook_secret, "a secret of Stripe begins with whsec_", {},
                      "Pass the signing secret that Stripe shows for the endpoint.");
    }
    if (scheme == "calcom" && secret == "no-secret-provided") {
        // What Cal.com sends as the signature of a webhook that has no secret.
        throw Refusal(RefusalKind::invalid_webhook_secret, "that is not a secret of Cal.com, but its absence", {},
                      "Enter a secret at Cal.com, or pass NULL to have one made.");
    }
    check_webhook_secret(scheme == "standard" ? "standard" : "hmac", secret);
}

SourceOptions read_source_options(std::string_view scheme, const JsonNode& document) {
    if (document.kind != JsonKind::object) {
        refuse_option("options must be an object");
    }
    const auto* const own = std::find(payloads.begin(), payloads.end(), scheme);
    SourceOptions options{};
    options.payload = own == payloads.end() ? Payload::payment : payload_named(scheme);
    options.reports_unmatched = true;
    options.refund_on_received = options.payload == Payload::payment;
    options.tolerance_seconds = scheme == "calcom" ? one_day : five_minutes;
    // It decides about the defaults of others.
    if (const JsonNode* const payload = member(document, "payload");
        payload != nullptr && payload->kind != JsonKind::null) {
        read_payload(scheme, *payload, options);
    }
    for (const JsonNode* node = document.first; node != nullptr; node = node->next) {
        if (node->kind != JsonKind::null && node->key != "payload" && !read_signature_option(scheme, *node, options)) {
            read_option(*node, options);
        }
    }
    return options;
}

} // namespace pgbk::core
