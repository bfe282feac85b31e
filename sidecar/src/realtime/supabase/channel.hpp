// One topic that a client has joined: what it has subscribed to, who it is there, how far it has heard.
#pragma once

#include "net/wire.hpp"
#include "realtime/hub.hpp"
#include "realtime/rechecks.hpp"
#include "realtime/subscriptions.hpp"
#include "realtime/supabase/bindings.hpp"
#include "realtime/supabase/phoenix.hpp"
#include "realtime/supabase/topics.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pgbk::relay::supabase {

class Connection;

class Channel : public Subscriber, public std::enable_shared_from_this<Channel> {
public:
    using Time = std::chrono::system_clock::time_point;

    // heading: of phx_join. before: how far the channel of this topic on the same connection had heard.
    Channel(Connection& connection, Heading heading, Join join, std::optional<std::int64_t> before);

    void start(); // answers phx_join, later

    const Identity& identity() const override { return identity_; }
    void deliver(const SharedEvent& event, View view) override;
    bool congested() const override;

    void take_token(const std::string& token); // pushed by the client
    void take_broadcast(const Broadcast& broadcast, const Heading& heading);
    void take_presence(const boost::json::value& payload, const Heading& heading);

    // All that has been written before the last heartbeat's answer has arrived: the client sends no heartbeat before it
    // has got the answer to the one before.
    void heartbeat();

    bool expires_by(Time now) const { return state_ != State::closed && identity_.expired_by(now); }
    std::optional<Time> expires() const { return state_ == State::closed ? std::nullopt : identity_.expires; }
    void expire(Time now);

    // Why it is over: the client has left, and knows; or else it may come back, and is told the rest then.
    void left();
    void lost();

    const std::optional<std::string>& join_ref() const { return heading_.join_ref; }
    std::optional<std::int64_t> heard() const { return heard_; }
    bool is_open() const { return state_ == State::open; }
    bool looks_at_presence() const { return join_.presence; }
    Version version() const;

    void push(const std::string& event, std::string_view payload);
    void send(const Frame& frame);
    void reply_to(const Heading& heading, bool good, std::string_view response);

private:
    enum class State : std::uint8_t { joining, open, closed };

    void admit(const std::string& token, std::function<void(Hub::Admission)> done);
    void admitted(const Hub::Admission& admission, const std::string& token, bool by_access_token);
    void watch(const std::string& token);
    void enter(std::vector<std::string> rooms);
    void enter_after(std::optional<std::int64_t> after);
    void entered(Resumption resumption);
    void open();
    void refuse(const std::string& reason);
    void change_identity(Identity identity);
    void fail(); // the client is to join again
    void close_for_good(const std::string& extension, const std::string& message);
    void system(const std::string& extension, bool good, const std::string& message);
    void end();

    std::optional<std::vector<std::string>> rooms(const Identity& identity, std::string& problem) const;
    std::string private_problem(const Identity& identity) const; // empty: there is none
    bool shows_seats_of(const Event& event) const;
    void write(const SharedEvent& event, View view);
    void write_change(const SharedEvent& event, View view, std::size_t place);
    std::string who() const;
    TopicKey key() const { return {heading_.topic, join_.is_private}; }

    Connection* connection_; // none: it has ended
    Heading heading_;
    Join join_;
    State state_ = State::joining;
    bool is_admitted_ = false; // once it is known who they are
    Identity identity_;
    Rechecks::Watch recheck_;
    Subscriptions::Slot slot_;
    std::set<std::string> rooms_;
    std::uint64_t tokens_ = 0; // pushed so far: the answer about an earlier one comes too late
    bool caught_up_ = false;
    std::optional<std::int64_t> heard_;   // the client has everything up to it
    std::optional<std::int64_t> written_; // what was written before the answer to the last heartbeat
};

} // namespace pgbk::relay::supabase
