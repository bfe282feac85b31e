// All clients of a relay, by the ids of their sessions. Pure.
#pragma once

#include "http/message.hpp"
#include "realtime/socketio/client.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace pgbk::relay::socketio {

class Clients {
public:
    explicit Clients(Surroundings& surroundings); // whose forget it sets

    // Why Engine.IO does not take the request, if it does not.
    std::optional<Response> refuse(const Request& request) const;

    std::shared_ptr<Client> open(const Request& request);
    std::shared_ptr<Client> find(const Request& request) const; // whose session it names; none: gone

    void tick(); // every second or so
    std::size_t count() const { return clients_.size(); }

private:
    Surroundings& around_;
    std::unordered_map<std::string, std::shared_ptr<Client>> clients_;
};

} // namespace pgbk::relay::socketio
