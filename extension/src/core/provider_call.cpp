#include "core/provider_call.hpp"

#include "core/refusal.hpp"
#include "core/retry_schedule.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace pgbk::core {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

[[noreturn]] void refuse(const std::string& path, const std::string& problem) {
    throw Refusal(RefusalKind::invalid_relay_call, "invalid result: " + path + " " + problem);
}

// The member if it is of this kind, nullptr if it is not there or null.
const JsonNode* member_of(const JsonNode& document, std::string_view key, JsonKind kind, const char* rule) {
    const JsonNode* const node = member(document, key);
    if (node == nullptr || node->kind == JsonKind::null) {
        return nullptr;
    }
    if (node->kind != kind) {
        refuse("$." + std::string(key), rule);
    }
    return node;
}

std::optional<int> number_of(const JsonNode& document, std::string_view key, int least, int most) {
    constexpr const char* rule = "is not a number in its range";
    const JsonNode* const node = member_of(document, key, JsonKind::number, rule);
    if (node == nullptr) {
        return std::nullopt;
    }
    int value = 0;
    const char* const end = node->text.data() + node->text.size();
    const auto [rest, problem] = std::from_chars(node->text.data(), end, value);
    if (problem != std::errc{} || rest != end || value < least || value > most) {
        refuse("$." + std::string(key), rule);
    }
    return value;
}

CallEnding read_ending(const JsonNode& document) {
    constexpr std::array<std::string_view, 4> words{"done", "retry", "refused", "returned"};
    const JsonNode* const node = member_of(document, "ending", JsonKind::string, "is not a string");
    const auto* const found = std::find(words.begin(), words.end(), node == nullptr ? std::string_view() : node->text);
    if (found == words.end()) {
        refuse("$.ending", "is none of done, retry, refused, returned");
    }
    return static_cast<CallEnding>(found - words.begin());
}

} // namespace

CallResult read_call_result(const JsonNode& document) {
    if (document.kind != JsonKind::object) {
        refuse("$", "is not an object");
    }
    CallResult result;
    result.ending = read_ending(document);
    result.facts = member_of(document, "facts", JsonKind::object, "is not an object");
    if (result.ending == CallEnding::done && result.facts == nullptr) {
        refuse("$.facts", "is missing");
    }
    const JsonNode* const uncertain = member_of(document, "uncertain", JsonKind::boolean, "is not a boolean");
    result.uncertain = uncertain != nullptr && uncertain->boolean;
    result.http_status = number_of(document, "http_status", 100, 999);
    if (const auto wait = number_of(document, "retry_after_seconds", 0, 1'000'000'000); wait.has_value()) {
        result.retry_after = seconds(*wait);
    }
    const JsonNode* const reason = member_of(document, "reason", JsonKind::string, "is not a string");
    result.reason = reason == nullptr ? std::string_view() : reason->text;
    return result;
}

milliseconds call_retry_delay(int attempt, std::optional<seconds> retry_after, double random) {
    constexpr std::array<seconds, 8> steps{seconds(1), seconds(3),  seconds(10), seconds(30),
                                           minutes(2), minutes(10), minutes(30), hours(1)};
    const auto place = static_cast<std::size_t>(std::clamp(attempt, 1, static_cast<int>(steps.size())) - 1);
    const double factor = 0.8 + 0.4 * std::clamp(random, 0.0, 1.0);
    const auto own =
        static_cast<milliseconds::rep>(static_cast<double>(milliseconds(steps.at(place)).count()) * factor);
    const seconds asked = std::min<seconds>(retry_after.value_or(seconds(0)), longest_retry_after);
    return std::max(milliseconds(own), milliseconds(asked));
}

seconds check_delay(int times) {
    constexpr seconds first = minutes(10);
    constexpr seconds longest = hours(6);
    return std::min(first * (1 << std::clamp(times, 0, 6)), longest); // 10 min * 2^6 is beyond the longest
}

} // namespace pgbk::core
