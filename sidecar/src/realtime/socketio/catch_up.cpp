#include "realtime/socketio/catch_up.hpp"

namespace pgbk::relay::socketio {

void CatchUp::begin(std::int64_t since, Clock::time_point now) {
    since_ = since;
    settled_ = false;
    end_ = now + most;
    settles_.reset();
    told_.clear();
}

void CatchUp::joined(Clock::time_point now) {
    settles_ = now + quiet;
}

bool CatchUp::is_news(std::int64_t seq) {
    return !since_ || told_.insert(seq).second;
}

bool CatchUp::tick(Clock::time_point now) {
    const bool over = since_ && now >= end_;
    const bool settles = !settled_ && (over || (settles_ && now >= *settles_));
    settled_ = settled_ || settles;
    if (over) {
        since_.reset();
        told_.clear();
    }
    return settles;
}

} // namespace pgbk::relay::socketio
