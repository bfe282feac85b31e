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

namespace {

// What is sent to those who listen for events of one organization.
class Message {
public:
    explicit Message(std::int32_t organization) : payload_(beginning(organization)) {}

    void add(const core::Uuid& event) {
        const std::string id = (is_first_ ? "\"" : ",\"") + uuid_text(event) + "\"";
        is_first_ = false;
        is_complete_ = is_complete_ && payload_.size() + id.size() + without_the_rest.size() <= longest;
        if (is_complete_) {
            payload_ += id;
        }
    }

    bool is_complete() const { return is_complete_; }
    std::string text() const { return payload_ + std::string(is_complete_ ? "]}" : without_the_rest); }

private:
    std::string payload_;
    bool is_first_ = true;
    bool is_complete_ = true;
};

} // namespace

void notify_of_events(const Rows& events) {
    if (events.empty() || !is_direct(Channel::events)) {
        return;
    }
    std::map<std::int32_t, Message> messages; // by organization
    for (std::uint64_t row = 0; row < events.count(); ++row) {
        const std::int32_t organization = events.int4(row, 1);
        messages.try_emplace(organization, organization).first->second.add(events.uuid(row, 2));
    }
    for (const auto& [organization, message] : messages) {
        send(Channel::events, message.text());
    }
}

void notify_of_these_events(std::int32_t organization, std::span<const core::Uuid> events) {
    if (events.empty() || !is_direct(Channel::events)) {
        return;
    }
    Message message(organization);
    for (std::size_t i = 0; i < events.size() && message.is_complete(); ++i) {
        message.add(events[i]);
    }
    send(Channel::events, message.text());
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
