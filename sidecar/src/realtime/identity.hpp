// Who is connected, as a verified token and the database say: never as the client says of itself.
#pragma once

#include "realtime/event.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgbk::relay {

struct Identity {
    std::string user;                         // JWT sub; empty: a visitor
    std::string booking;                      // id of the booking whose token was shown; empty: none
    bool service = false;                     // a trusted server: all organizations
    std::map<int, std::string> organizations; // whose member the user is -> "owner" or "staff"
    std::optional<std::chrono::system_clock::time_point> expires; // none: a visitor

    bool expired_by(std::chrono::system_clock::time_point now) const { return expires && *expires <= now; }

    // The widest view of the event that is theirs; nothing if none is.
    std::optional<View> view_of(const Event& event) const;

    // Whether they may ask for what happens in the room. "organization:<number>" is for its members, "customer:<user>"
    // for that user, "booking:<id>" for whoever may see that booking (whose events view_of decides on); the others are
    // for everybody.
    bool may_join(std::string_view room) const;

    // Whether they may talk to those who are there: besides, of "booking:<id>", only the members of its organization,
    // and whoever has shown its token. A customer is known by the events of a booking, not by its id.
    bool may_talk_in(std::string_view room) const;

    // Where they are concerned themselves: as customer, by the booking's token, as members. A visitor has none.
    std::vector<std::string> own_rooms() const;

    friend bool operator==(const Identity&, const Identity&) = default;
};

} // namespace pgbk::relay
