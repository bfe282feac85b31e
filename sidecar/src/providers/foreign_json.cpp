#include "providers/foreign_json.hpp"

#include "core/timestamp_text.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

namespace pgbk::relay {

namespace json = boost::json;

namespace {

constexpr std::size_t most_levels = 32;
constexpr std::size_t longest_number = 64;

class Builder {
public:
    static constexpr std::size_t max_object_size = json::object::max_size();
    static constexpr std::size_t max_array_size = json::array::max_size();
    static constexpr std::size_t max_key_size = json::string::max_size();
    static constexpr std::size_t max_string_size = json::string::max_size();

    bool on_document_begin(json::error_code&) {
        values.reset();
        return true;
    }
    bool on_document_end(json::error_code&) { return true; }
    bool on_object_begin(json::error_code&) { return true; }
    bool on_object_end(std::size_t count, json::error_code&) {
        values.push_object(count);
        return true;
    }
    bool on_array_begin(json::error_code&) { return true; }
    bool on_array_end(std::size_t count, json::error_code&) {
        values.push_array(count);
        return true;
    }
    bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
        values.push_chars(part);
        return true;
    }
    bool on_key(json::string_view part, std::size_t, json::error_code&) {
        values.push_key(part);
        return true;
    }
    bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
        values.push_chars(part);
        return true;
    }
    bool on_string(json::string_view part, std::size_t, json::error_code&) {
        values.push_string(part);
        return true;
    }
    bool on_number_part(json::string_view part, json::error_code&) {
        number_.append(part);
        return true;
    }
    bool on_int64(std::int64_t number, json::string_view, json::error_code&) {
        number_.clear();
        values.push_int64(number);
        return true;
    }
    bool on_uint64(std::uint64_t number, json::string_view, json::error_code&) {
        number_.clear();
        values.push_uint64(number);
        return true;
    }
    bool on_double(double, json::string_view part, json::error_code&) {
        number_.append(part);
        number_.resize(std::min(number_.size(), longest_number));
        values.push_string(number_);
        number_.clear();
        return true;
    }
    bool on_bool(bool value, json::error_code&) {
        values.push_bool(value);
        return true;
    }
    bool on_null(json::error_code&) {
        values.push_null();
        return true;
    }
    bool on_comment_part(json::string_view, json::error_code&) { return true; }
    bool on_comment(json::string_view, json::error_code&) { return true; }

    json::value_stack values;

private:
    std::string number_;
};

} // namespace

std::optional<json::object> foreign_object(std::string_view text) {
    json::parse_options options; // no comments, no trailing commas, no invalid UTF-8
    options.max_depth = most_levels;
    json::basic_parser<Builder> parser(options);
    json::error_code error;
    const auto read = parser.write_some(false, text.data(), text.size(), error);
    if (error || read < text.size()) {
        return std::nullopt;
    }
    json::value value = parser.handler().values.release();
    if (!value.is_object()) {
        return std::nullopt;
    }
    return std::move(value.as_object());
}

const json::object* object_in(const json::object& object, std::string_view name) {
    const auto* const value = object.if_contains(name);
    return value == nullptr ? nullptr : value->if_object();
}

const json::array* array_in(const json::object& object, std::string_view name) {
    const auto* const value = object.if_contains(name);
    return value == nullptr ? nullptr : value->if_array();
}

std::string_view string_in(const json::object& object, std::string_view name) {
    const auto* const value = object.if_contains(name);
    const auto* const text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string_view{} : std::string_view(text->data(), text->size());
}

std::optional<std::int64_t> integer_in(const json::object& object, std::string_view name) {
    const auto* const value = object.if_contains(name);
    const auto* const number = value == nullptr ? nullptr : value->if_int64();
    return number == nullptr ? std::nullopt : std::optional(*number);
}

std::string number_in(const json::object& object, std::string_view name) {
    const auto whole = integer_in(object, name);
    return whole ? std::to_string(*whole) : std::string(string_in(object, name));
}

std::optional<bool> boolean_in(const json::object& object, std::string_view name) {
    const auto* const value = object.if_contains(name);
    return value != nullptr && value->is_bool() ? std::optional(value->get_bool()) : std::nullopt;
}

bool is_provider_id(std::string_view text) {
    constexpr std::string_view kept = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return !text.empty() && text.size() <= 255 && text.find_first_not_of(kept) == std::string_view::npos;
}

bool is_page_url(std::string_view url, std::string_view base_url) {
    const bool is_clear = url.starts_with("http://") && base_url.starts_with("http://");
    return (url.starts_with("https://") || is_clear) && url.size() > url.find("://") + 3 && url.size() <= 4096 &&
           std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '"' && c != '\\'; });
}

std::optional<std::int64_t> seconds_of(std::string_view time) {
    constexpr std::int64_t unit = 1'000'000;
    std::string text(time);
    const auto sign = text.size() < 5 ? std::string::npos : text.size() - 5;
    if (sign != std::string::npos && (text[sign] == '+' || text[sign] == '-')) {
        text.insert(text.size() - 2, 1, ':');
    }
    const auto instant = core::parse_instant(text);
    return instant ? std::optional(*instant / unit) : std::nullopt;
}

std::string time_of(std::int64_t seconds) {
    namespace chrono = std::chrono;
    const chrono::sys_seconds time{chrono::seconds(seconds)};
    const auto day = chrono::floor<chrono::days>(time);
    const chrono::year_month_day date(day);
    const chrono::hh_mm_ss clock(time - day);
    std::array<char, 40> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()));
    return buffer.data();
}

} // namespace pgbk::relay
