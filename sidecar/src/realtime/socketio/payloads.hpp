// Events in the words and shapes that pages with socket.io-client expect: booking:created, library:updated,
// seat:availability and the like. Pure.
#pragma once

#include "realtime/event.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>

namespace pgbk::relay::socketio {

struct Emission {
    std::string name;
    boost::json::object payload;
};

// What whoever has this view is sent of the event; nothing if it is none of theirs.
std::optional<Emission> emission_of(const Event& event, View view);

} // namespace pgbk::relay::socketio
