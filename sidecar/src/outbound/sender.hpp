// Sends one request and says what happened. Decides nothing: whether a failure is worth another attempt is the
// database's business.
#pragma once

#include "outbound/curl_loop.hpp"
#include "outbound/delivery.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace pgbk::relay {

class Sender {
public:
    struct Settings {
        std::string version;
        std::string proxy;   // empty: none, whatever the environment says
        std::string ca_file; // empty: the system's
        std::chrono::milliseconds connect_limit{};
        long most_connections = 0; // that are kept open
    };

    using Done = std::function<void(std::shared_ptr<const Facts>)>;

    Sender(boost::asio::io_context& loop, Settings settings);
    ~Sender();
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;

    // `done` is called later, never from within.
    void send(Dispatch dispatch, Done done);

    // Ends what is under way; each `done` is called, with error class "timeout".
    void abort_all(const std::string& reason);

    std::size_t in_flight() const { return transfers_.size(); }

private:
    struct Transfer;

    void configure(Transfer& transfer);
    void finish(Transfer* transfer, CURLcode code);
    void refuse(Done done, std::string error_class, std::string error);

    boost::asio::io_context& loop_;
    Settings settings_;
    CurlLoop curl_;
    std::unordered_map<Transfer*, std::unique_ptr<Transfer>> transfers_;
    std::vector<CURL*> idle_;
};

// What became of the connection: "dns", "connect", ... as booking.relay_complete names them.
std::string error_class_of(CURLcode code);

} // namespace pgbk::relay
