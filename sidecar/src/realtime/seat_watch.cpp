#include "realtime/seat_watch.hpp"

#include "core/uuid_text.hpp"

#include <algorithm>
#include <utility>

namespace pgbk::relay {

namespace {

using std::chrono::milliseconds;

constexpr std::string_view session_prefix = "session:";
constexpr std::size_t most_asked = 500;
constexpr std::size_t most_marked = 65'536;
constexpr std::size_t most_listed = 200; // sessions of an activity or a venue that somebody is told of when joining
constexpr int most_listing = 2;          // such questions at a time
constexpr std::size_t most_unlisted = 4'096;
constexpr milliseconds margin{50}; // a hold is over when its time is past

bool has_sessions(std::string_view room) {
    return room.starts_with("activity:") || room.starts_with("venue:");
}

// Whether something can be asked about it: anybody may join a room of any name, and one that is no uuid would spoil the
// answer for all.
bool is_id(std::string_view text) {
    return core::parse_uuid(text).has_value();
}

} // namespace

SeatWatch::SeatWatch(Feed& feed, Timers& timers, const Audience& audience, Settings settings, Tell tell,
                     TellOne tell_one)
    : feed_(feed),
      timers_(timers),
      audience_(audience),
      settings_(settings),
      tell_(std::move(tell)),
      tell_one_(std::move(tell_one)) {}

void SeatWatch::reachable() {
    reachable_ = true;
    list();
    ask_later();
    if (!std::exchange(rechecking_, true)) {
        timers_.after(settings_.recheck, [this] { recheck(); });
    }
}

void SeatWatch::changed(const Event& event) {
    bool of_a_session = false;
    for (const auto& room : event.rooms) {
        if (room.starts_with(session_prefix)) {
            of_a_session = true;
            look_again(room.substr(session_prefix.size()), is_watched(event));
        }
    }
    for (const auto& room : event.rooms) {
        if (!of_a_session && has_sessions(room)) { // it may have been closed to the public, or opened
            look_again_in(room);
        }
    }
}

void SeatWatch::look_again(const std::string& session, bool watched) {
    if (watched) {
        mark(session);
    } else {
        known_.erase(session); // and who joins later asks anew
    }
}

void SeatWatch::look_again_in(const std::string& room) {
    std::vector<std::pair<std::string, bool>> sessions;
    for (const auto& [session, known] : known_) {
        if (std::find(known.event->rooms.begin(), known.event->rooms.end(), room) != known.event->rooms.end()) {
            sessions.emplace_back(session, is_watched(*known.event));
        }
    }
    for (const auto& [session, watched] : sessions) {
        look_again(session, watched);
    }
}

bool SeatWatch::is_watched(const Event& event) const {
    return std::any_of(event.rooms.begin(), event.rooms.end(), [this](const std::string& room) {
        return (room.starts_with(session_prefix) || has_sessions(room)) && audience_.anybody_in(room);
    });
}

void SeatWatch::mark(const std::string& session) {
    if (marked_.size() < most_marked) {
        marked_.insert(session);
        ask_later();
    }
}

void SeatWatch::ask_later() {
    if (waiting_ || asking_ || !reachable_ || marked_.empty()) {
        return;
    }
    waiting_ = true;
    const auto pause = std::chrono::ceil<milliseconds>(asked_ + settings_.interval - timers_.now());
    timers_.after(std::clamp(pause, milliseconds(0), settings_.interval), [this] {
        waiting_ = false;
        ask();
    });
}

void SeatWatch::ask() {
    std::unordered_set<std::string> sessions;
    while (!marked_.empty() && sessions.size() < most_asked) {
        sessions.insert(marked_.extract(marked_.begin()));
    }
    asked_ = timers_.now();
    asking_ = true;
    feed_.seats({sessions.begin(), sessions.end()},
                [this, sessions](const std::optional<std::vector<Seats>>& seats, const FeedError&) {
                    asking_ = false;
                    if (seats) {
                        got(sessions, *seats);
                    } else { // until it works
                        marked_.insert(sessions.begin(), sessions.end());
                    }
                    ask_later();
                });
}

void SeatWatch::got(const std::unordered_set<std::string>& asked, const std::vector<Seats>& seats) {
    std::unordered_set<std::string> gone = asked;
    for (const auto& one : seats) {
        gone.erase(one.session);
        remember(one);
    }
    for (const auto& session : gone) { // nobody's business any more
        known_.erase(session);
        presented_.erase(session);
    }
}

void SeatWatch::remember(const Seats& seats) {
    if (known_.size() >= settings_.most_known && !known_.contains(seats.session)) {
        known_.erase(known_.begin());
    }
    auto& known = known_[seats.session];
    const bool news = known.event == nullptr || known.event->bodies != seats.event->bodies;
    known.event = seats.event;
    known.asked = asked_;
    known.until =
        seats.until.count() > 0 ? timers_.now() + std::chrono::ceil<milliseconds>(seats.until) + margin : Time{};
    wake_at(seats.session, known);
    const SharedEvent event = seats.event;
    const Waiting waiting = presented_.contains(seats.session) ? presented_.extract(seats.session).mapped() : Waiting{};
    if (news) {
        tell_(event);
        return; // those who have joined are among those who are told
    }
    for (const auto& one : waiting) {
        if (const auto subscriber = one.lock()) {
            tell_one_(subscriber, event);
        }
    }
}

// One timer a session at most, unless it would come too late.
void SeatWatch::wake_at(const std::string& session, Known& known) {
    const Time now = timers_.now();
    if (known.until == Time{} || (known.wakes > now && known.wakes <= known.until)) {
        return;
    }
    known.wakes = known.until;
    timers_.after(std::chrono::ceil<milliseconds>(known.until - now), [this, session] { woken(session); });
}

void SeatWatch::woken(const std::string& session) {
    const auto found = known_.find(session);
    if (found == known_.end() || found->second.until == Time{}) {
        return;
    }
    if (found->second.until > timers_.now()) {
        wake_at(session, found->second);
    } else if (is_watched(*found->second.event)) {
        mark(session);
    } else {
        known_.erase(found);
    }
}

void SeatWatch::joined(const std::shared_ptr<Subscriber>& subscriber, const std::vector<std::string>& rooms) {
    for (const auto& room : rooms) {
        if (!is_id(std::string_view(room).substr(room.find(':') + 1))) {
            continue;
        }
        if (room.starts_with(session_prefix)) {
            present(subscriber, room.substr(session_prefix.size()));
        } else if (has_sessions(room)) {
            present_all(subscriber, room);
        }
    }
}

void SeatWatch::present(const std::shared_ptr<Subscriber>& subscriber, const std::string& session) {
    const auto found = known_.find(session);
    const Time now = timers_.now();
    const bool fresh = found != known_.end() && !marked_.contains(session) &&
                       now - found->second.asked < settings_.recheck &&
                       (found->second.until == Time{} || found->second.until > now);
    if (fresh) {
        tell_one_(subscriber, found->second.event);
        return;
    }
    mark(session);
    if (marked_.contains(session)) { // or there are too many
        presented_[session].push_back(subscriber);
    }
}

void SeatWatch::present_all(const std::shared_ptr<Subscriber>& subscriber, const std::string& room) {
    const auto found = listed_.find(room);
    if (found != listed_.end()) {
        found->second.push_back(subscriber);
    } else if (listed_.size() < most_unlisted) {
        listed_[room].push_back(subscriber);
        unlisted_.push_back(room);
        list();
    }
}

// A few at a time: anybody may join as many rooms as there are ids, and whoever connects waits for the same connections
// to the database.
void SeatWatch::list() {
    while (reachable_ && listing_ < most_listing && !unlisted_.empty()) {
        const std::string room = std::move(unlisted_.front());
        unlisted_.pop_front();
        if (!audience_.anybody_in(room)) { // they have left
            listed_.erase(room);
            continue;
        }
        ++listing_;
        feed_.sessions_of(
            room, most_listed,
            [this, room](const std::optional<std::vector<std::string>>& sessions, const FeedError& error) {
                --listing_;
                if (!sessions && error.lost) {
                    unlisted_.push_back(room);
                    list_later();
                } else {
                    got_list(room, sessions.value_or(std::vector<std::string>()));
                    list();
                }
            });
    }
}

// Nobody says when the connections that are asked here are back.
void SeatWatch::list_later() {
    if (!std::exchange(lists_later_, true)) {
        timers_.after(settings_.interval, [this] {
            lists_later_ = false;
            list();
        });
    }
}

void SeatWatch::got_list(const std::string& room, const std::vector<std::string>& sessions) {
    const auto node = listed_.extract(room);
    for (const auto& one : node.mapped()) {
        const auto who = one.lock();
        for (std::size_t i = 0; who && i < sessions.size(); ++i) {
            present(who, sessions[i]);
        }
    }
}

void SeatWatch::recheck() {
    for (auto known = known_.begin(); known != known_.end();) {
        if (is_watched(*known->second.event)) {
            mark(known->first);
            ++known;
        } else {
            known = known_.erase(known);
        }
    }
    timers_.after(settings_.recheck, [this] { recheck(); });
}

} // namespace pgbk::relay
