#include "main/daemon.hpp"

#include "db/relay_database.hpp"
#include "http/health.hpp"
#include "http/server.hpp"
#include "inbound/booking_events.hpp"
#include "inbound/webhooks.hpp"
#include "main/log.hpp"
#include "main/notify_socket.hpp"
#include "main/parts.hpp"
#include "main/rooms.hpp"
#include "outbound/deliverer.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/json.hpp>

#include <cmath>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <unistd.h>

namespace pgbk::relay {

namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::chrono::seconds status_interval{5};
constexpr std::size_t most_events_waiting = 500;
constexpr double suspicious_clock_offset = 5;    // seconds
constexpr std::string_view in_the_way = "BK401"; // another transaction is: the same call may succeed later

class Daemon {
public:
    explicit Daemon(const Config& config)
        : config_(config),
          link_(loop_, read_dsn(config.database_url), link_settings(config, "deliveries"),
                {[this] { up(); }, [this](const std::string& reason) { down(reason); },
                 [this](std::string_view channel) { notified(channel); }}),
          inbound_(loop_, metrics_,
                   {read_dsn(config.database_url),
                    link_settings(config, "inbound"),
                    1,
                    most_events_waiting,
                    {{"SELECT booking.relay_connect()"}}}),
          database_(link_, metrics_, new_relay_id()),
          sender_(loop_, sender_settings(config)),
          deliverer_(loop_, database_, sender_, metrics_,
                     {config.outbound_max_in_flight, config.outbound_claim_limit,
                      std::chrono::seconds(config.outbound_lease_seconds),
                      std::chrono::milliseconds(config.outbound_poll_ms),
                      std::chrono::seconds(config.outbound_drain_seconds)}),
          rooms_(loop_, router_, metrics_, config, database_.relay_id()),
          server_(loop_, router_, metrics_,
                  {config.http_address, static_cast<std::uint16_t>(config.http_port), config.http_certificate_file,
                   config.http_key_file, static_cast<std::size_t>(config.http_max_connections),
                   std::chrono::milliseconds(config.http_read_timeout_ms),
                   static_cast<std::size_t>(config.http_body_limit),
                   parse_networks(config.http_trusted_proxies).value_or(std::vector<Network>())}),
          webhooks_(loop_, router_, metrics_, database_, config),
          signals_(loop_, SIGTERM, SIGINT),
          status_timer_(loop_),
          watchdog_timer_(loop_) {
        metrics_.set("booking_relay_build_info", 1, {{"version", relay_version()}});
        add_health(router_, metrics_, [this] { return obstacle(); });
        add_booking_events(router_, inbound_, metrics_, {config.organization, config.inbound_secret},
                           [this] { return status_json(); });
    }

    int run() {
        const std::uint16_t port = server_.listen();
        if (!config_.http_port_file.empty()) {
            write_port(port);
        }
        log(LogLevel::info, "started",
            {{"version", relay_version()}, {"relay_id", database_.relay_id()}, {"http_port", port}});
        wait_for_signal();
        keep_watchdog_quiet();
        link_.start();
        if (!config_.inbound_secret.empty()) {
            inbound_.start();
        }
        rooms_.start();
        notify_.send("READY=1");
        loop_.run();
        return exit_code_;
    }

private:
    // The database's side

    void up() {
        metrics_.add("booking_relay_database_connects_total", {{"purpose", "deliveries"}});
        database_.listen([this](std::optional<bool> listening, const Answer& answer) {
            if (!listening && !answer.lost) {
                link_.give_up("LISTEN: " + answer.error);
            }
        });
        database_.attach(host_name(), relay_version(),
                         [this](const std::optional<Attachment>& attachment, const Answer& answer) {
                             if (attachment) {
                                 attached(*attachment);
                             } else if (!answer.lost) {
                                 link_.give_up("booking.relay_attach: " + answer.error);
                             }
                         });
        database_.prepare();
    }

    void attached(const Attachment& attachment) {
        link_.settled();
        obstacle_.clear();
        original_ = attachment.original;
        const double offset = attachment.clock_offset.value_or(0);
        metrics_.set("booking_relay_clock_offset_seconds", offset);
        if (std::abs(offset) > suspicious_clock_offset) {
            log(LogLevel::warn, "this machine's clock and the database's differ: receivers may refuse our timestamps",
                {{"seconds", std::lround(offset)}});
        }
        log(LogLevel::info, "attached to the database",
            {{"extension_version", attachment.version}, {"original", attachment.original}});
        if (!config_.make_url.empty()) {
            set_up_make();
        }
        deliverer_.attached();
        rooms_.wake();
        webhooks_.set_clock_offset(offset);
        webhooks_.load_sources();
        ask_status();
    }

