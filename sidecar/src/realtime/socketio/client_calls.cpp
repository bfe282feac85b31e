// What a client asks for once it is connected.
#include "core/uuid_text.hpp"
#include "realtime/socketio/client.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <utility>

namespace pgbk::relay::socketio {

namespace {

namespace json = boost::json;

// "join:library" is join and library.
std::string_view thing_of(std::string_view event, std::string_view verb) {
    return event.starts_with(verb) ? event.substr(verb.size()) : std::string_view();
}

// An owner who is staff now may not go on as an owner, although the rooms are the same.
bool may_keep(std::string_view key, const std::vector<std::string>& rooms, const Identity& identity) {
    const auto wish = key == "role:owner" ? wish_of("role", "owner", identity) : std::nullopt;
    return std::all_of(rooms.begin(), rooms.end(), [&](const std::string& room) {
        return wish ? std::find(wish->rooms.begin(), wish->rooms.end(), room) != wish->rooms.end()
                    : identity.may_join(room);
    });
}

} // namespace

void Client::called(const Packet& packet) {
    const json::array& arguments = packet.data->get_array();
    event_ = arguments.front().get_string();
    const bool has_text = arguments.size() > 1 && arguments[1].is_string();
    const bool has_number = arguments.size() > 1 && arguments[1].is_int64();
    const std::string argument = has_text     ? std::string(arguments[1].get_string())
                                 : has_number ? std::to_string(arguments[1].get_int64())
                                              : std::string();
    const std::string event = event_;
    if (packet.attachments > 0) {
        refuse(packet.id, "binary data is not taken");
    } else if (event == "auth:token") {
        take_token(argument, packet.id);
    } else if (const auto joins = thing_of(event, "join:"); !joins.empty()) {
        join(joins, argument, packet.id);
    } else if (const auto leaves = thing_of(event, "leave:"); !leaves.empty()) {
        leave(leaves, argument, packet.id);
    } else if (packet.id) { // others are nobody's business, as on any server that does not listen for them
        refuse(packet.id, "there is no such event");
    }
}

void Client::join(std::string_view thing, const std::string& argument, Id id) {
    if (thing == "booking" && !core::parse_uuid(argument)) {
        join_by_token(argument, id);
        return;
    }
    if (const auto wish = wish_of(thing, argument, identity_)) {
        join_as(*wish, id);
    } else {
        refuse(id, "nothing of that kind can be joined");
    }
}

void Client::join_as(const Wish& wish, Id id) {
    if (!wish.refusal.empty()) {
        refuse(id, wish.refusal);
        return;
    }
    if (joined_.contains(wish.key)) {
        answer(id, {{"ok", true}});
        return;
    }
    Joined joined{wish.rooms, nullptr};
    if (!wish.is_role) {
        joined.slot = around_.subscriptions.take(identity_, subscriptions());
        if (!joined.slot) {
            refuse(id, "there are too many subscriptions: " + std::to_string(around_.subscriptions.limit()));
            return;
        }
    }
    joined_.emplace(wish.key, std::move(joined));
    ++joining_;
    around_.hub.join(shared_from_this(), wish.rooms, catch_up_.since(),
                     [weak = weak_from_this(), attempt = attempt_, wish, event = event_, id](Resumption resumption) {
                         const auto self = weak.lock();
                         if (self && self->attempt_ == attempt) {
                             self->event_ = event;
                             self->joined(wish, resumption, id);
                         }
                     });
}

void Client::joined(const Wish& wish, Resumption resumption, Id id) {
    --joining_;
    if (resumption == Resumption::failed) {
        session_.close(); // it comes back, joins again, and has missed nothing
        return;
    }
    if (!joined_.contains(wish.key)) { // it has thought better of it
        leave_unneeded(wish.rooms);
    }
    catch_up_.joined(around_.now());
    if (resumption == Resumption::too_old) {
        cursor_ = 0; // it may be one of another database, ahead of all that is to come: any place is better
        tell("reset", {{"event", event_}, {"error", "what was missed is not kept any more: load the present state"}});
        answer(id, {{"ok", true}, {"reset", true}});
    } else {
        answer(id, {{"ok", true}});
    }
}

// Whoever has the token of a booking may see that booking: one at a time.
void Client::join_by_token(const std::string& token, Id id) {
    if (asking_ || token.empty()) {
        refuse(id, asking_ ? "one at a time, please" : "the id or the token of a booking is needed");
        return;
    }
    around_.hub.admit_booking(token, still([this, token, event = event_, id](const Hub::Admission& admission) {
                                  event_ = event;
                                  if (!admission.identity) {
                                      refuse(id, admission.reason);
                                      return;
                                  }
                                  if (!identity_.booking.empty() && identity_.booking != admission.identity->booking) {
                                      drop("booking:" + identity_.booking);
                                  }
                                  identity_.booking = admission.identity->booking;
                                  watch({shown().token, token});
                                  if (const auto wish = wish_of("booking", identity_.booking, identity_)) {
                                      join_as(*wish, id);
                                  }
                              }));
}

void Client::leave(std::string_view thing, const std::string& argument, Id id) {
    const auto wish = wish_of(thing, argument, identity_);
    if (!wish || wish->key.empty()) {
        refuse(id, "nothing of that kind can be joined");
        return;
    }
    drop(wish->key);
    answer(id, {{"ok", true}});
}

void Client::drop(const std::string& key) {
    const auto found = joined_.find(key);
    if (found == joined_.end()) {
        return;
    }
    const auto rooms = std::move(found->second.rooms);
    joined_.erase(found);
    leave_unneeded(rooms);
}

void Client::leave_unneeded(const std::vector<std::string>& rooms) {
    for (const auto& room : rooms) {
        const bool needed = std::any_of(joined_.begin(), joined_.end(), [&](const auto& other) {
            const auto& theirs = other.second.rooms;
            return std::find(theirs.begin(), theirs.end(), room) != theirs.end();
        });
        if (!needed) {
            around_.hub.leave(*this, room);
        }
    }
}

// A new token, before the old one runs out.
void Client::take_token(const std::string& token, Id id) {
    if (asking_ || token.empty()) {
        refuse(id, asking_ ? "one at a time, please" : "a token is needed");
        return;
    }
    around_.hub.admit(token, still([this, token, event = event_, id](Hub::Admission admission) {
                          event_ = event;
                          if (!admission.identity) {
                              refuse(id, admission.reason);
                          } else if (!identity_.user.empty() && admission.identity->user != identity_.user) {
                              refuse(id, "the token is of another user: connect anew");
                          } else {
                              watch({token, shown().booking});
                              take_identity(std::move(*admission.identity),
                                            "your new token does not let you join that");
                              answer(id, {{"ok", true}});
                          }
                      }));
}

// What it does not let one see any more is left.
void Client::take_identity(Identity identity, std::string_view why) {
    identity.booking = identity_.booking;
    identity_ = std::move(identity);
    std::vector<std::string> lost;
    for (const auto& [key, joined] : joined_) {
        if (!may_keep(key, joined.rooms, identity_)) {
            lost.push_back(key);
        }
    }
    for (const auto& key : lost) {
        drop(key);
        tell("refused", {{"event", key}, {"error", why}});
    }
}

void Client::refuse(Id id, std::string_view why) {
    if (id) {
        answer(id, {{"ok", false}, {"error", why}});
    } else {
        tell("refused", {{"event", event_}, {"error", why}});
    }
}

std::size_t Client::subscriptions() const {
    return static_cast<std::size_t>(
        std::count_if(joined_.begin(), joined_.end(), [](const auto& each) { return each.second.slot != nullptr; }));
}

} // namespace pgbk::relay::socketio
