// A connection that a route has taken over: no parser, and no buffer while nothing comes. Included by server.cpp alone,
// through session.hpp.
#pragma once

#include "http/server_state.hpp"
#include "net/wire.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace pgbk::relay {

// For a peer that takes nothing at all; how much may wait for a slow one is its user's business.
inline constexpr std::chrono::seconds stall_limit{20};
// Of the system, for each connection. Left alone it would grow to megabytes for whoever does not read.
inline constexpr int send_buffer = 128 * 1024;
inline constexpr std::size_t flush_size = 64UL * 1024;  // beyond which it is not gathered any longer
inline constexpr std::size_t most_gathered = 64;        // frames in one call
inline constexpr std::size_t frame_cost = 64;           // bytes of memory, roughly
inline constexpr std::size_t record_size = 16UL * 1024; // of TLS

template <class Stream>
class Taken final : public Wire, public Departed, public std::enable_shared_from_this<Taken<Stream>> {
    static constexpr bool plain = std::is_same_v<Stream, tcp::socket>;

public:
    // early: what arrived together with the request.
    Taken(std::shared_ptr<Server::State> state, Stream stream, std::string early)
        : state_(std::move(state)),
          stream_(std::move(stream)),
          timer_(state_->loop),
          early_(std::move(early)),
          place_(state_->departed.end()) {
        error_code ignored;
        socket().non_blocking(true, ignored);
        socket().set_option(asio::socket_base::send_buffer_size(send_buffer), ignored);
    }

    ~Taken() override {
        if (place_ != state_->departed.end()) {
            state_->departed.erase(place_);
        }
    }

    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;

    void enlist() { place_ = state_->departed.insert(state_->departed.end(), this->weak_from_this()); }

    void start(std::function<void(std::string_view)> received, std::function<void()> closed) override {
        received_ = std::move(received);
        closed_ = std::move(closed);
        asio::post(state_->loop, [self = self()] { self->open_ ? self->go_on() : self->tell_closed(); });
    }

    void pause_reading(bool paused) override {
        if (std::exchange(paused_, paused) && !paused) {
            asio::post(state_->loop, [self = self()] { self->go_on(); });
        }
    }

    void write(Frame bytes) override {
        if (!open_ || finishing_ || bytes->empty()) {
            return;
        }
        waiting_ += bytes->size();
        queue_.push_back(std::move(bytes));
        if (plain && waiting_ > flush_size && !writing_) {
            flush(); // what is waiting then is what the peer does not take, however much is written in one turn
        } else {
            flush_later();
        }
    }

    // With what each frame costs besides its bytes: the answer to a ping is two bytes, and eighty of memory; half a
    // million of them would also be a queue that moves up slowly.
    std::size_t waiting() const override { return waiting_ + queue_.size() * frame_cost; }

    void finish() override {
        if (open_ && !std::exchange(finishing_, true)) {
            flush_later();
        }
    }

    void close() override {
        if (std::exchange(open_, false)) {
            error_code ignored;
            timer_.cancel();
            socket().close(ignored); // what is under way ends with an error
            queue_.clear();
            waiting_ = 0;
            asio::post(state_->loop, [self = self()] { self->tell_closed(); });
        }
    }

    void dismiss() override {
        close();
        tell_closed();
    }

    void written_this_turn() override {
        flushing_ = false;
        flush();
    }

private:
    std::shared_ptr<Taken> self() { return this->shared_from_this(); }

    tcp::socket& socket() { return socket_of(stream_); }

    void tell_closed() {
        received_ = nullptr;
        if (const auto closed = std::exchange(closed_, nullptr)) {
            closed();
        }
    }

    void limit(std::chrono::steady_clock::duration time) {
        timer_.expires_after(time);
        timer_.async_wait([weak = this->weak_from_this()](error_code error) {
            const auto self = weak.lock();
            if (!error && self) {
                self->close();
            }
        });
    }

    // In

    void go_on() {
        if (!early_.empty() && !paused_) {
            deliver(std::exchange(early_, {}));
        }
        read();
    }

    void deliver(std::string_view bytes) {
        if (open_ && !finishing_ && received_) {
            received_(bytes);
        }
    }

    void read() {
        if (!open_ || reading_ || (paused_ && !finishing_)) {
            return;
        }
        reading_ = true;
        if constexpr (plain) {
            stream_.async_wait(tcp::socket::wait_read, [self = self()](error_code error) {
                self->reading_ = false;
                error ? self->close() : self->take_in();
            });
        } else {
            record_in_.resize(record_size / 4);
            stream_.async_read_some(asio::buffer(record_in_), [self = self()](error_code error, std::size_t size) {
                self->reading_ = false;
                error ? self->close() : self->take_in(std::string_view(self->record_in_).substr(0, size));
            });
        }
    }

