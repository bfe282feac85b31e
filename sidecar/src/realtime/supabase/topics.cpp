#include "realtime/supabase/topics.hpp"

#include "realtime/supabase/channel.hpp"
#include "realtime/websocket.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace pgbk::relay::supabase {

namespace json = boost::json;

void Topics::enter(const TopicKey& key, Channel& channel) {
    topics_[key].channels.push_back(&channel);
}

void Topics::leave(const TopicKey& key, Channel& channel) {
    const auto found = topics_.find(key);
    if (found == topics_.end()) {
        return;
    }
    std::erase(found->second.channels, &channel);
    found->second.behind.erase(&channel);
    if (const auto difference = found->second.presence.untrack(&channel)) {
        tell(found->second, *difference);
    }
    if (found->second.channels.empty()) {
        topics_.erase(found);
    }
}

void Topics::broadcast(const TopicKey& key, const Channel& from, const Broadcast& broadcast, bool to_itself) {
    const auto found = topics_.find(key);
    if (found == topics_.end()) {
        return;
    }
    std::map<Version, Frame> frames;
    for (Channel* const channel : found->second.channels) {
        // Bytes have no place in the older version.
        const bool unreadable = !broadcast.is_json && channel->version() == Version::objects;
        if ((channel == &from && !to_itself) || unreadable || channel->congested()) {
            continue;
        }
        Frame& frame = frames[channel->version()];
        if (!frame && broadcast.is_json) {
            const std::string payload = R"({"type":"broadcast","event":)" + json_text(broadcast.event) +
                                        R"(,"payload":)" + broadcast.payload + "}";
            frame = websocket::text_frame(message_text(channel->version(), {{}, {}, key.topic, "broadcast"}, payload));
        } else if (!frame) {
            frame = websocket::binary_frame(broadcast_bytes(key.topic, broadcast));
        }
        channel->send(frame);
    }
}

bool Topics::track(const TopicKey& key, Channel& channel, const std::string& name, json::object facts) {
    const auto found = topics_.find(key);
    const auto difference =
        found == topics_.end() ? std::nullopt : found->second.presence.track(&channel, name, std::move(facts));
    if (difference) {
        tell(found->second, *difference);
    }
    return difference.has_value();
}

void Topics::untrack(const TopicKey& key, Channel& channel) {
    const auto found = topics_.find(key);
    if (found == topics_.end()) {
        return;
    }
    if (const auto difference = found->second.presence.untrack(&channel)) {
        tell(found->second, *difference);
    }
}

json::object Topics::state(const TopicKey& key) const {
    const auto found = topics_.find(key);
    return found == topics_.end() ? json::object() : found->second.presence.state();
}

// As with broadcasts; but who has missed a difference is told everything with the next one.
void Topics::tell(Topic& topic, const Presence::Difference& difference) {
    const std::string payload = json::serialize(difference);
    std::string everything;
    for (Channel* const channel : topic.channels) {
        if (!channel->looks_at_presence()) {
            continue;
        }
        if (channel->congested()) {
            topic.behind.insert(channel);
        } else if (topic.behind.erase(channel) == 0) {
            channel->push("presence_diff", payload);
        } else {
            if (everything.empty()) {
                everything = json::serialize(topic.presence.state());
            }
            channel->push("presence_state", everything);
        }
    }
}

} // namespace pgbk::relay::supabase
