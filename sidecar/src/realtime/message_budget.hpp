// How many messages one connection may send: a flood is nobody's use of a protocol, and each may cost a question to the
// database.
#pragma once

#include "core/rate_limit.hpp"

namespace pgbk::relay {

class MessageBudget {
public:
    static constexpr core::RateLimit rate{100, 300};

    // Whether one more may come; it is counted then.
    bool admits(core::Instant now) {
        if (core::tokens_left(bucket_, rate, now) < 1) {
            return false;
        }
        core::spend(bucket_, rate, now, 1);
        return true;
    }

private:
    core::Bucket bucket_;
};

} // namespace pgbk::relay
