#include "realtime/supabase/connection.hpp"

#include "http/rate_limiter.hpp"
#include "realtime/websocket.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace pgbk::relay::supabase {

namespace {

namespace json = boost::json;

constexpr std::size_t most_channels = 100;
constexpr std::string_view topic_prefix = "realtime:";

std::optional<Broadcast> broadcast_in(const Message& message) {
    const auto* const payload = message.payload.if_object();
    const auto* const event = payload == nullptr ? nullptr : payload->if_contains("event");
    if (event == nullptr || !event->is_string()) {
        return std::nullopt;
    }
    const auto* const content = payload->if_contains("payload");
    return Broadcast{message.heading, std::string(event->get_string()), true,
                     content == nullptr ? "{}" : json::serialize(*content)};
}

std::string token_in(const Message& message) {
    const auto* const payload = message.payload.if_object();
    const auto* const token = payload == nullptr ? nullptr : payload->if_contains("access_token");
    return token != nullptr && token->is_string() ? std::string(token->get_string()) : std::string();
}

} // namespace

std::string reason_json(std::string_view reason) {
    return R"({"reason":)" + json_text(reason) + "}";
}

std::string reply_json(bool good, std::string_view response) {
    std::string out = good ? R"({"status":"ok","response":)" : R"({"status":"error","response":)";
    return out.append(response).append("}");
}

Connection::Connection(Shared& shared, Outlet& outlet, Hello hello)
    : shared_(shared), outlet_(outlet), hello_(std::move(hello)) {}

Connection::~Connection() {
    for (const auto& [topic, channel] : std::map(channels_)) {
        channel->lost();
    }
}

bool Connection::admits_message() {
    const bool admitted = messages_.admits(steady_now());
    if (!admitted) {
        outlet_.close(websocket::policy, "too many messages");
    }
    return admitted;
}

void Connection::take_text(std::string_view text) {
    if (!admits_message()) {
        return;
    }
    std::string problem;
    auto message = parse_message(hello_.version, text, problem);
    if (!message) {
        outlet_.close(websocket::policy, problem);
        return;
    }
    take(std::move(*message));
}

void Connection::take_bytes(std::string_view bytes) {
    if (!admits_message()) {
        return;
    }
    std::string problem = "binary messages are of vsn 2.0.0";
    const auto broadcast =
        hello_.version == Version::arrays ? parse_broadcast(bytes, problem) : std::optional<Broadcast>();
    if (!broadcast) {
        outlet_.close(websocket::policy, problem);
        return;
    }
    if (Channel* const channel = find(broadcast->heading)) {
        channel->take_broadcast(*broadcast, broadcast->heading);
    } else {
        reply(broadcast->heading, false, reason_json("unmatched topic"));
    }
}

void Connection::take(Message message) {
    const Heading& heading = message.heading;
    if (std::exchange(is_first_, false)) {
        is_return_ = heading.ref && *heading.ref != "1";
    }
    expire_channels();
    if (heading.topic == "phoenix" && heading.event == "heartbeat") {
        heartbeat(heading);
    } else if (heading.event == "phx_join") {
        join(std::move(message));
    } else if (heading.event == "phx_leave") {
        leave(message);
    } else if (Channel* const channel = find(heading)) {
        take_for(*channel, message);
    } else if (heading.event != "access_token") { // one for a channel that has just ended is no mistake
        reply(heading, false, reason_json("unmatched topic"));
    }
}

void Connection::take_for(Channel& channel, const Message& message) {
    const Heading& heading = message.heading;
    if (heading.event == "access_token") {
        channel.take_token(token_in(message));
    } else if (!channel.is_open()) {
        reply(heading, false, reason_json("the channel is not joined yet"));
    } else if (heading.event == "presence") {
        channel.take_presence(message.payload, heading);
    } else if (const auto broadcast = heading.event == "broadcast" ? broadcast_in(message) : std::nullopt) {
        channel.take_broadcast(*broadcast, heading);
    } else {
        reply(heading, false, reason_json("there is no such event, or not with this payload"));
    }
}

void Connection::heartbeat(const Heading& heading) {
    for (const auto& [topic, channel] : channels_) {
        channel->heartbeat();
    }
    reply(heading, true, "{}");
}

// A second join of a topic takes the place of the first.
void Connection::join(Message message) {
    const Heading heading = message.heading;
    std::optional<std::int64_t> heard;
    if (const auto before = channels_.find(heading.topic); before != channels_.end()) {
        const auto channel = before->second;
        heard = channel->heard();
        send({channel->join_ref(), channel->join_ref(), heading.topic, "phx_close"}, "{}");
        channel->left();
    }
    std::string problem;
    auto join = parse_join(message.payload, problem);
    if (!heading.topic.starts_with(topic_prefix) || heading.topic.size() == topic_prefix.size()) {
        problem = "a topic begins with realtime: and has a name";
    } else if (channels_.size() >= most_channels) {
        problem = "ChannelRateLimitReached: Too many channels, the limit is " + std::to_string(most_channels);
    }
    if (!join || !problem.empty()) {
        reply(heading, false, reason_json(problem));
        return;
    }
    // Of the references only the join's own is given back, as that of the channel.
    auto channel = std::make_shared<Channel>(
        *this, Heading{heading.join_ref ? heading.join_ref : heading.ref, heading.ref, heading.topic, heading.event},
        std::move(*join), heard);
    channels_.insert_or_assign(heading.topic, channel);
    channel->start();
}

void Connection::leave(const Message& message) {
    const Heading& heading = message.heading;
    reply(heading, true, "{}");
    if (find(heading) != nullptr) {
        const auto channel = channels_.find(heading.topic)->second;
        send({channel->join_ref(), channel->join_ref(), heading.topic, "phx_close"}, "{}");
        channel->left();
    }
}

// Messages of an earlier join of the topic are not for the present channel.
Channel* Connection::find(const Heading& heading) const {
    const auto found = channels_.find(heading.topic);
    const bool there = found != channels_.end() && (!heading.join_ref || heading.join_ref == found->second->join_ref());
    return there ? found->second.get() : nullptr;
}

void Connection::forget(const Channel& channel, const std::string& topic) {
    if (const auto found = channels_.find(topic); found != channels_.end() && found->second.get() == &channel) {
        channels_.erase(found);
    }
}

void Connection::send(const Heading& heading, std::string_view payload) {
    outlet_.send(websocket::text_frame(message_text(hello_.version, heading, payload)));
}

void Connection::reply(const Heading& heading, bool good, std::string_view response) {
    send({heading.join_ref, heading.ref, heading.topic, "phx_reply"}, reply_json(good, response));
}

// Time

void Connection::expire_channels() {
    const auto now = shared_.now();
    for (const auto& [topic, channel] : std::map(channels_)) {
        if (channel->expires_by(now)) {
            channel->expire(now);
        }
    }
}

void Connection::wake() {
    expire_channels();
    plan();
}

void Connection::plan() {
    std::optional<std::chrono::system_clock::time_point> next;
    for (const auto& [topic, channel] : channels_) {
        if (const auto expires = channel->expires()) {
            next = next ? std::min(*next, *expires) : *expires;
        }
    }
    if (next) {
        outlet_.wake_at(*next);
    }
}

} // namespace pgbk::relay::supabase
