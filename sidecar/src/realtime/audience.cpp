#include "realtime/audience.hpp"

#include <algorithm>

namespace pgbk::relay {

Audience::Member& Audience::enter(const std::shared_ptr<Subscriber>& subscriber) {
    auto& member = members_[subscriber.get()];
    if (member.number != 0 && member.who.expired()) { // whoever stood at this address is gone, and has not said so
        drop(subscriber.get());
        return enter(subscriber);
    }
    if (member.number == 0) {
        member.key = subscriber.get();
        member.number = ++numbers_;
        member.who = subscriber;
    }
    return member;
}

Audience::Member* Audience::find(const Subscriber& subscriber) {
    const auto found = members_.find(&subscriber);
    return found == members_.end() ? nullptr : &found->second;
}

void Audience::forget_told() {
    for (auto& [key, member] : members_) {
        member.told = 0;
    }
}

void Audience::drop(const Subscriber* key) {
    const auto found = members_.find(key);
    if (found == members_.end()) {
        return;
    }
    while (!found->second.seats.empty()) {
        give_up(found->second, found->second.seats.size() - 1);
    }
    members_.erase(found);
}

void Audience::seat(Member& member, const std::string& room) {
    if (is_seated(member, room)) {
        return;
    }
    auto& target = rooms_[room];
    target.name = room;
    member.seats.push_back({&target, target.members.size()});
    target.members.push_back(&member);
}

void Audience::unseat(Member& member, const std::string& room) {
    const auto found = std::find_if(member.seats.begin(), member.seats.end(),
                                    [&](const Member::Seat& seat) { return seat.room->name == room; });
    if (found != member.seats.end()) {
        give_up(member, static_cast<std::size_t>(found - member.seats.begin()));
    }
}

bool Audience::is_seated(const Member& member, const std::string& room) const {
    return std::any_of(member.seats.begin(), member.seats.end(),
                       [&](const Member::Seat& seat) { return seat.room->name == room; });
}

// The last one of the room takes the place: leaving a full room costs no more than leaving a small one.
void Audience::give_up(Member& member, std::size_t seat) {
    const auto [room, place] = member.seats[seat];
    member.seats[seat] = member.seats.back();
    member.seats.pop_back();
    Member* const last = room->members.back();
    room->members.pop_back();
    if (last != &member) {
        room->members[place] = last;
        for (auto& other : last->seats) {
            if (other.room == room) {
                other.place = place;
            }
        }
    }
    if (room->members.empty()) {
        const std::string name = room->name; // which goes with the room
        rooms_.erase(name);
    }
}

const std::vector<Audience::Member*>& Audience::in(const std::vector<std::string>& rooms) {
    found_.clear();
    ++rounds_;
    for (const auto& name : rooms) {
        const auto room = rooms_.find(name);
        if (room == rooms_.end()) {
            continue;
        }
        for (Member* const member : room->second.members) {
            if (member->round != rounds_) {
                member->round = rounds_;
                found_.push_back(member);
            }
        }
    }
    return found_;
}

} // namespace pgbk::relay
