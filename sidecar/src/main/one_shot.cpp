#include "main/one_shot.hpp"

#include "db/relay_database.hpp"
#include "main/parts.hpp"
#include "outbound/sender.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdio>
#include <iostream>

namespace pgbk::relay {

namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds poll_interval{100};
constexpr std::chrono::seconds patience{60};

// One connection, one task, one exit code.
class OneShot {
public:
    explicit OneShot(const Config& config)
        : config_(config),
          link_(loop_, read_dsn(config.database_url), link_settings(config, "command"),
                {[this] { up(); }, [this](const std::string& reason) { down(reason); }, [](std::string_view) {}}),
          database_(link_, metrics_, new_relay_id()) {}

    virtual ~OneShot() = default;
    OneShot(const OneShot&) = delete;
    OneShot& operator=(const OneShot&) = delete;

    int run() {
        link_.start();
        loop_.run();
        return exit_code_;
    }

protected:
    virtual void begin() = 0;

    void end(int exit_code, const std::string& complaint = {}) {
        if (!complaint.empty()) {
            std::cerr << "booking-relay: " << complaint << '\n';
        }
        exit_code_ = exit_code;
        link_.stop();
        loop_.stop();
    }

    // A call did not succeed.
    void end(const char* what, const Answer& answer) {
        if (answer.lost) {
            end(exit_unreachable, std::string(what) + ": " + answer.error);
        } else {
            end(exit_not_prepared, std::string(what) + ": " + answer.error +
                                       (answer.sqlstate.empty() ? "" : " (" + answer.sqlstate + ")"));
        }
    }

    const Config& config() const { return config_; }
    asio::io_context& loop() { return loop_; }
    RelayDatabase& database() { return database_; }

private:
    void up() { begin(); }
    void down(const std::string& reason) { end(exit_unreachable, "the database cannot be reached: " + reason); }

    const Config& config_;
    asio::io_context loop_{1};
    Metrics metrics_;
    Link link_;
    RelayDatabase database_;
    int exit_code_ = exit_failed;
};

class DatabaseCheck : public OneShot {
public:
    using OneShot::OneShot;

private:
    void begin() override {
        database().status([this](const std::optional<QueueStatus>& status, const Answer& answer) {
            if (!status) {
                end("booking.relay_status", answer);
                return;
            }
            std::cout << "the database is "
                      << (status->original ? "the original" : "a copy, held until booking.adopt()") << "; "
                      << status->pending << " deliveries pending, " << status->dead << " dead, " << status->active
                      << " endpoints active\n";
            end(exit_ok);
        });
    }
};

class WebhookTest : public OneShot {
public:
    WebhookTest(const Config& config, std::string name)
        : OneShot(config), name_(std::move(name)), sender_(loop(), sender_settings(config)), timer_(loop()) {}

private:
    void begin() override {
        database().attach(host_name(), relay_version(), [this](const auto& attachment, const Answer& answer) {
            if (!attachment) {
                end("booking.relay_attach", answer);
            } else if (!attachment->original) {
                end(exit_not_prepared, "this database is a copy: nothing is sent until booking.adopt()");
            } else {
                queue();
            }
        });
    }

    void queue() {
        database().test_webhook(config().organization, name_, [this](const auto& delivery, const Answer& answer) {
            if (!delivery) {
                end("booking.test_webhook", answer);
                return;
            }
            delivery_ = *delivery;
            deadline_ = std::chrono::steady_clock::now() + patience;
            claim();
        });
    }

    // A relay that runs may be faster; then it sends, and the outcome is read from the database all the same.
    void claim() {
        const std::chrono::seconds lease(config().outbound_lease_seconds);
        database().claim(1, lease, delivery_, [this, lease](auto rows, const Answer& answer) {
            if (!rows) {
                end("booking.relay_claim", answer);
                return;
            }
            auto dispatches = group_into_dispatches(std::move(*rows));
            if (dispatches.empty()) {
                look();
                return;
            }
            Dispatch& dispatch = dispatches.front();
            dispatch.timeout = timeout_within(dispatch.timeout, lease);
            const Lease held = dispatch.leases.front();
            sender_.send(std::move(dispatch), [this, held](std::shared_ptr<const Facts> facts) {
                const Result result{held, std::move(facts), {}};
                database().complete({&result, 1}, [this](std::optional<int> accepted, const Answer& reply) {
                    if (accepted) {
                        look();
                    } else {
                        end("booking.relay_complete", reply);
                    }
                });
            });
        });
    }

    void look() {
        database().delivery(delivery_, [this](const auto& outcome, const Answer& answer) {
            if (!outcome) {
                end("booking.relay_delivery", answer);
            } else if (outcome->http_status || !outcome->error.empty() || outcome->status == "delivered") {
                tell(*outcome);
            } else if (std::chrono::steady_clock::now() > deadline_) {
                end(exit_failed, "the test is still " + outcome->status +
                                     ": the endpoint is held back, disabled, or busy (see booking.webhook_logs)");
            } else {
                timer_.expires_after(poll_interval);
                timer_.async_wait([this](boost::system::error_code error) {
                    if (!error) {
                        claim();
                    }
                });
            }
        });
    }

    void tell(const TestOutcome& outcome) {
        const bool success = outcome.status == "delivered";
        std::cout << "success: " << (success ? "true" : "false") << '\n';
        if (outcome.http_status) {
            std::cout << "status: " << *outcome.http_status << '\n';
        }
        if (outcome.total_ms) {
            std::printf("response time: %.1f ms\n", *outcome.total_ms);
        }
        if (!success) {
            std::cout << "error: " << (outcome.error.empty() ? "the endpoint did not answer with 2xx" : outcome.error)
                      << '\n';
        }
        std::cout.flush();
        end(success ? exit_ok : exit_failed);
    }

    std::string name_;
    std::string delivery_;
    std::chrono::steady_clock::time_point deadline_;
    Sender sender_;
    asio::steady_timer timer_;
};

} // namespace

int check_database(const Config& config) {
    return DatabaseCheck(config).run();
}

int test_webhook(const Config& config, const std::string& endpoint_name) {
    return WebhookTest(config, endpoint_name).run();
}

} // namespace pgbk::relay
