// libcurl's multi interface on the event loop: transfers run while the loop does other things.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <curl/curl.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

namespace pgbk::relay {

class CurlLoop {
public:
    using Done = std::function<void(CURLcode)>;

    CurlLoop(boost::asio::io_context& loop, long most_connections);
    ~CurlLoop();
    CurlLoop(const CurlLoop&) = delete;
    CurlLoop& operator=(const CurlLoop&) = delete;

    // What libcurl has against it, if anything; then `done` is not called. If libcurl or this loop can go on with none
    // of the transfers, each `done` is told CURLE_ABORTED_BY_CALLBACK.
    [[nodiscard]] CURLMcode start(CURL* transfer, Done done);
    void abort(CURL* transfer); // its `done` is not called

private:
    struct Watch {
        explicit Watch(boost::asio::io_context& loop) : descriptor(loop) {}
        boost::asio::posix::stream_descriptor descriptor;
        int wanted = 0; // CURL_POLL_*
        bool reading = false;
        bool writing = false;
    };

    // Called by C, through which no exception may go.
    static int on_socket(CURL* transfer, curl_socket_t socket, int what, void* self, void* socket_data) noexcept;
    static int on_timer(CURLM* multi, long milliseconds, void* self) noexcept;

    void watch(curl_socket_t socket, int what);
    void wait(curl_socket_t socket, const std::shared_ptr<Watch>& watch);
    void ready(curl_socket_t socket, const std::shared_ptr<Watch>& watch, int events);
    void set_timer(long milliseconds);
    void arm_timer(std::chrono::steady_clock::time_point at);
    void act(curl_socket_t socket, int events);
    void collect(bool broken);

    boost::asio::io_context& loop_;
    boost::asio::steady_timer timer_;
    std::optional<std::chrono::steady_clock::time_point> due_; // when libcurl wants to be called
    bool armed_ = false;                                       // the timer goes off, no later than that
    CURLM* multi_;
    std::unordered_map<curl_socket_t, std::shared_ptr<Watch>> watches_;
    std::unordered_map<CURL*, Done> transfers_;
    bool closing_ = false;
    bool timer_failed_ = false; // in a call of libcurl that is under way
};

} // namespace pgbk::relay
