#include "core/date_range.hpp"

#include "refused.hpp"

#include <gtest/gtest.h>

namespace pgbk::core {

namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::sys_days;

constexpr sys_days today = 2027y / 3 / 1;

std::string field_of(std::optional<std::string_view> from, std::optional<std::string_view> to) {
    const auto refusal = test::refusal_of([&] { read_date_range(from, to, today); });
    return refusal.has_value() ? std::string(refusal->code().sqlstate) + " " + refusal->field() : "accepted";
}

TEST(DateRange, IsTheWeekFromTodayWhereNothingIsSaid) {
    const DateRange range = read_date_range(std::nullopt, std::nullopt, today);
    EXPECT_EQ(range.first, today);
    EXPECT_EQ(range.last, today + days(6));
    EXPECT_EQ(read_date_range("2027-02-01", std::nullopt, today).last, sys_days(2027y / 2 / 7));
}

TEST(DateRange, HasBothOfItsDates) {
    const DateRange range = read_date_range("2028-02-29", "2028-02-29", today);
    EXPECT_EQ(range.first, sys_days(2028y / 2 / 29));
    EXPECT_EQ(range.last, range.first);
}

TEST(DateRange, EndsAfterItsBeginningAndWithinSixWeeks) {
    EXPECT_EQ(field_of("2027-03-02", "2027-03-01"), "BK015 to");
    EXPECT_EQ(field_of("2027-03-01", "2027-04-11"), "accepted");
    EXPECT_EQ(field_of("2027-03-01", "2027-04-12"), "BK015 to");
}

TEST(DateRange, NamesWhatIsNoDate) {
    for (const char* const text : {"", "2027-3-1", "2027-02-29", "2027-03-01T00:00:00Z", "01.03.2027", "1969-12-31",
                                   "2200-01-01", "2027-03-0x", "-027-03-01"}) {
        EXPECT_EQ(field_of(text, std::nullopt), "BK015 from") << text;
        EXPECT_EQ(field_of(std::nullopt, text), "BK015 to") << text;
    }
}

} // namespace

} // namespace pgbk::core
