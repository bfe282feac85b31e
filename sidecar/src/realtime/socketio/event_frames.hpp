// Events as packets: written once for all who have the same view, while they are told one after the other. Pure.
#pragma once

#include "realtime/event.hpp"
#include "realtime/socketio/engine_session.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace pgbk::relay::socketio {

class EventFrames {
public:
    // None: nothing of it is for that view. What is history ends with its seq as a string: the client keeps it, and
    // says it when it comes back.
    SharedOutgoing of(const SharedEvent& event, View view);
    // The same with another cursor, for one who has not caught up yet.
    SharedOutgoing of(const SharedEvent& event, View view, std::int64_t cursor);

    // For the client's memory alone: nobody listens for it.
    SharedOutgoing cursor(std::int64_t position);

private:
    SharedEvent event_; // the last one
    std::array<std::optional<SharedOutgoing>, number_of_views> made_;
    std::int64_t position_ = -1;
    SharedOutgoing cursor_;
};

} // namespace pgbk::relay::socketio
