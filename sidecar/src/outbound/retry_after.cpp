#include "outbound/retry_after.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string>

namespace pgbk::relay {

namespace {

constexpr std::int64_t most = 2'147'483'647;

// Reads from the left; every step says whether what it expects was there.
class Reader {
public:
    explicit Reader(std::string_view text) : text_(text) {}

    bool literal(std::string_view expected) {
        if (!text_.starts_with(expected)) {
            return false;
        }
        text_.remove_prefix(expected.size());
        return true;
    }

    bool digits(std::size_t count, int& out) {
        if (text_.size() < count) {
            return false;
        }
        const auto* end = text_.data() + count;
        const auto [at, error] = std::from_chars(text_.data(), end, out);
        const bool read = error == std::errc() && at == end && out >= 0;
        text_.remove_prefix(count);
        return read;
    }

    bool month(int& out) {
        constexpr std::array<std::string_view, 12> names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (literal(names.at(i))) {
                out = static_cast<int>(i) + 1;
                return true;
            }
        }
        return false;
    }

    bool clock(int& hour, int& minute, int& second) {
        return digits(2, hour) && literal(":") && digits(2, minute) && literal(":") && digits(2, second);
    }

    bool skip_past(char c) {
        const auto at = text_.find(c);
        if (at == std::string_view::npos) {
            return false;
        }
        text_.remove_prefix(at + 1);
        return true;
    }

    bool at_end() const { return text_.empty(); }
    char next() const { return text_.empty() ? '\0' : text_.front(); }

private:
    std::string_view text_;
};

struct Date {
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

bool imf_fixdate(Reader reader, Date& d) { // Sun, 06 Nov 1994 08:49:37 GMT
    return reader.skip_past(',') && reader.literal(" ") && reader.digits(2, d.day) && reader.literal(" ") &&
           reader.month(d.month) && reader.literal(" ") && reader.digits(4, d.year) && reader.literal(" ") &&
           reader.clock(d.hour, d.minute, d.second) && reader.literal(" GMT") && reader.at_end();
}

bool rfc850_date(Reader reader, Date& d, int this_year) { // Sunday, 06-Nov-94 08:49:37 GMT
    const bool read = reader.skip_past(',') && reader.literal(" ") && reader.digits(2, d.day) && reader.literal("-") &&
                      reader.month(d.month) && reader.literal("-") && reader.digits(2, d.year) && reader.literal(" ") &&
                      reader.clock(d.hour, d.minute, d.second) && reader.literal(" GMT") && reader.at_end();
    // More than fifty years ahead means the century before.
    d.year += this_year / 100 * 100;
    d.year -= d.year > this_year + 50 ? 100 : 0;
    return read;
}

bool asctime_date(Reader reader, Date& d) { // Sun Nov  6 08:49:37 1994
    if (!reader.skip_past(' ') || !reader.month(d.month) || !reader.literal(" ")) {
        return false;
    }
    const bool day = reader.next() == ' ' ? reader.literal(" ") && reader.digits(1, d.day) : reader.digits(2, d.day);
    return day && reader.literal(" ") && reader.clock(d.hour, d.minute, d.second) && reader.literal(" ") &&
           reader.digits(4, d.year) && reader.at_end();
}

} // namespace

std::optional<std::int64_t> parse_retry_after(std::string_view value, std::int64_t now_unix) {
    constexpr std::string_view blank = " \t";
    value.remove_prefix(std::min(value.find_first_not_of(blank), value.size()));
    value = value.substr(0, value.find_last_not_of(blank) + 1);
    if (!value.empty() && value.find_first_not_of("0123456789") == std::string_view::npos) {
        std::int64_t seconds = 0;
        const auto [at, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
        return error == std::errc() ? std::min(seconds, most) : most; // the only error left is overflow
    }
    namespace chrono = std::chrono;
    const auto today = chrono::floor<chrono::days>(chrono::sys_seconds(chrono::seconds(now_unix)));
    const int this_year = static_cast<int>(chrono::year_month_day(today).year());
    Date imf;
    Date rfc850;
    Date asctime;
    Date date;
    if (imf_fixdate(Reader(value), imf)) {
        date = imf;
    } else if (rfc850_date(Reader(value), rfc850, this_year)) {
        date = rfc850;
    } else if (asctime_date(Reader(value), asctime)) {
        date = asctime;
    } else {
        return std::nullopt;
    }
    const chrono::year_month_day day{chrono::year(date.year), chrono::month(static_cast<unsigned>(date.month)),
                                     chrono::day(static_cast<unsigned>(date.day))};
    if (!day.ok() || date.hour > 23 || date.minute > 59 || date.second > 60) { // 60: a leap second
        return std::nullopt;
    }
    const auto at =
        chrono::sys_days(day) + chrono::hours(date.hour) + chrono::minutes(date.minute) + chrono::seconds(date.second);
    return std::clamp<std::int64_t>(at.time_since_epoch().count() - now_unix, 0, most);
}

} // namespace pgbk::relay
