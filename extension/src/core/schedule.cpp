#include "core/schedule.hpp"

#include "core/refusal.hpp"

#include <algorithm>
#include <charconv>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace pgbk::core {

namespace {

using std::chrono::minutes;

constexpr minutes day{1440};
constexpr std::array<std::string_view, 7> day_names{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                    "Thursday", "Friday", "Saturday"};

[[noreturn]] void refuse(const std::string& path, const std::string& problem, std::string hint = {}) {
    throw Refusal(RefusalKind::invalid_schedule, "invalid schedule: " + path + " " + problem, {}, std::move(hint));
}

const char* kind_name(const JsonNode& node) {
    switch (node.kind) {
    case JsonKind::null:
        return "null";
    case JsonKind::boolean:
        return "a boolean";
    case JsonKind::number:
        return "a number";
    case JsonKind::string:
        return "a string";
    case JsonKind::array:
        return "an array";
    case JsonKind::object:
        return "an object";
    }
    return "something else";
}

const JsonNode& expect(const JsonNode* node, JsonKind kind, const std::string& path, const char* expected) {
    if (node == nullptr) {
        refuse(path, "is missing", std::string("Expected ") + expected + ".");
    }
    if (node->kind != kind) {
        refuse(path, std::string("must be ") + expected + ", got " + kind_name(*node));
    }
    return *node;
}

void refuse_unknown_members(const JsonNode& object, std::span<const std::string_view> known, const std::string& path) {
    for (const JsonNode* child = object.first; child != nullptr; child = child->next) {
        if (std::find(known.begin(), known.end(), child->key) == known.end()) {
            std::string names;
            for (const auto name : known) {
                names += (names.empty() ? "" : ", ") + std::string(name);
            }
            refuse(path, "has an unknown member " + quoted(child->key), "Known members are " + names + ".");
        }
    }
}

// A key as part of a path: bare where it is a plain word, quoted otherwise, since it comes from outside.
std::string path_of(const std::string& parent, std::string_view key) {
    const bool plain = !key.empty() && key.size() <= 20 && std::all_of(key.begin(), key.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
    return plain ? parent + "." + std::string(key) : parent + "[" + quoted(key) + "]";
}

std::size_t weekday_of(std::string_view name, const std::string& path) {
    const auto* const found = std::find(day_names.begin(), day_names.end(), name);
    if (found == day_names.end()) {
        refuse(path, "is not a day: " + quoted(name), "Days are Monday to Sunday, in English, with a capital.");
    }
    return static_cast<std::size_t>(found - day_names.begin());
}

minutes time_of_day(const JsonNode& node, const std::string& path, bool may_be_24_00) {
    const std::string_view text = node.text;
    const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : -1; };
    if (text.size() == 5 && text[2] == ':' && digit(0) >= 0 && digit(1) >= 0 && digit(3) >= 0 && digit(4) >= 0) {
        const int hour = digit(0) * 10 + digit(1);
        const int minute = digit(3) * 10 + digit(4);
        if (minute < 60 && (hour < 24 || (may_be_24_00 && hour == 24 && minute == 0))) {
            return minutes(hour * 60 + minute);
        }
    }
    refuse(path, "is not a time of day: " + quoted(text),
           may_be_24_00 ? "Expected \"HH:MM\" from 00:00 to 24:00." : "Expected \"HH:MM\" from 00:00 to 23:59.");
}

// A whole number; jsonb keeps "60.0" as such, so a fraction of zeros is accepted.
minutes whole_minutes(const JsonNode& node, const std::string& path) {
    const std::string_view text = node.text;
    int value = 0;
    const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    std::string_view fraction = text.substr(static_cast<std::size_t>(rest - text.data()));
    if (!fraction.empty() && fraction.front() == '.') {
        fraction.remove_prefix(1);
        fraction.remove_prefix(std::min(fraction.find_first_not_of('0'), fraction.size()));
    }
    if (problem != std::errc{} || !fraction.empty() || value < 1 || value > day.count()) {
        refuse(path, "must be a whole number of minutes from 1 to 1440, got " + std::string(text.substr(0, 40)));
    }
    return minutes(value);
}

Hours read_hours(const JsonNode& object, const std::string& path, minutes slot_interval) {
    const std::string start_path = path + ".startTime";
    const std::string end_path = path + ".endTime";
    const auto& start = expect(member(object, "startTime"), JsonKind::string, start_path, "a string \"HH:MM\"");
    const auto& end = expect(member(object, "endTime"), JsonKind::string, end_path, "a string \"HH:MM\"");
    const Hours hours = hours_between(time_of_day(start, start_path, false), time_of_day(end, end_path, true));
    if (hours.end - hours.start < slot_interval) {
        refuse(path, "is shorter than slotInterval, so no session would fit: " +
                         std::to_string((hours.end - hours.start).count()) + " minutes for slots of " +
                         std::to_string(slot_interval.count()));
    }
    return hours;
}

void apply_custom_hours(const JsonNode& custom, Schedule& schedule) {
    for (const JsonNode* entry = custom.first; entry != nullptr; entry = entry->next) {
        const std::string path = path_of("$.customHours", entry->key);
        const std::size_t weekday = weekday_of(entry->key, path);
        expect(entry, JsonKind::object, path, "an object");
        constexpr std::array<std::string_view, 3> known{"enabled", "startTime", "endTime"};
        refuse_unknown_members(*entry, known, path);
        const JsonNode* enabled = member(*entry, "enabled");
        if (enabled != nullptr) {
            expect(enabled, JsonKind::boolean, path + ".enabled", "a boolean");
        }
        const bool is_enabled = enabled == nullptr || enabled->boolean;
        if (!is_enabled && member(*entry, "startTime") == nullptr && member(*entry, "endTime") == nullptr) {
            continue;
        }
        // Hours that are there are checked also where they are ignored: switching the entry on must not be an error.
        const Hours hours = read_hours(*entry, path, schedule.slot_interval);
        if (is_enabled && schedule.hours.at(weekday).has_value()) {
            schedule.hours.at(weekday) = hours;
        }
    }
}

} // namespace

Hours hours_between(minutes start, minutes end) {
    return Hours{start, end > start ? end : end + day};
}

Schedule parse_schedule(const JsonNode& document) {
    expect(&document, JsonKind::object, "$", "an object");
    constexpr std::array<std::string_view, 5> known{"operatingDays", "startTime", "endTime", "slotInterval",
                                                    "customHours"};
    refuse_unknown_members(document, known, "$");

    Schedule schedule;
    schedule.slot_interval = whole_minutes(
        expect(member(document, "slotInterval"), JsonKind::number, "$.slotInterval", "a number"), "$.slotInterval");
    const Hours regular = read_hours(document, "$", schedule.slot_interval);

    const JsonNode& days =
        expect(member(document, "operatingDays"), JsonKind::array, "$.operatingDays", "an array of day names");
    std::size_t index = 0;
    for (const JsonNode* name = days.first; name != nullptr; name = name->next, ++index) {
        const std::string path = "$.operatingDays[" + std::to_string(index) + "]";
        expect(name, JsonKind::string, path, "a day name");
        auto& hours = schedule.hours.at(weekday_of(name->text, path));
        if (hours.has_value()) {
            refuse(path, "names a day twice: " + quoted(name->text));
        }
        hours = regular;
    }

    if (const JsonNode* custom = member(document, "customHours"); custom != nullptr) {
        apply_custom_hours(expect(custom, JsonKind::object, "$.customHours", "an object"), schedule);
    }
    return schedule;
}

} // namespace pgbk::core
