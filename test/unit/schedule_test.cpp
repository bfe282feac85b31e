#include "core/schedule.hpp"

#include "unit/json_text.hpp"
#include "unit/refused.hpp"
#include "unit/text.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace pgbk::core {

namespace {

using std::chrono::minutes;

constexpr std::size_t sunday = 0;
constexpr std::size_t monday = 1;
constexpr std::size_t saturday = 6;

Schedule parsed(std::string_view text) {
    return parse_schedule(test::JsonText(text).root());
}

// A schedule of Mondays, 09:00 to 17:00 by the hour, with these members put in place of its own, or added.
std::string schedule_with(std::string_view changes) {
    auto document = nlohmann::ordered_json::parse(
        R"({"operatingDays": ["Monday"], "startTime": "09:00", "endTime": "17:00", "slotInterval": 60})");
    document.update(nlohmann::ordered_json::parse(changes));
    return document.dump();
}

std::string schedule_without(const std::string& member) {
    auto document = nlohmann::ordered_json::parse(schedule_with("{}"));
    document.erase(member);
    return document.dump();
}

std::string hours_text(const std::optional<Hours>& hours) {
    return hours.has_value() ? std::to_string(hours->start.count()) + "-" + std::to_string(hours->end.count())
                             : "closed";
}

std::string monday_hours(std::string_view changes) {
    return hours_text(parsed(schedule_with(changes)).hours.at(monday));
}

TEST(Schedule, ReadsTheDocumentedExample) {
    const Schedule schedule = parsed(R"({
        "operatingDays": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
        "startTime": "09:00", "endTime": "22:00", "slotInterval": 60,
        "customHours": {"Saturday": {"enabled": true, "startTime": "10:00", "endTime": "23:00"}}})");
    EXPECT_EQ(schedule.slot_interval, minutes(60));
    EXPECT_EQ(hours_text(schedule.hours.at(sunday)), "closed");
    for (std::size_t day = monday; day < saturday; ++day) {
        EXPECT_EQ(hours_text(schedule.hours.at(day)), "540-1320") << day;
    }
    EXPECT_EQ(hours_text(schedule.hours.at(saturday)), "600-1380");
}

