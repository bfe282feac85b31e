#include "main/notify_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace pgbk::relay {

NotifySocket::NotifySocket() {
    const char* const path = std::getenv("NOTIFY_SOCKET"); // NOLINT(concurrency-mt-unsafe): before any thread
    if (path != nullptr && (*path == '/' || *path == '@') && std::strlen(path) < sizeof(sockaddr_un::sun_path)) {
        path_ = path;
        socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    }
}

NotifySocket::~NotifySocket() {
    if (socket_ >= 0) {
        ::close(socket_);
    }
}

void NotifySocket::send(const std::string& state) const {
    if (socket_ < 0) {
        return;
    }
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    if (path_.front() == '@') {
        address.sun_path[0] = '\0'; // the abstract namespace
    }
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());
    // Nobody is helped by an error: systemd acts on what it does not hear.
    static_cast<void>(::sendto(socket_, state.data(), state.size(), MSG_NOSIGNAL,
                               reinterpret_cast<const sockaddr*>(&address), length)); // NOLINT
}

std::optional<std::chrono::microseconds> NotifySocket::watchdog_interval() {
    const char* const text = std::getenv("WATCHDOG_USEC"); // NOLINT(concurrency-mt-unsafe)
    const long long microseconds = text == nullptr ? 0 : std::strtoll(text, nullptr, 10);
    return microseconds > 0 ? std::optional(std::chrono::microseconds(microseconds / 3)) : std::nullopt;
}

} // namespace pgbk::relay
