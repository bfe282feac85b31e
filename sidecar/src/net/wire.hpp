// A connection that has left HTTP behind: bytes in both directions. Free of the libraries below, plain or TLS.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace pgbk::relay {

// Bytes that many connections may be sent: made once.
using Frame = std::shared_ptr<const std::string>;

class Wire {
public:
    virtual ~Wire() = default;

    // Calls `received` for what comes, one piece after another, until the wire is closed, and then `closed`, once. What
    // arrived together with the request comes first. Neither is called before this returns.
    virtual void start(std::function<void(std::string_view)> received, std::function<void()> closed) = 0;

    // Stops taking bytes in, so that the sender has to wait, and goes on.
    virtual void pause_reading(bool paused) = 0;

    // In order, as soon as the peer takes it.
    virtual void write(Frame bytes) = 0;
    virtual std::size_t waiting() const = 0; // bytes that the peer has not taken yet

    // After what is waiting has been written, or at once. `closed` is called, later.
    virtual void finish() = 0;
    virtual void close() = 0;
};

using SharedWire = std::shared_ptr<Wire>;

} // namespace pgbk::relay
