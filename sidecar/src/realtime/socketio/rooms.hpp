// What clients ask to join, in their words, and which rooms of the hub that is. Pure.
#pragma once

#include "realtime/identity.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgbk::relay::socketio {

struct Wish {
    std::string key;                // the same for the same rooms, however they were asked for: "role:student"
    std::vector<std::string> rooms; // of the hub
    std::string refusal;            // why not, for the client; empty: it may
    bool is_role = false;           // those are not counted as subscriptions
};

// event: what stands behind "join:" or "leave:", as in join:library; argument: the first that came with it. Nothing if
// nobody can join such a thing.
std::optional<Wish> wish_of(std::string_view thing, std::string_view argument, const Identity& identity);

} // namespace pgbk::relay::socketio
