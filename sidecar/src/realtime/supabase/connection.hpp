// One client: its messages, its channels. Free of the network, whose side is `Outlet`.
#pragma once

#include "net/wire.hpp"
#include "realtime/hub.hpp"
#include "realtime/message_budget.hpp"
#include "realtime/rechecks.hpp"
#include "realtime/subscriptions.hpp"
#include "realtime/supabase/channel.hpp"
#include "realtime/supabase/cursors.hpp"
#include "realtime/supabase/deliveries.hpp"
#include "realtime/supabase/phoenix.hpp"
#include "realtime/supabase/topics.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace pgbk::relay::supabase {

// What all connections share.
struct Shared {
    Hub& hub;
    Subscriptions& subscriptions;
    Rechecks& rechecks;
    std::size_t queue_limit;
    std::chrono::seconds rejoin_window;
    Cursors cursors;
    Topics topics = {};
    Deliveries deliveries = {};
    std::function<std::chrono::system_clock::time_point()> now = [] { return std::chrono::system_clock::now(); };
    std::function<std::chrono::steady_clock::time_point()> steady_now = [] { return std::chrono::steady_clock::now(); };
};

class Outlet {
public:
    virtual ~Outlet() = default;

    virtual void send(const Frame& frame) = 0;
    virtual std::size_t waiting() const = 0; // bytes that the client has not taken yet
    virtual void close(std::uint16_t code, std::string_view reason) = 0;
    // Calls Connection::wake once, then; what was said before does not count any more.
    virtual void wake_at(std::chrono::system_clock::time_point when) = 0;
};

class Connection {
public:
    struct Hello {
        Version version = Version::objects;
        std::string apikey;
        std::string client_id; // the client's word for itself, where it has one
    };

    Connection(Shared& shared, Outlet& outlet, Hello hello);
    ~Connection(); // its channels are lost
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void take_text(std::string_view text);
    void take_bytes(std::string_view bytes);
    void wake();

    // For its channels
    Shared& shared() { return shared_; }
    Outlet& outlet() { return outlet_; }
    const Hello& hello() const { return hello_; }
    bool is_return() const { return is_return_; }
    std::size_t channels() const { return channels_.size(); }
    void send(const Heading& heading, std::string_view payload);
    void forget(const Channel& channel, const std::string& topic); // it is over
    void plan();                                                   // when to wake

private:
    bool admits_message();
    void take(Message message);
    void join(Message message);
    void take_for(Channel& channel, const Message& message);
    void leave(const Message& message);
    void heartbeat(const Heading& heading);
    Channel* find(const Heading& heading) const;
    void reply(const Heading& heading, bool good, std::string_view response);
    void expire_channels();

    Shared& shared_;
    Outlet& outlet_;
    Hello hello_;
    std::map<std::string, std::shared_ptr<Channel>> channels_;
    MessageBudget messages_;
    bool is_first_ = true;
    // Clients go on counting their messages when they reconnect: one whose first message here has number 1 is new. Some
    // begin with another number; they are taken for one that was connected before, which does no harm.
    bool is_return_ = false;
};

// {"reason": ...}
std::string reason_json(std::string_view reason);
// {"status": "ok" or "error", "response": ...}
std::string reply_json(bool good, std::string_view response);

} // namespace pgbk::relay::supabase
