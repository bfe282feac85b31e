#include "core/relay_result.hpp"

#include "core/refusal.hpp"
#include "core/timestamp_text.hpp"
#include "core/uuid_text.hpp"

#include <array>
#include <charconv>
#include <string>

namespace pgbk::core {

namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& problem) {
    throw Refusal(RefusalKind::invalid_relay_call, "invalid results: " + path + " " + problem);
}

// The member, or nullptr if it is not there or null.
const JsonNode* known(const JsonNode& object, std::string_view key) {
    const JsonNode* const node = member(object, key);
    return node == nullptr || node->kind == JsonKind::null ? nullptr : node;
}

std::string path_of(const std::string& parent, std::string_view key) {
    return parent + "." + std::string(key);
}

template <class Number>
std::optional<Number> number_of(const JsonNode& object, std::string_view key, const std::string& parent, Number least,
                                Number most) {
    const JsonNode* const node = known(object, key);
    if (node == nullptr) {
        return std::nullopt;
    }
    Number value{};
    const char* const end = node->text.data() + node->text.size();
    const auto [rest, problem] = std::from_chars(node->text.data(), end, value);
    if (node->kind != JsonKind::number || problem != std::errc{} || rest != end || value < least || value > most) {
        refuse(path_of(parent, key), "is not a number in its range");
    }
    return value;
}

std::optional<std::string_view> text_of(const JsonNode& object, std::string_view key, const std::string& parent) {
    const JsonNode* const node = known(object, key);
    if (node == nullptr) {
        return std::nullopt;
    }
    if (node->kind != JsonKind::string) {
        refuse(path_of(parent, key), "is not a string");
    }
    return node->text;
}

bool boolean_of(const JsonNode& object, std::string_view key, const std::string& parent) {
    const JsonNode* const node = known(object, key);
    if (node != nullptr && node->kind != JsonKind::boolean) {
        refuse(path_of(parent, key), "is not a boolean");
    }
    return node != nullptr && node->boolean;
}

void check_details(const JsonNode& object, const std::string& path) {
    constexpr std::array<std::string_view, 5> durations{"dns_ms", "connect_ms", "tls_ms", "first_byte_ms", "total_ms"};
    for (const auto key : durations) {
        (void)number_of<double>(object, key, path, 0, 1e9);
    }
    const auto started = text_of(object, "started_at", path);
    if (started.has_value() && !looks_like_timestamp(*started)) {
        refuse(path_of(path, "started_at"), "is not a time such as 2026-11-21T10:00:00.123Z");
    }
    (void)text_of(object, "remote_address", path);
    (void)boolean_of(object, "response_truncated", path);
    const JsonNode* const headers = known(object, "response_headers");
    if (headers != nullptr && headers->kind != JsonKind::object) {
        refuse(path_of(path, "response_headers"), "is not an object");
    }
}

RelayResult read_result(const JsonNode& object, const std::string& path) {
    if (object.kind != JsonKind::object) {
        refuse(path, "is not an object");
    }
    RelayResult result;
    const auto id = parse_uuid(text_of(object, "delivery_id", path).value_or(""));
    if (!id.has_value()) {
        refuse(path_of(path, "delivery_id"), "is not a uuid");
    }
    result.delivery = *id;
    const auto token = number_of<std::int64_t>(object, "lease_token", path, 0, INT64_MAX);
    if (!token.has_value()) {
        refuse(path_of(path, "lease_token"), "is missing");
    }
    result.lease_token = *token;
    result.returned = boolean_of(object, "returned", path);
    if (result.returned) {
        return result;
    }
    result.facts.http_status = number_of<int>(object, "http_status", path, 100, 999);
    if (const auto word = text_of(object, "error_class", path); word.has_value()) {
        result.facts.error = error_class_of(*word);
        if (!result.facts.error.has_value()) {
            refuse(path_of(path, "error_class"), "is not a class of errors: " + quoted(*word));
        }
    }
    if (!result.facts.http_status.has_value() && !result.facts.error.has_value()) {
        refuse(path, "has neither http_status nor error_class");
    }
    result.error_text = text_of(object, "error", path).value_or("");
    result.facts.body = text_of(object, "response_body", path).value_or("");
    if (const auto seconds = number_of<int>(object, "retry_after_seconds", path, 0, INT32_MAX); seconds.has_value()) {
        result.facts.retry_after = std::chrono::seconds(*seconds);
    }
    check_details(object, path);
    return result;
}

} // namespace

std::vector<RelayResult> read_relay_results(const JsonNode& document) {
    constexpr std::size_t most = 10000;
    if (document.kind != JsonKind::array) {
        refuse("$", "is not an array");
    }
    std::vector<RelayResult> results;
    for (const JsonNode* node = document.first; node != nullptr; node = node->next) {
        if (results.size() == most) {
            refuse("$", "has more than 10000 elements");
        }
        results.push_back(read_result(*node, "$[" + std::to_string(results.size()) + "]"));
    }
    return results;
}

} // namespace pgbk::core
