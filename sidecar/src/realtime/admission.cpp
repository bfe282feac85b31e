#include "realtime/admission.hpp"

#include "http/client_address.hpp"
#include "text/ascii.hpp"

#include <utility>

namespace pgbk::relay {

namespace {

// A page that this very server, or the proxy before it, has sent. Which of the two schemes it was we cannot know.
bool is_same_origin(std::string_view origin, const std::string& host) {
    const auto authority = lower_case(host);
    return !host.empty() &&
           (origin == canonical_origin("https://" + authority) || origin == canonical_origin("http://" + authority));
}

} // namespace

class Admission::Place {
public:
    Place(std::shared_ptr<State> state, std::list<Guest>::iterator guest) : state_(std::move(state)), guest_(guest) {}
    ~Place() { state_->leave(guest_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

private:
    std::shared_ptr<State> state_;
    std::list<Guest>::iterator guest_;
};

void Admission::State::count() const {
    if (metrics != nullptr) {
        metrics->set("booking_relay_realtime_connections", static_cast<double>(guests.size()));
    }
}

void Admission::State::leave(std::list<Guest>::iterator guest) {
    const auto found = of_address.find(guest->address);
    if (--found->second == 0) {
        of_address.erase(found);
    }
    guests.erase(guest);
    count();
    if (guests.empty() && emptied) {
        std::exchange(emptied, nullptr)();
    }
}

Admission::Admission(Metrics& metrics, const Settings& settings)
    : settings_(settings), origins_(settings.origins), state_(std::make_shared<State>()) {
    state_->metrics = &metrics;
    state_->count();
}

Admission::~Admission() {
    state_->metrics = nullptr;
    state_->emptied = nullptr;
}

void Admission::set_of_venues(const std::vector<std::string>& origins) {
    origins_.set_of_venues(origins);
}

// Whoever sends no origin is no browser, and has no cookie or other right that a page could abuse.
std::optional<Response> Admission::refuse(const Request& request) {
    const std::string origin = request.header("origin");
    if (!origin.empty() && !allows_origin(origin) && !is_same_origin(origin, request.header("host"))) {
        return refused("origin", error_response(403, "pages of this origin may not use this: it is in no venue's "
                                                     "allowed_origins and not in realtime.allowed_origins"));
    }
    if (stopping_ || connections() >= settings_.connections) {
        Response response = error_response(503, "there are too many connections; try again later");
        response.headers.emplace_back("Retry-After", "5");
        return refused("full", std::move(response));
    }
    const auto found = state_->of_address.find(client_key(request.client));
    if (found != state_->of_address.end() && found->second >= settings_.per_address) {
        Response response = error_response(429, "there are too many connections from this address");
        response.headers.emplace_back("Retry-After", "5");
        return refused("address", std::move(response));
    }
    return std::nullopt;
}

Response Admission::refused(const char* reason, Response response) {
    state_->metrics->add("booking_relay_realtime_refusals_total", {{"reason", reason}});
    return response;
}

std::shared_ptr<void> Admission::enter(const Request& request, std::function<void()> end) {
    const std::string address = client_key(request.client);
    ++state_->of_address[address];
    const auto guest = state_->guests.insert(state_->guests.end(), {address, std::move(end)});
    state_->count();
    return std::make_shared<Place>(state_, guest);
}

bool Admission::allows_origin(std::string_view origin) const {
    return origins_.allow(origin);
}

void Admission::end_all(std::function<void()> emptied) {
    stopping_ = true;
    if (state_->guests.empty()) {
        emptied();
        return;
    }
    state_->emptied = std::move(emptied);
    std::vector<std::function<void()>> ends;
    for (auto& guest : state_->guests) {
        ends.push_back(std::exchange(guest.end, nullptr));
    }
    for (const auto& end : ends) { // which may take guests off the list
        if (end) {
            end();
        }
    }
}

} // namespace pgbk::relay
