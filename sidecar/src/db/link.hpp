// A connection that comes back: goes through the servers of the list until one will do, and starts over, with a growing
// and jittered pause, whenever it is lost.
#pragma once

#include "db/connection.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <random>

namespace pgbk::relay {

class Link {
public:
    struct Settings {
        std::string purpose; // for logs and metrics
        std::chrono::milliseconds connect_limit{};
        std::chrono::milliseconds statement_limit{};
    };

    struct Events {
        std::function<void()> up;
        std::function<void(const std::string& reason)> down; // also after each round in which no server would do
        std::function<void(std::string_view channel)> notified;
    };

    Link(boost::asio::io_context& loop, Dsn dsn, Settings settings, Events events);

    void start();
    void stop();
    bool is_up() const { return up_; }

    // It is up and of use: the next loss starts with a short pause again.
    void settled();

    // Only while it is up; otherwise the answer says that the connection is lost.
    void call(const std::string& sql, const Parameters& parameters, AnswerHandler handler);
    void call(const std::vector<Statement>& transaction, AnswerHandler handler); // all of them, or none
    void prepare(const std::string& name, const std::string& sql);               // on the present connection

    // The connection stands but is of no use: give it up and try again, the next server first.
    void give_up(const std::string& reason);

private:
    void try_next();
    void look_up(const DatabaseServer& server);
    void connect(const DatabaseServer& server);
    void opened();
    void closed(const std::string& reason);
    void pause();

    boost::asio::io_context& loop_;
    Dsn dsn_;
    Settings settings_;
    Events events_;
    boost::asio::ip::tcp::resolver resolver_;
    boost::asio::steady_timer timer_;
    std::shared_ptr<Connection> connection_;
    std::deque<DatabaseServer> candidates_; // of this round
    std::string reasons_;                   // why none of this round's servers would do
    std::chrono::milliseconds backoff_{};
    std::minstd_rand random_{std::random_device{}()};
    unsigned attempt_ = 0; // an answer of the resolver that belongs to an earlier one is late
    bool up_ = false;
    bool stopped_ = true;
};

} // namespace pgbk::relay
