#include "realtime/rechecks.hpp"

namespace pgbk::relay {

namespace {

constexpr std::chrono::milliseconds tick_interval{500};

} // namespace

Rechecks::Rechecks(Hub& hub, Timers& timers, std::chrono::seconds interval)
    : hub_(hub), timers_(timers), interval_(interval) {}

void Rechecks::start() {
    timers_.after(tick_interval, [this] {
        tick();
        start();
    });
}

Rechecks::Watch Rechecks::watch(const std::shared_ptr<Subscriber>& who, Shown shown, Told told) {
    if (shown.token.empty() && shown.booking.empty()) {
        return nullptr;
    }
    auto watch = std::make_shared<Watched>(who, std::move(shown), std::move(told), due_);
    watch->plan(next());
    return watch;
}

// Those who came together, as after a restart, are not all asked for at the same moment.
Timers::Time Rechecks::next() {
    std::uniform_int_distribution<std::chrono::milliseconds::rep> pause(interval_.count() / 2, interval_.count());
    return timers_.now() + std::chrono::milliseconds(pause(random_));
}

// Planned before it is asked for: if there is no answer, or none now, there is another question.
void Rechecks::tick() {
    const auto now = timers_.now();
    while (!due_->empty() && due_->begin()->first <= now) {
        const auto watched = due_->begin()->second->shared_from_this();
        watched->plan(next());
        watched->ask(hub_);
    }
}

Rechecks::Watched::Watched(std::weak_ptr<Subscriber> who, Shown shown, Told told, std::shared_ptr<Due> due)
    : who_(std::move(who)), shown_(std::move(shown)), told_(std::move(told)), due_(std::move(due)) {}

Rechecks::Watched::~Watched() {
    due_->erase({when_, this});
}

void Rechecks::Watched::plan(Timers::Time when) {
    due_->erase({when_, this});
    when_ = when;
    due_->emplace(when, this);
}

void Rechecks::Watched::ask(Hub& hub) {
    hub.admit(shown_.token, [weak = weak_from_this(), &hub](Hub::Admission admission) {
        const auto self = weak.lock();
        if (!self) {
            return;
        }
        if (!admission.identity || self->shown_.booking.empty()) {
            self->answered(admission);
            return;
        }
        hub.admit_booking(self->shown_.booking, [weak, identity = *admission.identity](Hub::Admission of_booking) {
            if (of_booking.identity) {
                auto both = identity;
                both.booking = of_booking.identity->booking;
                of_booking.identity = std::move(both);
            }
            if (const auto still = weak.lock()) {
                still->answered(of_booking);
            }
        });
    });
}

// Whom nobody can be asked about now is who it was.
void Rechecks::Watched::answered(const Hub::Admission& admission) const {
    const auto who = who_.lock();
    if (who && !admission.unavailable && admission.identity != who->identity()) {
        told_(admission);
    }
}

} // namespace pgbk::relay
