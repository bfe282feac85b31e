// Who may connect: pages of known origins, so many from one address and in all. Pure.
#pragma once

#include "http/cors.hpp"
#include "metrics/metrics.hpp"
#include "realtime/limits.hpp"

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pgbk::relay {

class Admission : public Admissions {
public:
    struct Settings {
        std::size_t connections = 0;
        std::size_t per_address = 0; // an IPv4 address, or the /64 of an IPv6 address
        std::vector<std::string> origins;
    };

    Admission(Metrics& metrics, const Settings& settings);
    ~Admission() override;
    Admission(const Admission&) = delete;
    Admission& operator=(const Admission&) = delete;

    void set_of_venues(const std::vector<std::string>& origins); // in place of those of before

    std::optional<Response> refuse(const Request& request) override;
    std::shared_ptr<void> enter(const Request& request, std::function<void()> end) override;
    bool allows_origin(std::string_view origin) const override;

    // The relay stops: nobody is let in any more, and `emptied` is called when all are gone.
    void end_all(std::function<void()> emptied);
    std::size_t connections() const { return state_->guests.size(); }

private:
    struct Guest {
        std::string address;
        std::function<void()> end;
    };

    struct State {
        Metrics* metrics; // none: we are gone, and there is nothing to count with
        std::list<Guest> guests;
        std::unordered_map<std::string, std::size_t> of_address;
        std::function<void()> emptied;
        void count() const;
        void leave(std::list<Guest>::iterator guest);
    };

    class Place;

    Response refused(const char* reason, Response response);

    Settings settings_;
    Origins origins_;
    std::shared_ptr<State> state_; // outlives us where a place does
    bool stopping_ = false;
};

} // namespace pgbk::relay
