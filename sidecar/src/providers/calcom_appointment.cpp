#include "providers/calcom_appointment.hpp"

#include "core/timestamp_text.hpp"
#include "providers/foreign_json.hpp"
#include "text/stored_text.hpp"

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

// A string without control characters, or the digits of a whole number; else empty.
std::string text_in(const json::object& object, std::string_view name) {
    const std::string text = number_in(object, name);
    const bool is_plain = text.size() <= longest_text && is_storable(text) &&
                          std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
    return is_plain ? text : std::string();
}

// RFC 3339.
std::string time_in(const json::object& object, std::string_view name) {
    std::string text = text_in(object, name);
    return core::parse_instant(text).has_value() ? text : std::string();
}

std::string page_in(const json::object& object, std::string_view name) {
    const std::string text = text_in(object, name);
    return text.starts_with("https://") && text.find_first_of(" \"'<>\\") == std::string::npos ? text : std::string();
}

std::string call_of(const json::object& object) {
    const json::object* const metadata = object_in(object, "metadata");
    return metadata == nullptr ? std::string() : text_in(*metadata, "booking_call");
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

bool is_success(const std::optional<json::object>& document) {
    return document.has_value() && string_in(*document, "status") == "success";
}

} // namespace

std::optional<Appointment> read_appointment(std::string_view body) {
    const auto document = foreign_object(body);
    const json::object* const data = is_success(document) ? object_in(*document, "data") : nullptr;
    return data == nullptr ? std::nullopt : read(*data);
}

std::optional<std::vector<Appointment>> read_appointments_of(std::string_view call_id, std::string_view body) {
    const auto document = foreign_object(body);
    const json::array* const data = is_success(document) ? array_in(*document, "data") : nullptr;
    if (data == nullptr) {
        return std::nullopt;
    }
    std::vector<Appointment> found;
    for (const json::value& item : *data) {
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
    const auto document = foreign_object(body);
    if (!document.has_value()) {
        return {};
    }
    const json::object* const error = object_in(*document, "error");
    return storable_text(text_in(error == nullptr ? *document : *error, "message"), longest_problem);
}

json::object to_json(const Appointment& appointment) {
    return {{"uid", appointment.uid},     {"id", appointment.id},          {"status", appointment.status},
            {"start", appointment.start}, {"end", appointment.end},        {"meeting_url", appointment.url},
            {"at", appointment.at},       {"old_uid", appointment.old_uid}};
}

bool is_same_time(std::string_view left, std::string_view right) {
    const auto seconds = seconds_of(left);
    return seconds.has_value() && seconds == seconds_of(right);
}

} // namespace pgbk::relay::calcom