    void take_in() {
        if (!open_ || (paused_ && !finishing_)) {
            return;
        }
        error_code error;
        const std::size_t size = socket().read_some(asio::buffer(state_->incoming), error);
        if (error && error != asio::error::would_block) {
            close(); // whoever says no more is gone
            return;
        }
        deliver(std::string_view(state_->incoming.data(), size));
        read();
    }

    void take_in(std::string_view bytes) {
        if (paused_) {
            early_ += bytes;
        } else {
            deliver(bytes);
        }
        read();
    }

    // Out

    // Not at once: what one event has several frames written for goes out together.
    void flush_later() {
        if (!writing_ && !std::exchange(flushing_, true)) {
            state_->after_this_turn(self());
        }
    }

    void flush() {
        if constexpr (plain) {
            while (open_ && !writing_ && !queue_.empty()) {
                write_some();
            }
        } else if (open_ && !writing_ && !queue_.empty()) {
            write_record();
        }
        if (open_ && !writing_ && queue_.empty() && finishing_) {
            wind_up();
        }
    }

    // What stands first, or as much as goes into one call: one alone goes by a cheaper one.
    std::size_t send_waiting(error_code& error) {
        const auto rest = [this](std::size_t i) {
            const std::size_t from = i == 0 ? offset_ : 0;
            return asio::const_buffer(queue_[i]->data() + from, queue_[i]->size() - from);
        };
        if (queue_.size() == 1) {
            return socket().write_some(rest(0), error);
        }
        auto& buffers = state_->outgoing;
        buffers.clear();
        for (std::size_t i = 0; i < std::min(queue_.size(), most_gathered); ++i) {
            buffers.push_back(rest(i));
        }
        return socket().write_some(buffers, error);
    }

    void write_some() {
        error_code error;
        const std::size_t written = send_waiting(error);
        if (!error) {
            drop_written(written);
        } else if (error == asio::error::would_block) {
            writing_ = true;
            limit(stall_limit);
            stream_.async_wait(tcp::socket::wait_write, [self = self()](error_code failed) { self->written(failed); });
        } else {
            close();
        }
    }

    void write_record() {
        record_out_.clear();
        for (std::size_t i = 0; i < queue_.size() && record_out_.size() < record_size; ++i) {
            const auto rest = std::string_view(*queue_[i]).substr(i == 0 ? offset_ : 0);
            record_out_ += rest.substr(0, record_size - record_out_.size());
        }
        writing_ = true;
        limit(stall_limit);
        asio::async_write(stream_, asio::buffer(record_out_), [self = self()](error_code error, std::size_t size) {
            if (!error && self->open_) {
                self->drop_written(size);
            }
            self->written(error);
        });
    }

    void written(error_code error) {
        writing_ = false;
        timer_.cancel();
        if (error) {
            close();
        } else {
            flush();
        }
    }

    void drop_written(std::size_t size) {
        waiting_ -= size;
        size += offset_;
        auto first = queue_.begin();
        for (; first != queue_.end() && size >= (*first)->size(); ++first) {
            size -= (*first)->size();
        }
        offset_ = size;
        queue_.erase(queue_.begin(), first);
        if (queue_.empty()) {
            queue_ = {};
            record_out_ = {};
        }
    }

    // As Session::linger: what the peer still sends is read, or its system would drop our last bytes.
    void wind_up() {
        limit(linger_limit);
        writing_ = true;
        end_writing(stream_, [self = self()] { self->read(); });
    }

    std::shared_ptr<Server::State> state_;
    Stream stream_;
    asio::steady_timer timer_;
    std::string early_;     // what is to be delivered first
    std::string record_in_; // of TLS
    std::string record_out_;
    std::vector<Frame> queue_;
    std::size_t offset_ = 0;  // of the first frame
    std::size_t waiting_ = 0; // bytes that are not written yet
    std::function<void(std::string_view)> received_;
    std::function<void()> closed_;
    std::list<std::weak_ptr<Departed>>::iterator place_;
    bool open_ = true;
    bool paused_ = false;
    bool finishing_ = false;
    bool reading_ = false;  // a wait is under way
    bool writing_ = false;  // the same, or nothing more is to be written
    bool flushing_ = false; // is about to
};

} // namespace pgbk::relay