    void set_up_make() {
        make_due_ = false;
        database_.make_endpoint(
            config_.organization, config_.make_url, config_.make_secret,
            [this](std::optional<bool> made, const Answer& answer) {
                if (!made) {
                    make_due_ = answer.sqlstate == in_the_way;
                    log(make_due_ ? LogLevel::warn : LogLevel::error, "the endpoint \"make\" was not set up",
                        {{"sqlstate", answer.sqlstate}, {"error", answer.error}, {"tried_again", make_due_}});
                }
            });
    }

    void down(const std::string& reason) {
        make_due_ = false; // it is done anew after attaching
        count_loss("deliveries", reason);
        obstacle_ = "the database cannot be used: " + reason;
        status_timer_.cancel();
        forget_status();
        webhooks_.detached();
        deliverer_.detached();
    }

    void count_loss(const std::string& purpose, const std::string& reason) {
        metrics_.add("booking_relay_database_losses_total", {{"purpose", purpose}});
        log(LogLevel::warn, "no connection to the database", {{"purpose", purpose}, {"reason", reason}});
    }

    void notified(std::string_view channel) {
        metrics_.add("booking_relay_notifications_total", {{"channel", std::string(channel)}});
        if (channel == "booking_webhooks") {
            deliverer_.wake();
            rooms_.wake();
            webhooks_.load_sources();
        }
    }

    void ask_status() {
        database_.status([this](const std::optional<QueueStatus>& status, const Answer& answer) {
            if (answer.lost || stopping_) {
                return;
            }
            if (status) {
                original_ = status->original;
                show_status(*status);
            } else {
                log(LogLevel::error, "status refused", {{"sqlstate", answer.sqlstate}, {"error", answer.error}});
            }
            status_timer_.expires_after(status_interval);
            status_timer_.async_wait([this](boost::system::error_code error) {
                if (!error && link_.is_up()) {
                    if (make_due_) {
                        set_up_make();
                    }
                    webhooks_.load_sources();
                    ask_status();
                }
            });
        });
    }

    void show_status(const QueueStatus& status) {
        status_ = status;
        const std::string queue = "booking_relay_queue";
        metrics_.set(queue, status.pending, {{"state", "pending"}});
        metrics_.set(queue, status.due, {{"state", "due"}});
        metrics_.set(queue, status.leased, {{"state", "leased"}});
        metrics_.set(queue, status.dead, {{"state", "dead"}});
        metrics_.set(queue, status.blocked, {{"state", "blocked"}});
        metrics_.set(queue, status.parked, {{"state", "parked"}});
        metrics_.set("booking_relay_queue_oldest_due_seconds", status.oldest_due_seconds.value_or(0));
        const std::string endpoints = "booking_relay_endpoints";
        metrics_.set(endpoints, status.active, {{"state", "active"}});
        metrics_.set(endpoints, status.disabled, {{"state", "disabled"}});
        metrics_.set(endpoints, status.open, {{"state", "open"}});
        metrics_.set(endpoints, status.held, {{"state", "held"}});
        metrics_.set("booking_relay_relays", status.relays);
        const std::string calls = "booking_relay_provider_calls";
        metrics_.set(calls, status.calls_pending, {{"state", "pending"}});
        metrics_.set(calls, status.calls_due, {{"state", "due"}});
        metrics_.set(calls, status.calls_running, {{"state", "running"}});
        metrics_.set(calls, status.calls_failed, {{"state", "failed"}});
    }

    // What is not known must not look as if it were.
    void forget_status() {
        status_.reset();
        for (const char* name : {"booking_relay_queue", "booking_relay_queue_oldest_due_seconds",
                                 "booking_relay_endpoints", "booking_relay_relays", "booking_relay_provider_calls"}) {
            metrics_.forget(name);
        }
    }

    // What is said about it

    std::string obstacle() const {
        if (stopping_) {
            return "stopping";
        }
        if (!obstacle_.empty()) {
            return obstacle_;
        }
        return original_ ? "" : "copy: held until booking.adopt()";
    }

