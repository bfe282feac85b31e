// systemd's notification protocol: datagrams to the socket that NOTIFY_SOCKET names; nothing where it is not set.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace pgbk::relay {

class NotifySocket {
public:
    NotifySocket();
    ~NotifySocket();
    NotifySocket(const NotifySocket&) = delete;
    NotifySocket& operator=(const NotifySocket&) = delete;

    void send(const std::string& state) const; // "READY=1"

    // How often systemd wants to hear WATCHDOG=1, with a margin; nothing if it does not.
    static std::optional<std::chrono::microseconds> watchdog_interval();

private:
    int socket_ = -1;
    std::string path_;
};

} // namespace pgbk::relay
