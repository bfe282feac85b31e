#include "pg/notify.hpp"

#include "pg/arguments.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

constexpr const char* channel_of_events = "booking_events";
constexpr std::string_view without_the_rest = R"(],"more":true})";
constexpr std::size_t longest = 8000 - 1; // bytes of a payload, NOTIFY_PAYLOAD_MAX_LENGTH of the server

std::string beginning(std::int32_t organization) {
    return R"({"organization_id":)" + std::to_string(organization) + R"(,"ids":[)";
}

} // namespace

void notify(const char* channel, const std::string& payload) {
    if (settings::notify == settings::notify_direct) {
        const char* const text = payload.c_str();
        server([&] { Async_Notify(channel, text); });
    }
}

void notify_of_events(const Rows& events) {
    if (settings::notify != settings::notify_direct) {
        return;
    }
    struct Message {
        std::string payload;
        bool complete = true;
    };
    std::map<std::int32_t, Message> messages; // by organization
    for (std::uint64_t row = 0; row < events.count(); ++row) {
        const std::int32_t organization = events.int4(row, 1);
        const auto [position, first] = messages.try_emplace(organization);
        Message& message = position->second;
        if (first) {
            message.payload = beginning(organization);
        }
        const std::string id = (first ? "\"" : ",\"") + uuid_text(events.uuid(row, 2)) + "\"";
        message.complete = message.complete && message.payload.size() + id.size() + without_the_rest.size() <= longest;
        if (message.complete) {
            message.payload += id;
        }
    }
    for (const auto& [organization, message] : messages) {
        notify(channel_of_events, message.payload + std::string(message.complete ? "]}" : without_the_rest));
    }
}

void notify_of_event(std::int32_t organization, const core::Uuid& event) {
    if (settings::notify == settings::notify_direct) {
        notify(channel_of_events, beginning(organization) + "\"" + uuid_text(event) + "\"]}");
    }
}

void notify_of_some_events(std::int32_t organization) {
    notify(channel_of_events, beginning(organization) + std::string(without_the_rest));
}

} // namespace pgbk
