#include "db/link.hpp"

#include <algorithm>
#include <utility>

namespace pgbk::relay {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds first_pause{100};
// With its jitter, three seconds: once the server is back, each relay has to be there before another, which was faster,
// takes it for dead. That takes five.
constexpr std::chrono::milliseconds longest_pause{2'000};

} // namespace

Link::Link(asio::io_context& loop, Dsn dsn, Settings settings, Events events)
    : loop_(loop),
      dsn_(std::move(dsn)),
      settings_(std::move(settings)),
      events_(std::move(events)),
      resolver_(loop),
      timer_(loop),
      backoff_(first_pause) {}

void Link::start() {
    stopped_ = false;
    candidates_.assign(dsn_.servers.begin(), dsn_.servers.end());
    reasons_.clear();
    try_next();
}

void Link::stop() {
    stopped_ = true;
    up_ = false;
    ++attempt_;
    timer_.cancel();
    resolver_.cancel();
    if (const auto connection = std::exchange(connection_, nullptr)) {
        connection->close();
    }
}

void Link::settled() {
    backoff_ = first_pause;
}

void Link::call(const std::string& sql, const Parameters& parameters, AnswerHandler handler) {
    call({Statement{sql, parameters}}, std::move(handler));
}

void Link::call(const std::vector<Statement>& transaction, AnswerHandler handler) {
    if (!up_ || connection_ == nullptr) { // what is sent on a connection that is not open yet would end it
        asio::post(loop_, [handler = std::move(handler)] {
            handler({nullptr, "there is no connection to the database", "", true});
        });
        return;
    }
    connection_->call(transaction, [this, handler = std::move(handler)](Answer answer) {
        const bool demoted = answer.sqlstate == "25006"; // read-only: another server is the one to write to now
        handler(std::move(answer));
        if (demoted) {
            give_up("the server has become read-only");
        }
    });
}

void Link::prepare(const std::string& name, const std::string& sql) {
    if (up_ && connection_ != nullptr) {
        connection_->prepare(name, sql);
    }
}

void Link::give_up(const std::string& reason) {
    if (const auto connection = std::exchange(connection_, nullptr)) {
        connection->close();
        closed(reason);
    }
}

void Link::try_next() {
    if (candidates_.empty()) {
        events_.down(reasons_);
        pause();
        return;
    }
    const DatabaseServer server = candidates_.front();
    candidates_.pop_front();
    if (server.needs_lookup()) {
        look_up(server);
    } else {
        connect(server);
    }
}

void Link::look_up(const DatabaseServer& server) {
    const unsigned attempt = ++attempt_;
    timer_.expires_after(settings_.connect_limit);
    timer_.async_wait([this, attempt, server](boost::system::error_code error) {
        if (!error && attempt == attempt_) {
            ++attempt_;
            resolver_.cancel();
            closed(server.text() + ": the name was not resolved in time");
        }
    });
    resolver_.async_resolve(
        server.host, "",
        [this, attempt, server](boost::system::error_code error, const asio::ip::tcp::resolver::results_type& results) {
            if (attempt != attempt_) {
                return;
            }
            timer_.cancel();
            if (error) {
                closed(server.text() + ": " + error.message());
                return;
            }
            std::deque<DatabaseServer> found;
            for (const auto& entry : results) {
                found.push_back({server.host, entry.endpoint().address().to_string(), server.port});
            }
            candidates_.insert(candidates_.begin(), found.begin(), found.end());
            try_next();
        });
}

void Link::connect(const DatabaseServer& server) {
    connection_ = std::make_shared<Connection>(loop_);
    connection_->open(options_for(dsn_, server), settings_.connect_limit,
                      {[this] { opened(); },
                       [this, server](const std::string& reason) { closed(server.text() + ": " + reason); },
                       [this](std::string_view channel) { events_.notified(channel); }});
}

void Link::opened() {
    // Whatever role and database are configured to: a call that hangs must end before its caller has given up,
    // transactions must see each other's commits, and errors must not take what we send into the server's log.
    connection_->call({{"SELECT set_config('statement_timeout', $1, false), set_config('search_path', '', false), "
                        "set_config('default_transaction_isolation', 'read committed', false), "
                        "set_config('log_parameter_max_length_on_error', '0', false)",
                        {std::to_string(settings_.statement_limit.count())}}},
                      [this](const Answer& answer) {
                          if (answer.lost) {
                              return;
                          }
                          if (!answer.ok()) {
                              give_up(answer.error);
                              return;
                          }
                          up_ = true;
                          events_.up();
                      });
}

void Link::closed(const std::string& reason) {
    connection_.reset();
    if (stopped_) {
        return;
    }
    if (std::exchange(up_, false)) {
        events_.down(reason);
        pause();
        return;
    }
    reasons_ += (reasons_.empty() ? "" : "; ") + reason;
    try_next();
}

void Link::pause() {
    if (stopped_) {
        return;
    }
    // Half to one and a half: relays that lost the same server do not come back at the same moment.
    const auto jittered = std::chrono::milliseconds(
        std::uniform_int_distribution<std::int64_t>(backoff_.count() / 2, backoff_.count() * 3 / 2)(random_));
    backoff_ = std::min(backoff_ * 2, longest_pause);
    timer_.expires_after(jittered);
    timer_.async_wait([this](boost::system::error_code error) {
        if (!error && !stopped_) {
            start();
        }
    });
}

} // namespace pgbk::relay
