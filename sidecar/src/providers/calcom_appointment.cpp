#include "providers/calcom_appointment.hpp"

#include "inbound/strict_json.hpp"
#include "text/stored_text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace pgbk::relay::calcom {

namespace {

namespace json = boost::json;

constexpr std::size_t longest_text = 500;
constexpr std::size_t longest_problem = 300;

constexpr std::array statuses{
    std::pair{std::string_view("accepted"), std::string_view("accepted")},
    std::pair{std::string_view("pending"), std::string_view("requested")},
    std::pair{std::string_view("awaiting_host"), std::string_view("requested")},
    std::pair{std::string_view("rejected"), std::string_view("rejected")},
    std::pair{std::string_view("cancelled"), std::string_view("cancelled")},
};

std::optional<json::value> parse(std::string_view body) {
    if (!json_problem(body).empty()) {
        return std::nullopt;
    }
    boost::system::error_code error;
    json::value document = json::parse(body, error);
    return error ? std::nullopt : std::optional(std::move(document));
}

const json::value* find(const json::object& object, std::string_view name) {
    const json::value* const value = object.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
}

// A string without control characters, or the digits of a whole number; else empty.
std::string text_in(const json::object& object, std::string_view name) {
    const json::value* const value = find(object, name);
    if (value != nullptr && (value->is_int64() || value->is_uint64())) {
        return value->is_int64() ? std::to_string(value->get_int64()) : std::to_string(value->get_uint64());
    }
    if (value == nullptr || !value->is_string()) {
        return {};
    }
    const std::string_view text = value->get_string();
    const bool is_plain = text.size() <= longest_text && is_storable(text) &&
                          std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
    return is_plain ? std::string(text) : std::string();
}

// "d" stands for a digit, others for themselves.
bool has_shape(std::string_view text, std::string_view shape) {
    return text.size() == shape.size() && std::equal(text.begin(), text.end(), shape.begin(), [](char c, char s) {
               return s == 'd' ? c >= '0' && c <= '9' : c == s;
           });
}

// RFC 3339; whether there is such a day is for the database to say.
std::string time_in(const json::object& object, std::string_view name) {
    constexpr std::string_view to_the_second = "dddd-dd-ddTdd:dd:dd";
    const std::string text = text_in(object, name);
    std::string_view rest = text;
    if (rest.size() > 40 || !has_shape(rest.substr(0, to_the_second.size()), to_the_second)) {
        return {};
    }
    rest.remove_prefix(to_the_second.size());
    if (rest.starts_with('.')) {
        const auto end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
        rest.remove_prefix(end);
        if (end == 1) {
            return {};
        }
    }
    return rest == "Z" || has_shape(rest, "+dd:dd") || has_shape(rest, "-dd:dd") ? text : std::string();
}

std::string page_in(const json::object& object, std::string_view name) {
    const std::string text = text_in(object, name);
    return text.starts_with("https://") && text.find_first_of(" \"'<>\\") == std::string::npos ? text : std::string();
}

std::string call_of(const json::object& object) {
    const json::value* const metadata = find(object, "metadata");
    return metadata != nullptr && metadata->is_object() ? text_in(metadata->get_object(), "booking_call")
                                                        : std::string();
}

std::optional<Appointment> read(const json::object& object) {
    const std::string status = text_in(object, "status");
    const auto* const known =
        std::find_if(statuses.begin(), statuses.end(), [&](const auto& pair) { return pair.first == status; });
    Appointment appointment{text_in(object, "uid"),
                            text_in(object, "id"),
                            known == statuses.end() ? std::string() : std::string(known->second),
                            time_in(object, "start"),
                            time_in(object, "end"),
                            page_in(object, "location"),
                            time_in(object, "updatedAt"),
                            text_in(object, "rescheduledFromUid"),
                            text_in(object, "rescheduledToUid"),
                            call_of(object)};
    if (appointment.url.empty()) {
        appointment.url = page_in(object, "meetingUrl");
    }
    if (appointment.at.empty()) {
        appointment.at = time_in(object, "createdAt");
    }
    const bool is_complete = !appointment.uid.empty() && !appointment.status.empty() && !appointment.start.empty() &&
                             !appointment.end.empty() && !appointment.at.empty();
    return is_complete ? std::optional(std::move(appointment)) : std::nullopt;
}

// What "data" is in an answer that says "success".
const json::value* data_of(const std::optional<json::value>& document) {
    if (!document.has_value() || !document->is_object() || text_in(document->get_object(), "status") != "success") {
        return nullptr;
    }
    return find(document->get_object(), "data");
}

} // namespace

std::optional<Appointment> read_appointment(std::string_view body) {
    const auto document = parse(body);
    const json::value* const data = data_of(document);
    return data != nullptr && data->is_object() ? read(data->get_object()) : std::nullopt;
}

std::optional<std::vector<Appointment>> read_appointments_of(std::string_view call_id, std::string_view body) {
    const auto document = parse(body);
    const json::value* const data = data_of(document);
    if (data == nullptr || !data->is_array()) {
        return std::nullopt;
    }
    std::vector<Appointment> found;
    for (const json::value& item : data->get_array()) {
        if (!item.is_object()) {
            return std::nullopt;
        }
        if (call_of(item.get_object()) != call_id) {
            continue;
        }
        auto appointment = read(item.get_object());
        if (!appointment.has_value()) {
            return std::nullopt;
        }
        found.push_back(std::move(*appointment));
    }
    return found;
}

std::string read_problem(std::string_view body) {
    const auto document = parse(body);
    if (!document.has_value() || !document->is_object()) {
        return {};
    }
    const json::object* object = &document->get_object();
    if (const json::value* const error = find(*object, "error"); error != nullptr && error->is_object()) {
        object = &error->get_object();
    }
    return storable_text(text_in(*object, "message"), longest_problem);
}

json::object to_json(const Appointment& appointment) {
    return {{"uid", appointment.uid},     {"id", appointment.id},          {"status", appointment.status},
            {"start", appointment.start}, {"end", appointment.end},        {"meeting_url", appointment.url},
            {"at", appointment.at},       {"old_uid", appointment.old_uid}};
}

bool is_same_time(std::string_view left, std::string_view right) {
    constexpr std::size_t to_the_second = 19;
    return left.ends_with('Z') && right.ends_with('Z') && left.size() > to_the_second && right.size() > to_the_second &&
           left.substr(0, to_the_second) == right.substr(0, to_the_second);
}

} // namespace pgbk::relay::calcom
