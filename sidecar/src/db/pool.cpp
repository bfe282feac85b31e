#include "db/pool.hpp"

#include "main/log.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <numeric>
#include <utility>

namespace pgbk::relay {

Pool::Pool(boost::asio::io_context& loop, Metrics& metrics, Settings settings)
    : loop_(loop), metrics_(metrics), settings_(std::move(settings)), patience_(loop) {
    for (int i = 0; i < settings_.connections; ++i) {
        auto place = std::make_unique<Place>();
        Place& self = *place;
        place->link = std::make_unique<Link>(
            loop, settings_.dsn, settings_.link,
            Link::Events{[this, &self] { up(self); }, [this, &self](const std::string& reason) { down(self, reason); },
                         [](std::string_view) {}});
        places_.push_back(std::move(place));
    }
}

void Pool::start() {
    for (const auto& place : places_) {
        place->link->start();
    }
}

void Pool::stop(std::chrono::seconds limit, std::function<void()> done) {
    stopped_ = std::move(done);
    patience_.expires_after(limit);
    patience_.async_wait([this](boost::system::error_code error) {
        if (!error) {
            for (const auto& place : places_) {
                place->link->stop();
            }
        }
    });
    end_if_idle();
}

void Pool::end_if_idle() {
    if (stopped_ && waiting() == 0) {
        patience_.cancel();
        boost::asio::post(loop_, std::exchange(stopped_, nullptr)); // after the answers, which are on their way
    }
}

void Pool::up(Place& place) {
    metrics_.add("booking_relay_database_connects_total", {{"purpose", settings_.link.purpose}});
    place.link->call(settings_.prepare, [this, &place](const Answer& answer) {
        if (answer.ok()) {
            place.link->settled();
            place.prepared = true;
            settings_.prepared();
        } else if (!answer.lost) {
            place.link->give_up(answer.error);
        }
    });
}

void Pool::down(Place& place, const std::string& reason) {
    place.prepared = false;
    metrics_.add("booking_relay_database_losses_total", {{"purpose", settings_.link.purpose}});
    log(LogLevel::warn, "no connection to the database", {{"purpose", settings_.link.purpose}, {"reason", reason}});
}

Pool::Place* Pool::best() const {
    Place* found = nullptr;
    for (const auto& place : places_) {
        if (place->prepared && place->link->is_up() && (found == nullptr || place->waiting < found->waiting)) {
            found = place.get();
        }
    }
    return found;
}

bool Pool::is_up() const {
    return best() != nullptr;
}

bool Pool::is_full() const {
    const Place* const place = best();
    return place != nullptr && place->waiting >= settings_.most_waiting;
}

std::size_t Pool::waiting() const {
    return std::accumulate(places_.begin(), places_.end(), std::size_t{0},
                           [](std::size_t sum, const auto& place) { return sum + place->waiting; });
}

void Pool::call(const std::vector<Statement>& transaction, AnswerHandler handler) {
    Place* const place = best();
    if (place == nullptr) { // one that is up may not be prepared, and is not used
        boost::asio::post(loop_, [handler = std::move(handler)] {
            handler({nullptr, "there is no connection to the database", "", true});
        });
        return;
    }
    ++place->waiting;
    place->link->call(transaction, [this, place, handler = std::move(handler)](Answer answer) {
        --place->waiting;
        handler(std::move(answer));
        end_if_idle();
    });
}

} // namespace pgbk::relay
