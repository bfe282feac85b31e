// Sends one request and says what happened. Decides nothing: whether a failure is worth another attempt is the
// database's business.
#pragma once

#include "outbound/curl_loop.hpp"
#include "outbound/delivery.hpp"
#include "outbound/request.hpp"

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

    // A request to an API that the configuration names, whose answer is read and not stored: its body comes whole, up
    // to a megabyte, and so do its headers.
    struct ApiRequest {
        std::string method; // GET, POST
        std::string url;
        std::vector<std::string> headers; // "name: value"
        std::string body;
        std::chrono::milliseconds timeout{};
    };

    // `done` is called later, never from within.
    void send(Dispatch dispatch, Done done);
    void send(ApiRequest request, Done done);

    // Ends what is under way; each `done` is called, with error class "timeout", and told to which address the request
    // had gone, if to any.
    void abort_all(const std::string& reason);

    std::size_t in_flight() const { return transfers_.size(); }

private:
    struct Transfer;
    struct Outgoing {
        std::string method = "POST";
        std::string url;
        std::string body;
        std::chrono::milliseconds timeout{};
        PreparedRequest request;
        bool is_api = false;
    };

    void start(Outgoing outgoing, std::chrono::system_clock::time_point now, Done done);
    void configure(Transfer& transfer);
    void finish(Transfer* transfer, CURLcode code);
    void refuse(Done done, std::string error_class, std::string error, std::string remote_address = {});

    boost::asio::io_context& loop_;
    Settings settings_;
    CurlLoop curl_;
    std::unordered_map<Transfer*, std::unique_ptr<Transfer>> transfers_;
    std::vector<CURL*> idle_;
};

// What became of the connection: "dns", "connect", ... as booking.relay_complete names them.
std::string error_class_of(CURLcode code);

} // namespace pgbk::relay