TEST(Schedule, CountsWeekdaysFromSunday) {
    constexpr std::array names{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
    for (std::size_t day = 0; day < names.size(); ++day) {
        const Schedule schedule =
            parsed(schedule_with(std::string(R"({"operatingDays": [")") + names.at(day) + R"("]})"));
        for (std::size_t other = 0; other < names.size(); ++other) {
            EXPECT_EQ(schedule.hours.at(other).has_value(), other == day) << names.at(day);
        }
    }
}

TEST(Schedule, WithoutOperatingDaysIsAlwaysClosed) {
    for (const auto& hours : parsed(schedule_with(R"({"operatingDays": []})")).hours) {
        EXPECT_FALSE(hours.has_value());
    }
}

TEST(Schedule, MovesAnEndAtOrBeforeTheStartToTheNextDay) {
    EXPECT_EQ(monday_hours(R"({"startTime": "20:00", "endTime": "02:00"})"), "1200-1560");
    EXPECT_EQ(monday_hours(R"({"startTime": "20:00", "endTime": "20:00"})"), "1200-2640");
    EXPECT_EQ(monday_hours(R"({"startTime": "19:00", "endTime": "20:00"})"), "1140-1200");
    EXPECT_EQ(monday_hours(R"({"startTime": "00:00", "endTime": "00:00"})"), "0-1440");
}

TEST(Schedule, TakesTheEdgesOfTheDay) {
    EXPECT_EQ(monday_hours(R"({"startTime": "00:00", "endTime": "24:00"})"), "0-1440");
    EXPECT_EQ(monday_hours(R"({"startTime": "00:00", "endTime": "23:59"})"), "0-1439");
    EXPECT_EQ(monday_hours(R"({"startTime": "23:59", "endTime": "24:00", "slotInterval": 1})"), "1439-1440");
}

TEST(Schedule, TakesIntervalsOf1To1440Minutes) {
    EXPECT_EQ(parsed(schedule_with(R"({"slotInterval": 1})")).slot_interval, minutes(1));
    EXPECT_EQ(
        parsed(schedule_with(R"({"slotInterval": 1440, "startTime": "00:00", "endTime": "24:00"})")).slot_interval,
        minutes(1440));
}

TEST(Schedule, TakesAFractionOfZeros) {
    EXPECT_EQ(parsed(schedule_with(R"({"slotInterval": 60.0})")).slot_interval, minutes(60));
}

TEST(Schedule, TakesHoursAsLongAsTheInterval) {
    EXPECT_EQ(monday_hours(R"({"slotInterval": 480})"), "540-1020");
}

TEST(CustomHours, ReplaceTheHoursOfAListedDay) {
    EXPECT_EQ(monday_hours(R"({"customHours": {"Monday": {"startTime": "10:00", "endTime": "12:00"}}})"), "600-720");
    EXPECT_EQ(
        monday_hours(R"({"customHours": {"Monday": {"enabled": true, "startTime": "22:00", "endTime": "03:00"}}})"),
        "1320-1620");
}

TEST(CustomHours, AreIgnoredWhereNotEnabled) {
    EXPECT_EQ(
        monday_hours(R"({"customHours": {"Monday": {"enabled": false, "startTime": "10:00", "endTime": "12:00"}}})"),
        "540-1020");
}

TEST(CustomHours, DoNotOpenADayThatIsNotListed) {
    const Schedule schedule = parsed(
        schedule_with(R"({"customHours": {"Sunday": {"enabled": true, "startTime": "10:00", "endTime": "12:00"}}})"));
    EXPECT_EQ(hours_text(schedule.hours.at(sunday)), "closed");
    EXPECT_EQ(hours_text(schedule.hours.at(monday)), "540-1020");
}

TEST(CustomHours, MayBeEmpty) {
    EXPECT_EQ(monday_hours(R"({"customHours": {}})"), "540-1020");
}

struct Refused {
    const char* name;
    std::string document;
    const char* message; // begins with this
};

void PrintTo(const Refused& refused, std::ostream* out) { // for GoogleTest
    *out << refused.document;
}

class RefusedSchedule : public testing::TestWithParam<Refused> {};

TEST_P(RefusedSchedule, NamesTheJsonPath) {
    const auto refusal = test::refusal_of([] { parsed(GetParam().document); });
    ASSERT_TRUE(refusal.has_value());
    EXPECT_EQ(refusal->kind(), RefusalKind::invalid_schedule);
    const std::string expected = std::string("invalid schedule: ") + GetParam().message;
    EXPECT_EQ(refusal->message().substr(0, expected.size()), expected);
}

std::string custom(std::string_view entry) {
    return schedule_with(R"({"customHours": {"Monday": )" + std::string(entry) + "}}");
}

INSTANTIATE_TEST_SUITE_P(Document, RefusedSchedule,
                         testing::Values(Refused{"array", "[]", "$ must be an object, got an array"},
                                         Refused{"null", "null", "$ must be an object, got null"},
                                         Refused{"string", R"("Monday")", "$ must be an object, got a string"},
                                         Refused{"number", "1", "$ must be an object, got a number"},
                                         Refused{"boolean", "true", "$ must be an object, got a boolean"},
                                         Refused{"empty", "{}", "$.slotInterval is missing"},
                                         Refused{"unknown_member", schedule_with(R"({"slotinterval": 30})"),
                                                 "$ has an unknown member \"slotinterval\""},
                                         Refused{"hostile_member", schedule_with(R"({"a\nb": 30})"),
                                                 "$ has an unknown member \"a?b\""}),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

INSTANTIATE_TEST_SUITE_P(
    OperatingDays, RefusedSchedule,
    testing::Values(Refused{"missing", schedule_without("operatingDays"), "$.operatingDays is missing"},
                    Refused{"object", schedule_with(R"({"operatingDays": {}})"),
                            "$.operatingDays must be an array of day names, got an object"},
                    Refused{"number_inside", schedule_with(R"({"operatingDays": ["Monday", 2]})"),
                            "$.operatingDays[1] must be a day name, got a number"},
                    Refused{"lower_case", schedule_with(R"({"operatingDays": ["monday"]})"),
                            "$.operatingDays[0] is not a day: \"monday\""},
                    Refused{"abbreviated", schedule_with(R"({"operatingDays": ["Monday", "Sunday", "Tue"]})"),
                            "$.operatingDays[2] is not a day: \"Tue\""},
                    Refused{"twice", schedule_with(R"({"operatingDays": ["Monday", "Sunday", "Monday"]})"),
                            "$.operatingDays[2] names a day twice: \"Monday\""}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Times, RefusedSchedule,
    testing::Values(
        Refused{"start_missing", schedule_without("startTime"), "$.startTime is missing"},
        Refused{"end_missing", schedule_without("endTime"), "$.endTime is missing"},
        Refused{"start_number", schedule_with(R"({"startTime": 9})"), "$.startTime must be a string \"HH:MM\""},
        Refused{"end_null", schedule_with(R"({"endTime": null})"), "$.endTime must be a string \"HH:MM\", got null"},
        Refused{"empty", schedule_with(R"({"startTime": ""})"), "$.startTime is not a time of day: \"\""},
        Refused{"one_digit_hour", schedule_with(R"({"startTime": "9:00"})"), "$.startTime is not a time of day"},
        Refused{"seconds", schedule_with(R"({"endTime": "17:00:00"})"), "$.endTime is not a time of day"},
        Refused{"start_2400", schedule_with(R"({"startTime": "24:00"})"),
                "$.startTime is not a time of day: \"24:00\""},
        Refused{"end_2401", schedule_with(R"({"endTime": "24:01"})"), "$.endTime is not a time of day: \"24:01\""},
        Refused{"hour_25", schedule_with(R"({"endTime": "25:00"})"), "$.endTime is not a time of day: \"25:00\""},
        Refused{"minute_60", schedule_with(R"({"endTime": "16:60"})"), "$.endTime is not a time of day: \"16:60\""},
        Refused{"sign", schedule_with(R"({"startTime": "-1:00"})"), "$.startTime is not a time of day: \"-1:00\""},
        Refused{"space", schedule_with(R"({"startTime": " 9:00"})"), "$.startTime is not a time of day: \" 9:00\""},
        Refused{"no_colon", schedule_with(R"({"startTime": "09.00"})"), "$.startTime is not a time of day: \"09.00\""},
        Refused{"am_pm", schedule_with(R"({"startTime": "9 a.m"})"), "$.startTime is not a time of day: \"9 a.m\""}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

constexpr const char* interval_rule = "$.slotInterval must be a whole number of minutes from 1 to 1440, got ";

INSTANTIATE_TEST_SUITE_P(
    SlotInterval, RefusedSchedule,
    testing::Values(Refused{"missing", schedule_without("slotInterval"), "$.slotInterval is missing"},
                    Refused{"string", schedule_with(R"({"slotInterval": "60"})"),
                            "$.slotInterval must be a number, got a string"},
                    Refused{"zero", schedule_with(R"({"slotInterval": 0})"), interval_rule},
                    Refused{"zero_point_zero", schedule_with(R"({"slotInterval": 0.0})"), interval_rule},
                    Refused{"negative", schedule_with(R"({"slotInterval": -60})"), interval_rule},
                    Refused{"fraction", schedule_with(R"({"slotInterval": 60.5})"), interval_rule},
                    Refused{"above", schedule_with(R"({"slotInterval": 1441})"), interval_rule},
                    Refused{"past_int", schedule_with(R"({"slotInterval": 4294967356})"), interval_rule},
                    Refused{"longer_than_hours", schedule_with(R"({"slotInterval": 481})"),
                            "$ is shorter than slotInterval, so no session would fit: 480 minutes for slots of 481"}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

INSTANTIATE_TEST_SUITE_P(
    CustomHours, RefusedSchedule,
    testing::Values(
        Refused{"array", schedule_with(R"({"customHours": []})"), "$.customHours must be an object, got an array"},
        Refused{"null", schedule_with(R"({"customHours": null})"), "$.customHours must be an object, got null"},
        Refused{"not_a_day", schedule_with(R"({"customHours": {"Holiday": {}}})"),
                "$.customHours.Holiday is not a day: \"Holiday\""},
        Refused{"hostile_day", schedule_with(R"({"customHours": {"a\nb": {}}})"),
                "$.customHours[\"a?b\"] is not a day: \"a?b\""},
        Refused{"entry_string", custom(R"("closed")"), "$.customHours.Monday must be an object, got a string"},
        Refused{"unknown_member", custom(R"({"startTime": "10:00", "endTime": "12:00", "slotInterval": 30})"),
                "$.customHours.Monday has an unknown member \"slotInterval\""},
        Refused{"enabled_string", custom(R"({"enabled": "no", "startTime": "10:00", "endTime": "12:00"})"),
                "$.customHours.Monday.enabled must be a boolean, got a string"},
        Refused{"start_missing", custom(R"({"endTime": "12:00"})"), "$.customHours.Monday.startTime is missing"},
        Refused{"end_missing", custom(R"({"startTime": "10:00"})"), "$.customHours.Monday.endTime is missing"},
        Refused{"start_malformed", custom(R"({"startTime": "10", "endTime": "12:00"})"),
                "$.customHours.Monday.startTime is not a time of day: \"10\""},
        Refused{"wrong_though_disabled", custom(R"({"enabled": false, "startTime": "10:00", "endTime": "1"})"),
                "$.customHours.Monday.endTime is not a time of day: \"1\""},
        Refused{"wrong_though_not_listed",
                schedule_with(R"({"customHours": {"Sunday": {"startTime": "x", "endTime": "12:00"}}})"),
                "$.customHours.Sunday.startTime is not a time of day: \"x\""},
        Refused{"shorter_than_interval", custom(R"({"startTime": "10:00", "endTime": "10:59"})"),
                "$.customHours.Monday is shorter than slotInterval, so no session would fit: 59 minutes"}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

TEST(ScheduleRefusal, CannotBeUsedToForgeALogLine) {
    for (const std::string_view changes :
         {R"({"a\nERROR: forged": 1})", R"({"startTime": "a\nERROR: forged"})", R"({"operatingDays": ["\u001b[2J"]})",
          R"({"customHours": {"a\nERROR: forged": {}}})"}) {
        const auto refusal = test::refusal_of([&] { parsed(schedule_with(changes)); });
        ASSERT_TRUE(refusal.has_value()) << changes;
        EXPECT_FALSE(test::has_control(refusal->message())) << changes;
    }
}

TEST(ScheduleRefusal, IsUtf8WhereverALongKeyIsCut) {
    for (std::size_t lead = 0; lead < 90; ++lead) {
        const std::string key = std::string(lead, 'a') + "\u20ac\u20ac" + std::string(90, 'b');
        for (const std::string& changes :
             {R"({"customHours": {")" + key + R"(": {}}})", R"({")" + key + R"(": 1})",
              R"({"startTime": ")" + key + R"("})", R"({"operatingDays": [")" + key + R"("]})"}) {
            const auto refusal = test::refusal_of([&] { parsed(schedule_with(changes)); });
            ASSERT_TRUE(refusal.has_value()) << changes;
            EXPECT_TRUE(test::is_utf8(refusal->message())) << changes;
            EXPECT_LT(refusal->message().size(), 250U) << changes;
        }
    }
}

TEST(HoursBetween, KeepsAnEndAfterTheStart) {
    EXPECT_EQ(hours_text(hours_between(minutes(0), minutes(1))), "0-1");
    EXPECT_EQ(hours_text(hours_between(minutes(0), minutes(1440))), "0-1440");
    EXPECT_EQ(hours_text(hours_between(minutes(60), minutes(60))), "60-1500");
    EXPECT_EQ(hours_text(hours_between(minutes(1439), minutes(0))), "1439-1440");
}

} // namespace

} // namespace pgbk::core
