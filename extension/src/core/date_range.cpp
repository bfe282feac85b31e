#include "core/date_range.hpp"

#include "core/booking_request.hpp"
#include "core/refusal.hpp"
#include "core/timestamp_text.hpp"

#include <string>

namespace pgbk::core {

namespace {

std::chrono::sys_days date_of(std::string_view text, std::string_view field) {
    const auto date = parse_date(text);
    if (!date.has_value()) {
        refuse_field(field, "is no date from 1970 to 2199: " + quoted(text), "Write it as YYYY-MM-DD.");
    }
    return *date;
}

} // namespace

std::optional<std::chrono::sys_days> parse_date(std::string_view text) {
    constexpr std::size_t length = 10;
    const auto instant = text.size() == length ? parse_instant(std::string(text) + "T00:00:00Z") : std::nullopt;
    if (!instant.has_value()) {
        return std::nullopt;
    }
    const auto date = std::chrono::floor<std::chrono::days>(
        std::chrono::sys_time<std::chrono::microseconds>(std::chrono::microseconds(*instant)));
    const int year = static_cast<int>(std::chrono::year_month_day(date).year());
    return year >= 1970 && year < 2200 ? std::optional(date) : std::nullopt;
}

DateRange read_date_range(std::optional<std::string_view> from, std::optional<std::string_view> to,
                          std::chrono::sys_days today) {
    const auto first = from.has_value() ? date_of(*from, "from") : today;
    const auto last = to.has_value() ? date_of(*to, "to") : first + usual_range - std::chrono::days(1);
    if (last < first) {
        refuse_field("to", "is before from");
    }
    if (last - first >= longest_range) {
        refuse_field("to", "is more than " + std::to_string(longest_range.count()) + " days from from",
                     "Ask for fewer days at a time.");
    }
    return {first, last};
}

} // namespace pgbk::core
