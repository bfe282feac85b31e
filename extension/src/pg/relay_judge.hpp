// What follows from the results of a relay, one after the other. Nothing is read or written here: rows come in locked,
// and what is to be written is gathered.
#pragma once

#include "core/relay_result.hpp"
#include "pg/webhook_state.hpp"

#include <map>
#include <set>

namespace pgbk {

using Key = std::pair<std::int32_t, core::Uuid>; // organization and id

// A delivery as it stands, locked.
struct Delivery {
    Key endpoint;
    core::Uuid event;
    std::string_view event_type;
    TimestampTz occurred_at;
    std::optional<core::Uuid> batch;
    std::string_view status;
    std::int32_t attempts;
    std::int32_t throttled;
    std::optional<std::int32_t> last_http_status;
    std::int32_t same_status_times;
    TimestampTz next_attempt_at;
    TimestampTz expires_at;
    std::int64_t lease_token;
    bool is_make;
    bool endpoint_active;
    std::string_view new_status;
    std::string_view reason;
};

// The rows that a call writes.
struct Writes {
    std::vector<Key> deleted;
    std::vector<std::pair<Key, Delivery>> changed;

    // Attempts, and which element of the results each is made from.
    struct Attempt {
        std::int32_t position;
        Key delivery;
        Delivery known;
        std::string_view outcome;
        std::optional<TimestampTz> next_attempt_at;
    };
    std::vector<Attempt> attempts;
};

struct KeyArrays {
    std::vector<std::int32_t> organizations;
    std::vector<core::Uuid> ids;

    void add(const Key& key) {
        organizations.push_back(key.first);
        ids.push_back(key.second);
    }
};

Key key_of(const core::RelayResult& result);

bool is_success(const core::RelayResult& result);

class Judge {
public:
    Judge(std::map<Key, EndpointState> states, std::map<Key, Delivery> deliveries, TimestampTz now);

    // position: of the result in what the relay reported.
    void judge(const core::RelayResult& result, std::int32_t position);

    std::vector<EndpointState> changed_states() const;
    // Results of deliveries that are gone.
    const std::vector<std::pair<std::int32_t, Key>>& unknown() const { return unknown_; }

    Writes writes;
    std::int32_t accepted = 0;
    bool given_back = false;
    std::map<Key, std::string> disabled; // endpoints, and why

private:
    void note(std::int32_t position, const Key& key, const Delivery& delivery, std::string_view outcome,
              std::optional<TimestampTz> next);
    void give_back(const Key& key, Delivery& delivery);
    void deliver(const Key& key, Delivery& delivery, std::int32_t position, bool in_time);
    bool first_of_request(const Key& key, const Delivery& delivery);
    void fail(const Key& key, Delivery& delivery, const core::RelayResult& result, std::int32_t position);
    core::Decision decide(const Delivery& delivery, const core::RelayResult& result, const EndpointState& state) const;
    void count(const core::Decision& decision, EndpointState& state, const Delivery& delivery);
    bool is_active(const Delivery& delivery) const;
    void settle(const Key& key, Delivery& delivery, std::string_view status, std::string_view reason);
    EndpointState* state_of(const Delivery& delivery);

    std::map<Key, Delivery> deliveries_;
    std::map<Key, EndpointState> states_;
    const std::map<Key, EndpointState> before_;
    TimestampTz now_;
    std::map<Key, core::Decision> decisions_; // of each request
    std::set<Key> seen_;                      // requests
    std::vector<std::pair<std::int32_t, Key>> unknown_;
};

} // namespace pgbk
