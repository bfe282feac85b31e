#include "realtime/past.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <utility>

namespace pgbk::relay {

namespace {

constexpr std::chrono::seconds known_for{1};

} // namespace

std::string event_time(std::chrono::system_clock::time_point time) {
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
    const auto seconds = static_cast<std::time_t>(std::chrono::floor<std::chrono::seconds>(since).count());
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    std::array<char, 8> rest{};
    (void)std::snprintf(rest.data(), rest.size(), ".%03dZ", static_cast<int>(((since.count() % 1000) + 1000) % 1000));
    return std::string(text.data(), length) + rest.data();
}

void Past::position_at(std::chrono::system_clock::time_point time, Told told) {
    if (known_ && timers_.now() - known_at_ < known_for) {
        told(known_);
        return;
    }
    waiting_.push_back(std::move(told));
    if (asking_) {
        return;
    }
    asking_ = true;
    time_ = event_time(time);
    std::size_t place = 0;
    while (place < ring_.size() && ring_.at(place).event->occurred_at < time_) {
        ++place;
    }
    if (place > 0) {
        answer(ring_.at(place - 1).event->seq);
        return;
    }
    // Memory begins later.
    before_ = 0;
    after_ = ring_.start();
    narrow();
}

void Past::narrow() {
    if (before_ >= after_) {
        answer(after_);
        return;
    }
    const std::int64_t middle = before_ + (after_ - before_) / 2;
    feed_.page(middle, 1, [this, middle](const std::optional<Page>& page, const FeedError&) {
        if (!page) {
            answer(std::nullopt);
            return;
        }
        // Of what is not kept any more nothing can be told anyway.
        before_ = std::max(before_, page->kept.first - 1);
        if (page->events.empty() || page->events.front()->occurred_at >= time_) {
            after_ = std::max(std::min(after_, middle), before_);
        } else {
            before_ = std::max(before_, std::min(page->events.front()->seq, after_));
        }
        narrow();
    });
}

void Past::answer(std::optional<std::int64_t> position) {
    asking_ = false;
    known_ = position;
    known_at_ = timers_.now();
    for (const Told& told : std::exchange(waiting_, {})) {
        told(position);
    }
}

} // namespace pgbk::relay
