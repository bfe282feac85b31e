// Who is in which room. Pure.
#pragma once

#include "realtime/hub.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace pgbk::relay {

class Audience {
public:
    struct Room;

    struct Member {
        std::weak_ptr<Subscriber> who;
        const Subscriber* key = nullptr; // where it is, or was
        std::uint64_t number = 0;        // no two have the same, though one may stand where another stood
        std::int64_t told = 0;           // nothing up to this seq is told
        bool catching_up = false;        // is told of what happens by whoever lets it catch up
        std::uint64_t round = 0;         // in which it was found last
        struct Seat {
            Room* room;
            std::size_t place;
        };
        std::vector<Seat> seats;
    };

    struct Room {
        std::string name;
        std::vector<Member*> members;
    };

    Member& enter(const std::shared_ptr<Subscriber>& subscriber);
    Member* find(const Subscriber& subscriber);
    void drop(const Subscriber* key); // and its seats
    void forget_told();               // of all: the numbers begin anew

    void seat(Member& member, const std::string& room);
    void unseat(Member& member, const std::string& room);
    bool is_seated(const Member& member, const std::string& room) const;
    bool anybody_in(const std::string& room) const { return rooms_.contains(room); }

    // Those who are in one of the rooms, once each. What is returned is valid until the next call.
    const std::vector<Member*>& in(const std::vector<std::string>& rooms);

    std::size_t members() const { return members_.size(); }
    std::size_t rooms() const { return rooms_.size(); }

private:
    void give_up(Member& member, std::size_t seat);

    std::unordered_map<const Subscriber*, Member> members_;
    std::unordered_map<std::string, Room> rooms_; // none is empty
    std::vector<Member*> found_;
    std::uint64_t rounds_ = 0;
    std::uint64_t numbers_ = 0;
};

} // namespace pgbk::relay
