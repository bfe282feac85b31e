// The fuzzer's bytes as a schedule, right or wrong: it is refused, or it is one, and then its sessions for forty days,
// with exceptions and existing sessions, in a zone also made of the bytes, keep every rule of a plan.
#include "core/schedule.hpp"
#include "core/session_plan.hpp"
#include "fuzz/fuzzing.hpp"
#include "unit/plan_oracle.hpp"

#include <array>
#include <deque>
#include <iterator>
#include <vector>

namespace {

using namespace pgbk; // NOLINT(google-build-using-namespace): a program of its own
using core::JsonKind;
using core::JsonNode;
using std::chrono::days;
using std::chrono::minutes;
using test::Choices;
using test::require;

// A document that is mostly a schedule: each part of it may be missing, doubled, or anything else.
class Document {
public:
    explicit Document(Choices& choices) : choices_(choices), root_(choices.rarely() ? anything({}, 0) : schedule()) {}

    const JsonNode& root() const { return *root_; }
    bool is_utf8() const { return std::all_of(texts_.begin(), texts_.end(), test::is_utf8); }

private:
    static constexpr std::array<const char*, 7> day_names{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                          "Friday", "Saturday", "Sunday"};

    std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

    JsonNode* node(JsonKind kind, std::string_view key) {
        JsonNode& made = nodes_.emplace_back();
        made.kind = kind;
        made.key = key;
        return &made;
    }

    JsonNode* string(std::string_view key, std::string text) {
        JsonNode* const made = node(JsonKind::string, key);
        made->text = keep(std::move(text));
        return made;
    }

    static void append(JsonNode* parent, JsonNode* child) {
        const JsonNode** slot = &parent->first;
        while (*slot != nullptr) {
            slot = &const_cast<JsonNode*>(*slot)->next; // NOLINT(cppcoreguidelines-pro-type-const-cast): made here
        }
        *slot = child;
    }

    JsonNode* anything(std::string_view key, int depth) {
        JsonNode* const made = node(static_cast<JsonKind>(choices_.below(6)), key);
        switch (made->kind) {
        case JsonKind::boolean:
            made->boolean = choices_.below(2) == 1;
            break;
        case JsonKind::number:
            made->text = keep(number_text());
            break;
        case JsonKind::string:
            made->text = keep(choices_.text());
            break;
        case JsonKind::array:
        case JsonKind::object:
            for (int count = depth < 3 ? choices_.below(4) : 0; count > 0; --count) {
                append(made, anything(made->kind == JsonKind::object ? keep(choices_.text()) : "", depth + 1));
            }
            break;
        case JsonKind::null:
            break;
        }
        return made;
    }

    // jsonb keeps digits, a sign and a fraction, never an exponent.
    std::string number_text() {
        std::string text = choices_.below(4) == 1 ? "-" : "";
        text += std::to_string(choices_.wide_below(2000));
        for (int count = choices_.below(8); count > 0; --count) {
            text += static_cast<char>('0' + choices_.below(10));
        }
        if (choices_.below(4) == 1) {
            text += "." + std::to_string(choices_.below(2) * choices_.next());
        }
        return text;
    }

    template <typename Make> void add_member(JsonNode* object, std::string_view key, Make make) {
        const int odd = choices_.next();
        if (odd < 0xF0) {
            append(object, make(key));
        } else if (odd < 0xF4) {
            append(object, anything(key, 1));
        } else if (odd < 0xF8) {
            append(object, make(keep(choices_.text())));
        } else if (odd < 0xFC) {
            append(object, make(key));
            append(object, make(key));
        } // else it is missing
    }

    JsonNode* time(std::string_view key) {
        if (choices_.rarely()) {
            return string(key, choices_.text());
        }
        const int minute = choices_.wide_below(1441);
        const auto two = [](int value) { return (value < 10 ? "0" : "") + std::to_string(value); };
        return string(key, two(minute / 60) + ":" + two(minute % 60));
    }

    JsonNode* interval(std::string_view key) {
        constexpr std::array usual{60, 30, 45, 90, 120, 20, 1440};
        JsonNode* const made = node(JsonKind::number, key);
        const auto choice = static_cast<std::size_t>(choices_.below(9));
        made->text = keep(choice < usual.size()    ? std::to_string(usual.at(choice))
                          : choice == usual.size() ? std::to_string(1 + choices_.wide_below(1500))
                                                   : number_text());
        return made;
    }

    JsonNode* operating_days(std::string_view key) {
        JsonNode* const made = node(JsonKind::array, key);
        const int closed = choices_.below(128);
        for (std::size_t day = 0; day < day_names.size(); ++day) {
            if ((closed >> day & 1) == 0) {
                append(made, string({}, day_names.at(day)));
            }
        }
        if (choices_.rarely()) {
            append(made, anything({}, 2));
        }
        return made;
    }

