// Whose a token is: verified here, looked up in the database, and remembered for a while. Pure.
#pragma once

#include "metrics/metrics.hpp"
#include "realtime/feed.hpp"
#include "realtime/hub.hpp"
#include "realtime/jwt.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace pgbk::relay {

class Identities {
public:
    using Clock = std::chrono::system_clock;
    using Done = std::function<void(Hub::Admission)>;

    struct Settings {
        TokenRules rules;
        std::chrono::seconds remembered{60}; // or until the token expires, if that is sooner
        std::size_t most = 16'384;
        std::function<Clock::time_point()> now = [] { return Clock::now(); };
    };

    Identities(Feed& feed, Metrics& metrics, Settings settings);

    void admit(const std::string& token, Done done);
    void admit_booking(const std::string& token, Done done);

    std::size_t remembered() const { return known_.size(); }

private:
    struct Known {
        Identity identity;
        Clock::time_point until;
    };

    void look_up(const std::string& key, const VerifiedToken& token, Done done);
    void remember(const std::string& key, const Identity& identity);
    Hub::Admission refused(std::string_view cause, std::string_view reason);
    Hub::Admission not_found(const FeedError& error);

    Feed& feed_;
    Metrics& metrics_;
    Settings settings_;
    std::unordered_map<std::string, Known> known_; // by digest: the tokens themselves are not kept
    std::deque<std::string> order_;                // the oldest first
    std::unordered_map<std::string, std::vector<Done>> asked_;
};

// As booking.relay_identity and booking.relay_booking give them; nothing if it is something else.
std::optional<Identity> read_identity(std::string_view json);
std::optional<Identity> read_booking_identity(std::string_view json);

} // namespace pgbk::relay
