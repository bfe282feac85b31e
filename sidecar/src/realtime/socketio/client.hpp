// One client of Socket.IO: who it is, what it has joined, what it is told. Knows the network as EngineSession does.
// Pure.
#pragma once

#include "realtime/hub.hpp"
#include "realtime/message_budget.hpp"
#include "realtime/rechecks.hpp"
#include "realtime/socketio/catch_up.hpp"
#include "realtime/socketio/engine_session.hpp"
#include "realtime/socketio/event_frames.hpp"
#include "realtime/socketio/packet.hpp"
#include "realtime/socketio/rooms.hpp"
#include "realtime/subscriptions.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pgbk::relay::socketio {

class Client;

// What the clients of a relay share.
struct Surroundings {
    Hub& hub;
    Subscriptions& subscriptions;
    Rechecks& rechecks;
    EngineSettings settings;
    std::function<Clock::time_point()> now;
    std::function<std::chrono::system_clock::time_point()> date;
    std::function<std::string()> random;               // 16 bytes
    std::function<void(std::function<void()>)> later;  // not before whoever calls has returned
    std::function<void(const std::string& id)> forget; // the session has ended
    EventFrames frames = {};
    std::unordered_map<std::string, Client*> names = {}; // of those that are connected
};

class Client : public Subscriber, public EngineUser, public std::enable_shared_from_this<Client> {
public:
    // token: of the request, for clients that do not send one with CONNECT.
    Client(Surroundings& surroundings, std::string id, std::string token);

    EngineSession& session() { return session_; }
    void tick();
    void keep(std::shared_ptr<void> place) { place_ = std::move(place); } // as long as it lives

    // As EngineUser
    void text(std::string_view message) override;
    void binary() override;
    void closed() override;

    // As Subscriber
    const Identity& identity() const override { return identity_; }
    void deliver(const SharedEvent& event, View view) override;
    bool congested() const override { return session_.waiting() > around_.settings.queue_limit / 2; }

private:
    enum class State { idle, admitting, connected };

    struct Joined {
        std::vector<std::string> rooms;
        Subscriptions::Slot slot; // none: a role
    };
    using Id = std::optional<std::uint64_t>; // of the packet that is to be acknowledged

    bool admits_message();
    void decoded(const Decoder::Result& result);
    void received(const Packet& packet);
    void connect(const Packet& packet);
    void admit_booking(const std::string& token, Identity identity, const boost::json::object& said);
    void admitted(Identity identity, const boost::json::object& said);
    void watch(Rechecks::Shown shown);
    Rechecks::Shown shown() const { return recheck_ ? recheck_->shown() : Rechecks::Shown(); }
    void refuse_connect(const Hub::Admission& admission);
    void take_name(std::string name);
    void disconnect();

    void called(const Packet& packet);
    void join(std::string_view thing, const std::string& argument, Id id);
    void join_as(const Wish& wish, Id id);
    void joined(const Wish& wish, Resumption resumption, Id id);
    void join_by_token(const std::string& token, Id id);
    void leave(std::string_view thing, const std::string& argument, Id id);
    void drop(const std::string& key);
    void leave_unneeded(const std::vector<std::string>& rooms);
    void take_token(const std::string& token, Id id);
    void take_identity(Identity identity, std::string_view why);

    void send(const Packet& packet);
    void tell(std::string_view event, boost::json::object argument);
    void answer(Id id, boost::json::object result);
    void refuse(Id id, std::string_view why);
    void send_cursor();
    std::size_t subscriptions() const;

    // Calls when the answer is there, unless the client has gone or begun anew meanwhile.
    std::function<void(Hub::Admission)> still(std::function<void(Hub::Admission)> done);

    Surroundings& around_;
    EngineSession session_;
    std::string token_;
    std::shared_ptr<void> place_;
    MessageBudget messages_;
    Decoder decoder_;
    State state_ = State::idle;
    std::uint64_t attempt_ = 0; // counts connects and disconnects
    Clock::time_point connect_end_;
    Identity identity_;
    Rechecks::Watch recheck_;
    std::string name_;                     // which it shows when it comes back
    bool asking_ = false;                  // who somebody is; once at a time
    std::string event_;                    // that is being answered, for who does not ask for acknowledgement
    std::map<std::string, Joined> joined_; // by key
    std::size_t joining_ = 0;
    CatchUp catch_up_;
    std::int64_t cursor_ = 0; // as the client has it
    Clock::time_point next_cursor_;
};

} // namespace pgbk::relay::socketio
