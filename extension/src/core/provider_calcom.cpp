// Events of Cal.com. They have no id: what happened, to which appointment and when, is one.
#include "core/provider_json.hpp"

#include <algorithm>
#include <array>

namespace pgbk::core {

namespace {

struct Trigger {
    std::string_view name;
    CalendarStatus status;
};

constexpr std::array triggers{
    Trigger{"BOOKING_CREATED", CalendarStatus::accepted},    Trigger{"BOOKING_RESCHEDULED", CalendarStatus::accepted},
    Trigger{"BOOKING_REQUESTED", CalendarStatus::requested}, Trigger{"BOOKING_REJECTED", CalendarStatus::rejected},
    Trigger{"BOOKING_CANCELLED", CalendarStatus::cancelled},
};

const Trigger* find_trigger(std::string_view name) {
    for (const Trigger& trigger : triggers) {
        if (trigger.name == name) {
            return &trigger;
        }
    }
    return nullptr;
}

// As the pages of packages: buyers are sent there.
bool is_page(std::string_view text) {
    return text.starts_with("https://") && std::none_of(text.begin(), text.end(), [](char c) {
               return c == ' ' || c == '"' || c == '\'' || c == '<' || c == '>' || c == '\\';
           });
}

std::string_view meeting_url_of(const JsonNode* payload) {
    const std::string_view url = text_in(first_member(payload, {"metadata"}), {"videoCallUrl"});
    const std::string_view location = text_in(payload, {"location"});
    return is_page(url) ? url : is_page(location) ? location : std::string_view{};
}

std::string_view time_of(const JsonNode* payload, std::string_view name) {
    const JsonNode* const node = first_member(payload, {name});
    if (node == nullptr || node->kind != JsonKind::string || time_in(payload, {name}).empty()) {
        refuse_event("$.payload." + std::string(name), "is not a time");
    }
    return node->text;
}

} // namespace

ProviderEvent read_calcom_event(const JsonNode& document) {
    ProviderEvent event;
    event.type = required_text_in(&document, {"triggerEvent"}, "$");
    event.occurred_at = time_in(&document, {"createdAt"});
    const JsonNode* const payload = first_member(&document, {"payload"});
    const std::string_view uid = text_in(payload, {"uid"});
    const Trigger* const trigger = find_trigger(event.type);
    if (trigger == nullptr || uid.empty()) {
        event.ignored = trigger == nullptr ? "events of this kind change nothing" : "a test: it names no appointment";
        return event;
    }
    if (event.occurred_at.empty()) {
        refuse_event("$.createdAt", "is not a time");
    }
    event.external_id = std::string(event.type) + ":" + std::string(uid) + ":" + event.occurred_at;
    // Whoever makes an appointment writes its metadata, and an id is no secret: only the token says whose it is.
    event.subject.booking_token = subject_in(payload, {}).booking_token;
    event.calendar = CalendarNews{trigger->status,
                                  uid,
                                  text_in(payload, {"rescheduleUid"}),
                                  text_in(payload, {"bookingId"}),
                                  time_of(payload, "startTime"),
                                  time_of(payload, "endTime"),
                                  meeting_url_of(payload),
                                  trigger->status == CalendarStatus::cancelled && is_true(payload, "requestReschedule"),
                                  text_in(first_member(payload, {"metadata"}), {"booking_call"})};
    return event;
}

} // namespace pgbk::core
