#include "db/venue_origins.hpp"

#include "main/log.hpp"

#include <chrono>
#include <utility>

namespace pgbk::relay {

namespace {

constexpr std::chrono::seconds interval{5};

} // namespace

VenueOrigins::VenueOrigins(boost::asio::io_context& loop, Pool& pool, std::string organization, Found found)
    : pool_(pool), timer_(loop), organization_(std::move(organization)), found_(std::move(found)) {}

void VenueOrigins::load() {
    if (std::exchange(loading_, true)) {
        return;
    }
    pool_.call({{"SELECT DISTINCT o.origin FROM booking.relay_origins() AS o"
                 " WHERE $1 = '' OR o.organization_id::text = $1",
                 {organization_}}},
               [this](const Answer& answer) { take(answer); });
}

void VenueOrigins::stop() {
    stopping_ = true;
    timer_.cancel();
}

void VenueOrigins::take(const Answer& answer) {
    loading_ = false;
    if (answer.ok()) {
        std::vector<std::string> origins;
        for (int i = 0; i < answer.count(); ++i) {
            origins.push_back(answer.text(i, 0));
        }
        found_(origins);
    } else if (!answer.lost && answer.error != error_) {
        log(LogLevel::error, "the venues' origins cannot be read",
            {{"sqlstate", answer.sqlstate}, {"error", answer.error}});
    }
    error_ = answer.error;
    if (!stopping_) {
        load_later();
    }
}

void VenueOrigins::load_later() {
    timer_.expires_after(interval);
    timer_.async_wait([this](boost::system::error_code error) {
        if (!error && !stopping_ && pool_.is_up()) {
            load();
        }
    });
}

} // namespace pgbk::relay
