#include "core/provider_json.hpp"

#include "core/booking_token.hpp"
#include "core/refusal.hpp"
#include "core/timestamp_text.hpp"
#include "core/uuid_text.hpp"

#include <algorithm>
#include <charconv>

namespace pgbk::core {

namespace {

constexpr std::size_t longest_text = 500;

bool is_printable(std::string_view text) {
    return text.size() <= longest_text && std::none_of(text.begin(), text.end(), [](char c) {
               return static_cast<unsigned char>(c) < 0x20U || c == '\x7f';
           });
}

std::string_view text_of(const JsonNode* node) {
    const bool has_text = node != nullptr && (node->kind == JsonKind::string || node->kind == JsonKind::number);
    return has_text && is_printable(node->text) ? node->text : std::string_view{};
}

// Civil date of a day since 1970-01-01, proleptic Gregorian: Hinnant's algorithm over eras of 400 years.
struct CivilDate {
    std::int64_t year;
    std::int64_t month;
    std::int64_t day;
};

CivilDate civil_date(std::int64_t days) {
    constexpr std::int64_t days_of_era = 146097;
    const std::int64_t shifted = days + 719468;
    const std::int64_t era = shifted / days_of_era;
    const std::int64_t of_era = shifted % days_of_era;
    const std::int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const std::int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    const std::int64_t month = (5 * of_year + 2) / 153;
    const std::int64_t day = of_year - (153 * month + 2) / 5 + 1;
    const std::int64_t civil_month = month < 10 ? month + 3 : month - 9;
    return {year + era * 400 + (civil_month <= 2 ? 1 : 0), civil_month, day};
}

std::string two_digits(std::int64_t number) {
    return (number < 10 ? "0" : "") + std::to_string(number);
}

std::string timestamp_of(std::int64_t seconds) {
    constexpr std::int64_t day = 86400;
    const CivilDate date = civil_date(seconds / day);
    const std::int64_t rest = seconds % day;
    return std::to_string(date.year) + "-" + two_digits(date.month) + "-" + two_digits(date.day) + "T" +
           two_digits(rest / 3600) + ":" + two_digits(rest / 60 % 60) + ":" + two_digits(rest % 60) + "Z";
}

} // namespace

void refuse_event(const std::string& path, const std::string& problem) {
    throw Refusal(RefusalKind::malformed_event, "malformed event: " + path + " " + problem);
}

const JsonNode* first_member(const JsonNode* object, std::initializer_list<std::string_view> names) {
    if (object == nullptr || object->kind != JsonKind::object) {
        return nullptr;
    }
    for (const auto name : names) {
        const JsonNode* const node = member(*object, name);
        if (node != nullptr && node->kind != JsonKind::null) {
            return node;
        }
    }
    return nullptr;
}

std::string_view text_in(const JsonNode* object, std::initializer_list<std::string_view> names) {
    return text_of(first_member(object, names));
}

std::string_view reference_in(const JsonNode* object, std::initializer_list<std::string_view> names) {
    const JsonNode* const node = first_member(object, names);
    return node != nullptr && node->kind == JsonKind::object ? text_in(node, {"id"}) : text_of(node);
}

std::string_view required_text_in(const JsonNode* object, std::initializer_list<std::string_view> names,
                                  const std::string& path) {
    const std::string_view text = text_in(object, names);
    if (text.empty()) {
        refuse_event(path + "." + std::string(*names.begin()), "is not a string of at most 500 printable characters");
    }
    return text;
}

const JsonNode* required_object_in(const JsonNode* object, std::string_view name, const std::string& path) {
    const JsonNode* const node = first_member(object, {name});
    if (node == nullptr || node->kind != JsonKind::object) {
        refuse_event(path + "." + std::string(name), "is not an object");
    }
    return node;
}

bool is_true(const JsonNode* object, std::string_view name) {
    const JsonNode* const node = first_member(object, {name});
    return node != nullptr && node->kind == JsonKind::boolean && node->boolean;
}

std::string time_in(const JsonNode* object, std::initializer_list<std::string_view> names) {
    constexpr std::int64_t last_second = 253402300799; // of the year 9999
    const JsonNode* const node = first_member(object, names);
    const std::string_view text = text_of(node);
    if (node == nullptr || node->kind != JsonKind::number) {
        return looks_like_timestamp(text) ? std::string(text) : std::string{};
    }
    std::int64_t seconds = 0;
    const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool is_whole = problem == std::errc{} && rest == text.data() + text.size();
    return is_whole && seconds >= 0 && seconds <= last_second ? timestamp_of(seconds) : std::string{};
}

Subject subject_in(const JsonNode* object, std::initializer_list<std::string_view> own_references) {
    const JsonNode* const metadata = first_member(object, {"metadata"});
    Subject subject{text_in(metadata, {"booking_token", "bookingToken"}),
                    text_in(metadata, {"booking_id", "bookingId"}),
                    text_in(metadata, {"reservation_id", "reservationId"})};
    const std::string_view reference = text_in(object, own_references);
    if (!subject.is_named() && parse_booking_token(reference).has_value()) {
        subject.booking_token = reference;
    } else if (!subject.is_named() && parse_uuid(reference).has_value()) {
        subject.booking_id = reference;
    }
    return subject;
}

std::optional<Money> money_in(const JsonNode* object, std::initializer_list<std::string_view> names, Convert convert,
                              std::string& problem) {
    const JsonNode* const node = first_member(object, names);
    const std::string_view amount = text_of(node);
    const std::string_view currency = text_in(object, {"currency"});
    auto money = convert(amount, currency);
    if (!money.has_value()) {
        problem = node == nullptr ? "an amount is missing"
                                  : "not an amount of money: " + quoted(amount) + " " + quoted(currency);
    }
    return money;
}

} // namespace pgbk::core