    JsonNode* custom_hours(std::string_view key) {
        JsonNode* const made = node(JsonKind::object, key);
        for (int count = choices_.below(4); count > 0; --count) {
            const auto day = static_cast<std::size_t>(choices_.below(8));
            const auto name = keep(day < day_names.size() ? day_names.at(day) : choices_.text());
            add_member(made, name, [&](std::string_view entry_key) { return custom_entry(entry_key); });
        }
        return made;
    }

    JsonNode* custom_entry(std::string_view key) {
        JsonNode* const made = node(JsonKind::object, key);
        add_member(made, "startTime", [&](std::string_view name) { return time(name); });
        add_member(made, "endTime", [&](std::string_view name) { return time(name); });
        if (choices_.below(2) == 1) {
            add_member(made, "enabled", [&](std::string_view name) {
                JsonNode* const enabled = node(JsonKind::boolean, name);
                enabled->boolean = choices_.below(2) == 1;
                return enabled;
            });
        }
        return made;
    }

    const JsonNode* schedule() {
        JsonNode* const made = node(JsonKind::object, {});
        add_member(made, "operatingDays", [&](std::string_view key) { return operating_days(key); });
        add_member(made, "startTime", [&](std::string_view key) { return time(key); });
        add_member(made, "endTime", [&](std::string_view key) { return time(key); });
        add_member(made, "slotInterval", [&](std::string_view key) { return interval(key); });
        add_member(made, "customHours", [&](std::string_view key) { return custom_hours(key); });
        return made;
    }

    Choices& choices_;
    std::deque<JsonNode> nodes_;
    std::deque<std::string> texts_;
    const JsonNode* root_;
};

void check_schedule(const core::Schedule& schedule) {
    const auto interval = schedule.slot_interval;
    require(interval >= minutes(1) && interval <= minutes(1440), "an interval is of 1 to 1440 minutes");
    for (const auto& hours : schedule.hours) {
        require(!hours.has_value() ||
                    (hours->start >= minutes(0) && hours->start < minutes(1440) &&
                     hours->end - hours->start >= interval && hours->end - hours->start <= minutes(1440)),
                "hours begin on their day, last a day at most and hold a slot");
    }
}

std::vector<core::OffsetSpan> zone_rules(Choices& choices) {
    std::vector<core::OffsetSpan> rules;
    auto from = test::utc(2024, 3, 1, 0);
    for (int count = 1 + choices.below(6); count > 0; --count) {
        const auto offset = minutes(choices.wide_below(2 * 26 * 60)); // half of them behind UTC, 0 among those ahead
        rules.push_back({from, offset < minutes(26 * 60) ? offset : minutes(26 * 60) - offset});
        from += minutes(1 + choices.wide_below(20'000));
    }
    return rules;
}

std::vector<core::ScheduleException> exceptions(Choices& choices, test::local_days first) {
    std::vector<core::ScheduleException> made;
    for (int count = choices.below(4); count > 0; --count) {
        const auto from = first + days(choices.below(40));
        const auto until = from + days(choices.below(5));
        const int kind = choices.next();
        const auto start = minutes(choices.wide_below(1440));
        const auto end = minutes(choices.wide_below(1441));
        made.push_back({from, until, (kind & 1) != 0, (kind & 2) != 0, core::hours_between(start, end)});
    }
    return made;
}

std::vector<core::Interval> existing_sessions(Choices& choices, test::local_days first) {
    std::vector<core::Interval> made;
    auto start = test::sys_seconds(first.time_since_epoch()) - days(1);
    for (int count = choices.below(8); count > 0; --count) {
        start += minutes(choices.wide_below(15'000));
        made.push_back({start, start + minutes(1 + choices.wide_below(3000))});
    }
    return made;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Choices choices(data, size);
    const Document document(choices);
    core::Schedule schedule;
    try {
        schedule = core::parse_schedule(document.root());
    } catch (const core::Refusal& refusal) {
        require(refusal.kind() == core::RefusalKind::invalid_schedule, "a schedule is refused as a schedule");
        require(refusal.message().starts_with("invalid schedule: $"), "a refusal names the JSON path");
        test::check_refusal(refusal, document.is_utf8());
        return 0;
    }
    check_schedule(schedule);

    // From the end of the bytes, so that a short input reaches these choices too.
    const std::vector<std::uint8_t> backwards(std::make_reverse_iterator(data + size),
                                              std::make_reverse_iterator(data));
    Choices around(backwards.data(), backwards.size());
    const auto rules = zone_rules(around);
    const auto first = test::date(2024, 3, 1) + days(around.below(30));
    const auto closures = exceptions(around, first);
    const auto existing = existing_sessions(around, first);
    const auto not_before = test::sys_seconds(first.time_since_epoch()) + minutes(around.wide_below(30'000)) - days(2);
    const core::PlanRequest request{first, days(40), not_before, existing};
    const auto plan = core::plan_sessions(schedule, closures, core::Zone(rules), request);
    const std::string fault = test::plan_fault(schedule, closures, rules, request, plan);
    require(fault.empty(), fault);
    return 0;
}
