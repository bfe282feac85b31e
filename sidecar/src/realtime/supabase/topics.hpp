// What the clients of a topic tell each other: broadcasts, and who is there. Between the connections of this relay.
#pragma once

#include "realtime/supabase/phoenix.hpp"
#include "realtime/supabase/presence.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pgbk::relay::supabase {

class Channel;

// Private channels and others of one name have nothing to do with each other.
struct TopicKey {
    std::string topic;
    bool is_private = false;

    auto operator<=>(const TopicKey&) const = default;
};

class Topics {
public:
    void enter(const TopicKey& key, Channel& channel);
    void leave(const TopicKey& key, Channel& channel); // and tells the others

    // To all others, and to the sender if it wants that; but to nobody who reads too slowly, so that nobody is closed
    // for what others say.
    void broadcast(const TopicKey& key, const Channel& from, const Broadcast& broadcast, bool to_itself);

    // False if too many are there.
    bool track(const TopicKey& key, Channel& channel, const std::string& name, boost::json::object facts);
    void untrack(const TopicKey& key, Channel& channel);
    boost::json::object state(const TopicKey& key) const;
    std::string new_name() { return "anonymous-" + std::to_string(++names_); }

    std::size_t size() const { return topics_.size(); }

private:
    struct Topic {
        std::vector<Channel*> channels;
        Presence presence;
        std::set<const Channel*> behind; // who have not been told of all that has changed
    };

    static void tell(Topic& topic, const Presence::Difference& difference);

    std::map<TopicKey, Topic> topics_; // none is without channels
    std::uint64_t names_ = 0;
};

} // namespace pgbk::relay::supabase
