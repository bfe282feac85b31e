#include "realtime/ring.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace pgbk::relay {

namespace {

// Bytes of memory, roughly: each value of an object has a name and a place of its own.
std::size_t weight_of(const boost::json::value& value);

std::size_t weight_of(const boost::json::object& object) {
    std::size_t sum = 0;
    for (const auto& member : object) {
        sum += sizeof(boost::json::key_value_pair) + member.key().size() + weight_of(member.value());
    }
    return sum;
}

std::size_t weight_of(const boost::json::value& value) {
    std::size_t sum = sizeof(boost::json::value);
    if (const auto* object = value.if_object()) {
        sum += weight_of(*object);
    } else if (const auto* array = value.if_array()) {
        for (const auto& element : *array) {
            sum += weight_of(element);
        }
    } else if (const auto* text = value.if_string()) {
        sum += text->size();
    }
    return sum;
}

std::size_t weight_of(const Event& event) {
    std::size_t sum = sizeof(Event);
    for (const auto& body : event.bodies) {
        sum += body ? weight_of(*body) : 0;
    }
    for (const auto& room : event.rooms) {
        sum += sizeof room + room.size();
    }
    return sum;
}

} // namespace

RoomHash hash_of_room(const std::string& room) {
    return std::hash<std::string>()(room);
}

bool Ring::Entry::concerns(const std::set<RoomHash>& wanted) const {
    return std::any_of(rooms.begin(), rooms.end(), [&](RoomHash room) { return wanted.contains(room); });
}

void Ring::restart(std::int64_t position) {
    entries_.clear();
    weight_ = 0;
    start_ = position;
}

void Ring::add(SharedEvent event) {
    Entry entry;
    entry.weight = weight_of(*event);
    for (const auto& room : event->rooms) {
        entry.rooms.push_back(hash_of_room(room));
    }
    entry.event = std::move(event);
    weight_ += entry.weight;
    entries_.push_back(std::move(entry));
    while (!entries_.empty() && (entries_.size() > most_events_ || weight_ > most_weight_)) {
        weight_ -= entries_.front().weight;
        start_ = entries_.front().event->seq;
        entries_.pop_front();
    }
}

std::size_t Ring::find(std::int64_t after) const {
    const auto found = std::upper_bound(entries_.begin(), entries_.end(), after,
                                        [](std::int64_t seq, const Entry& entry) { return seq < entry.event->seq; });
    return static_cast<std::size_t>(found - entries_.begin());
}

} // namespace pgbk::relay
