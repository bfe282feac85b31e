#include "outbound/curl_loop.hpp"

#include <stdexcept>
#include <utility>
#include <vector>

namespace pgbk::relay {

namespace asio = boost::asio;

CurlLoop::CurlLoop(asio::io_context& loop, long most_connections)
    : loop_(loop), timer_(loop), multi_(curl_multi_init()) {
    if (multi_ == nullptr) {
        throw std::runtime_error("libcurl cannot be started");
    }
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlLoop::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlLoop::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, most_connections); // kept open between requests
}

CurlLoop::~CurlLoop() {
    closing_ = true; // what it still wants of sockets and timers while it goes is of no interest
    for (const auto& [transfer, done] : transfers_) {
        curl_multi_remove_handle(multi_, transfer);
    }
    for (const auto& [socket, watch] : watches_) {
        watch->descriptor.release();
    }
    curl_multi_cleanup(multi_);
}

CURLMcode CurlLoop::start(CURL* transfer, Done done) {
    transfers_.emplace(transfer, std::move(done));
    timer_failed_ = false;
    CURLMcode code = curl_multi_add_handle(multi_, transfer); // sets the timer to zero, which starts it
    if (code == CURLM_OK && timer_failed_) {
        curl_multi_remove_handle(multi_, transfer);
        code = CURLM_ABORTED_BY_CALLBACK;
    }
    if (code != CURLM_OK) {
        transfers_.erase(transfer);
    }
    return code;
}

void CurlLoop::abort(CURL* transfer) {
    if (transfers_.erase(transfer) != 0) {
        curl_multi_remove_handle(multi_, transfer);
    }
}

// After -1 libcurl goes on with no transfer, and takes no new one before the last of them is removed; see collect().
int CurlLoop::on_socket(CURL* /*transfer*/, curl_socket_t socket, int what, void* self,
                        void* /*socket_data*/) noexcept {
    try {
        static_cast<CurlLoop*>(self)->watch(socket, what);
        return 0;
    } catch (...) {
        return -1;
    }
}

// Not -1: curl_multi_add_handle would leave behind a transfer that is half added, and cannot be removed.
int CurlLoop::on_timer(CURLM* /*multi*/, long milliseconds, void* self) noexcept {
    auto* const loop = static_cast<CurlLoop*>(self);
    try {
        loop->set_timer(milliseconds);
    } catch (...) {
        loop->timer_failed_ = true;
    }
    return 0;
}

void CurlLoop::watch(curl_socket_t socket, int what) {
    if (closing_) {
        return;
    }
    auto found = watches_.find(socket);
    if (what == CURL_POLL_REMOVE) {
        if (found != watches_.end()) {
            found->second->wanted = 0;
            found->second->descriptor.release(); // libcurl owns it
            watches_.erase(found);
        }
        return;
    }
    if (found == watches_.end()) {
        found = watches_.emplace(socket, std::make_shared<Watch>(loop_)).first;
        try {
            found->second->descriptor.assign(socket);
        } catch (...) {
            watches_.erase(found);
            throw;
        }
    }
    found->second->wanted = what;
    wait(socket, found->second);
}

void CurlLoop::wait(curl_socket_t socket, const std::shared_ptr<Watch>& watch) {
    using Descriptor = asio::posix::stream_descriptor;
    if ((watch->wanted & CURL_POLL_IN) != 0 && !watch->reading) {
        watch->descriptor.async_wait(Descriptor::wait_read, [this, socket, watch](boost::system::error_code error) {
            watch->reading = false;
            if (!error) {
                ready(socket, watch, CURL_CSELECT_IN);
            }
        });
        watch->reading = true;
    }
    if ((watch->wanted & CURL_POLL_OUT) != 0 && !watch->writing) {
        watch->descriptor.async_wait(Descriptor::wait_write, [this, socket, watch](boost::system::error_code error) {
            watch->writing = false;
            if (!error) {
                ready(socket, watch, CURL_CSELECT_OUT);
            }
        });
        watch->writing = true;
    }
}

void CurlLoop::ready(curl_socket_t socket, const std::shared_ptr<Watch>& watch, int events) {
    // Since the wait began, libcurl may have lost interest, or have closed the socket and opened another of that
    // number.
    const auto current = [&] {
        const auto found = watches_.find(socket);
        return found != watches_.end() && found->second == watch;
    };
    const int interest = events == CURL_CSELECT_IN ? CURL_POLL_IN : CURL_POLL_OUT;
    if (!current() || (watch->wanted & interest) == 0) {
        return;
    }
    act(socket, events);
    if (current()) {
        wait(socket, watch);
    }
}

void CurlLoop::set_timer(long milliseconds) {
    if (closing_) {
        return;
    }
    if (milliseconds < 0) {
        due_.reset(); // the timer goes off in vain
        return;
    }
    due_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    // Each request and each answer moves the next timeout, seconds ahead. A timer that goes off before is soon enough
    // to set it anew, and saves a system call for each.
    if (!armed_ || timer_.expiry() > *due_) {
        arm_timer(*due_);
    }
}

void CurlLoop::arm_timer(std::chrono::steady_clock::time_point at) {
    armed_ = false;
    timer_.expires_at(at);
    timer_.async_wait([this](boost::system::error_code error) {
        if (error) { // set anew meanwhile
            return;
        }
        armed_ = false;
        if (due_ && *due_ > std::chrono::steady_clock::now()) {
            arm_timer(*due_);
        } else if (std::exchange(due_, std::nullopt)) {
            act(CURL_SOCKET_TIMEOUT, 0);
        }
    });
    armed_ = true;
}

void CurlLoop::act(curl_socket_t socket, int events) {
    int running = 0;
    timer_failed_ = false;
    const CURLMcode code = curl_multi_socket_action(multi_, socket, events, &running);
    collect(code != CURLM_OK || timer_failed_);
}

void CurlLoop::collect(bool broken) {
    // First taken from libcurl, then told: who is told may start new transfers.
    std::vector<std::pair<Done, CURLcode>> finished;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        CURL* const transfer = message->easy_handle;
        const CURLcode code = message->data.result;
        curl_multi_remove_handle(multi_, transfer); // ends the life of `message`
        auto node = transfers_.extract(transfer);
        if (!node.empty()) {
            finished.emplace_back(std::move(node.mapped()), code);
        }
    }
    if (broken) { // nothing would go on with the others but their own timeouts, if those
        for (auto& [transfer, done] : std::exchange(transfers_, {})) {
            curl_multi_remove_handle(multi_, transfer);
            finished.emplace_back(std::move(done), CURLE_ABORTED_BY_CALLBACK);
        }
    }
    for (auto& [done, code] : finished) {
        done(code);
    }
}

} // namespace pgbk::relay
