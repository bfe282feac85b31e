#include "pg/notify.hpp"

#include "pg/announcement.hpp"
#include "pg/arguments.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

constexpr std::string_view without_the_rest = R"(],"more":true})";
constexpr std::size_t longest = 8000 - 1; // bytes of a payload, NOTIFY_PAYLOAD_MAX_LENGTH of the server

std::string beginning(std::int32_t organization) {
    return R"({"organization_id":)" + std::to_string(organization) + R"(,"ids":[)";
}

// Whether this transaction has to notify itself. Otherwise there is nothing left to do.
bool is_direct(Channel channel) {
    return server([&] { return settings::notify != settings::notify_off && !announce(channel); });
}

void send(Channel channel, const std::string& payload) {
    const char* const text = payload.c_str();
    server([&] { Async_Notify(channel_name(channel), text); });
}

} // namespace

void notify_of_work() {
    if (is_direct(Channel::webhooks)) {
        send(Channel::webhooks, "");
    }
}

void notify_of_events(const Rows& events) {
    if (events.empty() || !is_direct(Channel::events)) {
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
        send(Channel::events, message.payload + std::string(message.complete ? "]}" : without_the_rest));
    }
}

void notify_of_event(std::int32_t organization, const core::Uuid& event) {
    if (is_direct(Channel::events)) {
        send(Channel::events, beginning(organization) + "\"" + uuid_text(event) + "\"]}");
    }
}

void notify_of_some_events(std::int32_t organization) {
    if (is_direct(Channel::events)) {
        send(Channel::events, beginning(organization) + std::string(without_the_rest));
    }
}

} // namespace pgbk