    std::string status_json() const {
        const std::string reason = obstacle();
        json::object out;
        out["status"] = reason.empty() ? "ready" : "not ready";
        out["reason"] = reason.empty() ? json::value(nullptr) : json::value(reason);
        out["version"] = relay_version();
        out["organization"] = config_.organization > 0 ? json::value(config_.organization) : json::value(nullptr);
        out["app_url"] = config_.site_url.empty() ? json::value(nullptr) : json::value(config_.site_url);
        out["configured"] = {{"SUPABASE_WEBHOOK_SECRET", !config_.inbound_secret.empty()},
                             {"MAKE_WEBHOOK_URL", !config_.make_url.empty()},
                             {"MAKE_WEBHOOK_SECRET", !config_.make_secret.empty()}};
        if (status_) {
            out["queue"] = {{"pending", static_cast<std::int64_t>(status_->pending)},
                            {"due", static_cast<std::int64_t>(status_->due)},
                            {"leased", static_cast<std::int64_t>(status_->leased)},
                            {"dead", static_cast<std::int64_t>(status_->dead)},
                            {"blocked", static_cast<std::int64_t>(status_->blocked)},
                            {"parked", static_cast<std::int64_t>(status_->parked)}};
        } else {
            out["queue"] = nullptr;
        }
        return json::serialize(out);
    }

    void write_port(std::uint16_t port) const {
        // Under another name first: who waits for the file finds a whole number in it.
        const std::string unfinished = config_.http_port_file + ".new";
        std::ofstream file(unfinished, std::ios::trunc);
        file << port << '\n';
        file.close();
        if (!file || std::rename(unfinished.c_str(), config_.http_port_file.c_str()) != 0) {
            throw std::runtime_error("http.port_file " + config_.http_port_file + " cannot be written");
        }
    }

    // Its life

    void wait_for_signal() {
        signals_.async_wait([this](boost::system::error_code error, int number) {
            if (error) {
                return;
            }
            if (stopping_) {
                ::_exit(128 + number); // whoever asks twice does not want to wait
            }
            stop(number);
            wait_for_signal();
        });
    }

    void stop(int number) {
        stopping_ = true;
        notify_.send("STOPPING=1");
        log(LogLevel::info, "stopping", {{"signal", number}, {"requests_in_flight", sender_.in_flight()}});
        server_.stop();
        deliverer_.stop([this](std::size_t unreported) {
            if (unreported > 0) {
                log(LogLevel::error, "results were not reported: their deliveries will be sent again",
                    {{"results", unreported}});
                exit_code_ = exit_failed;
            }
            link_.stop();
            end();
        });
        inbound_.stop(std::chrono::seconds(config_.outbound_drain_seconds), [this] { end(); });
        webhooks_.stop([this] { end(); });
        rooms_.stop([this] {
            server_.dismiss();
            end();
        });
    }

    void end() {
        if (--parts_to_stop_ == 0) {
            log(LogLevel::info, "stopped", {});
            loop_.stop();
        }
    }

    void keep_watchdog_quiet() {
        const auto interval = NotifySocket::watchdog_interval();
        if (!interval) {
            return;
        }
        notify_.send("WATCHDOG=1");
        watchdog_timer_.expires_after(*interval);
        watchdog_timer_.async_wait([this](boost::system::error_code error) {
            if (!error) {
                keep_watchdog_quiet();
            }
        });
    }

    const Config& config_;
    asio::io_context loop_{1};
    NotifySocket notify_;
    Metrics metrics_;
    Router router_;
    Link link_;
    Pool inbound_; // events from outside: one connection, so that they stay in order
    RelayDatabase database_;
    Sender sender_;
    Deliverer deliverer_;
    Rooms rooms_;
    Server server_;
    Webhooks webhooks_;
    asio::signal_set signals_;
    asio::steady_timer status_timer_;
    asio::steady_timer watchdog_timer_;
    std::string obstacle_ = "the database has not been reached yet";
    std::optional<QueueStatus> status_;
    bool original_ = false;
    bool make_due_ = false; // the endpoint "make" is set up with the next look at the status
    bool stopping_ = false;
    int parts_to_stop_ = 4; // the deliverer, events from outside, the webhooks and the rooms
    int exit_code_ = exit_ok;
};

} // namespace

int run_daemon(const Config& config) {
    try {
        Daemon daemon(config);
        return daemon.run();
    } catch (const std::exception& error) {
        log(LogLevel::error, "cannot go on", {{"error", error.what()}});
        return exit_failed;
    }
}

} // namespace pgbk::relay
