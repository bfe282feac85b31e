#include "realtime/resuming.hpp"

#include "realtime/hand_over.hpp"

#include <algorithm>
#include <utility>

namespace pgbk::relay {

namespace {

constexpr std::size_t page_size = 500;
constexpr int most_pages_asked = 2;   // at once: those who are up to date come first
constexpr int most_in_one_turn = 256; // events looked at, before others have their turn
constexpr std::chrono::milliseconds congestion_pause{25};

} // namespace

Resuming::Resuming(Place place, Joined joined) : place_(place), joined_(std::move(joined)) {}

void Resuming::join(const std::shared_ptr<Subscriber>& subscriber, std::vector<std::string> rooms,
                    std::optional<std::int64_t> after, std::function<void(Resumption)> done) {
    const auto& member = place_.audience.enter(subscriber);
    keys_[member.number] = member.key;
    auto& queue = queues_[member.number];
    Join join;
    join.who = subscriber;
    join.rooms = std::move(rooms);
    join.after = after;
    join.done = std::move(done);
    queue.push_back(std::move(join));
    if (queue.size() == 1) {
        begin(member.number);
    }
}

void Resuming::leave(const Audience::Member& member, const std::string& room) {
    const auto queue = queues_.find(member.number);
    if (queue == queues_.end()) {
        return;
    }
    for (auto& join : queue->second) {
        std::erase(join.rooms, room);
        join.wanted.erase(hash_of_room(room));
        join.seated.erase(hash_of_room(room));
    }
}

void Resuming::leave_all(const Audience::Member& member) {
    queues_.erase(member.number);
    keys_.erase(member.number);
}

Resuming::Join* Resuming::current(Number number) {
    const auto queue = queues_.find(number);
    if (queue == queues_.end()) {
        return nullptr;
    }
    if (queue->second.front().who.expired()) { // it has gone, and has not said so
        place_.audience.drop(keys_[number]);
        queues_.erase(queue);
        keys_.erase(number);
        return nullptr;
    }
    return &queue->second.front();
}

void Resuming::begin(Number number) {
    Join* const join = current(number);
    if (join == nullptr) {
        return;
    }
    if (!join->after || *join->after == place_.position) {
        finish(number);
        return;
    }
    if (*join->after > place_.position) {
        compare_with_database(number);
        return;
    }
    auto& member = *place_.audience.find(*join->who.lock());
    member.catching_up = true;
    join->cursor = *join->after;
    join->start = place_.position;
    for (const auto& room : join->rooms) {
        join->wanted.insert(hash_of_room(room));
    }
    for (const auto& seat : member.seats) {
        join->seated.insert(hash_of_room(seat.room->name));
    }
    catch_up(number);
}

// A cursor from the future: another relay was faster than this one, or the database is not the one it was.
void Resuming::compare_with_database(Number number) {
    const std::int64_t after = *current(number)->after;
    place_.feed.page(after, 1, [this, number, after](const std::optional<Page>& page, const FeedError&) {
        Join* const join = current(number);
        if (join == nullptr) {
            return;
        }
        if (!page) {
            give_up(number);
        } else if (page->kept.last < after) {
            join->result = Resumption::too_old;
            finish(number);
        } else if (after <= place_.position) {
            begin(number);
        } else {
            join->waits_for_position = true;
        }
    });
}

void Resuming::moved() {
    std::vector<Number> reached;
    for (const auto& [number, queue] : queues_) {
        if (queue.front().waits_for_position && *queue.front().after <= place_.position) {
            reached.push_back(number);
        }
    }
    for (const Number number : reached) {
        if (Join* const join = current(number)) {
            join->waits_for_position = false;
            begin(number);
        }
    }
}

void Resuming::catch_up(Number number) {
    for (int turns = most_in_one_turn;; --turns) {
        Join* const join = current(number);
        if (join == nullptr) {
            return;
        }
        if (!join->page && join->cursor >= place_.position) {
            finish(number);
            return;
        }
        if (!join->page && !place_.ring.covers(join->cursor)) {
            want_page(number);
            return;
        }
        if (turns == 0) {
            later(number, std::chrono::milliseconds(0));
            return;
        }
        if (join->who.lock()->congested()) {
            later(number, congestion_pause);
            return;
        }
        if (!tell_next(number)) {
            return;
        }
    }
}

// The next one of the page, or else of the ring. False: there is nobody any more to be told.
bool Resuming::tell_next(Number number) {
    Join& join = *current(number);
    if (!join.page) {
        const auto place = place_.ring.find(join.cursor);
        if (place == place_.ring.size()) {
            join.cursor = place_.position;
            return true;
        }
        return tell(number, place_.ring.at(place));
    }
    if (join.next == join.page->events.size()) {
        join.cursor = std::max(join.cursor, join.page->up_to);
        join.page.reset();
        return true;
    }
    Ring::Entry entry;
    entry.event = join.page->events[join.next++];
    for (const auto& room : entry.event->rooms) {
        entry.rooms.push_back(hash_of_room(room));
    }
    return tell(number, entry);
}

bool Resuming::tell(Number number, const Ring::Entry& entry) {
    Join& join = *current(number);
    const auto event = entry.event; // the ring may move on meanwhile
    join.cursor = event->seq;
    const bool was_in = entry.concerns(join.seated);
    const bool concerned =
        event->seq <= join.start ? entry.concerns(join.wanted) && !was_in : entry.concerns(join.wanted) || was_in;
    if (!concerned) {
        return true;
    }
    const auto subscriber = join.who.lock();
    const HandedOver done = hand_over(*subscriber, event, place_.metrics);
    if (done == HandedOver::failed) {
        place_.audience.drop(subscriber.get());
        queues_.erase(number);
        keys_.erase(number);
        return false;
    }
    count_told(place_.metrics, done == HandedOver::told ? 1 : 0);
    return true;
}

void Resuming::later(Number number, std::chrono::milliseconds pause) {
    place_.timers.after(pause, [this, number] { catch_up(number); });
}

void Resuming::finish(Number number) {
    auto& queue = queues_.at(number);
    Join join = std::move(queue.front());
    queue.pop_front();
    const auto subscriber = join.who.lock();
    auto& member = *place_.audience.find(*subscriber);
    member.catching_up = false;
    member.told = std::max(member.told, join.cursor);
    if (join.result != Resumption::failed) {
        for (const auto& room : join.rooms) {
            place_.audience.seat(member, room);
        }
    } else if (member.seats.empty() && queue.empty()) {
        place_.audience.drop(subscriber.get());
    }
    count(join);
    const bool more = !queue.empty();
    if (!more) {
        queues_.erase(number);
        keys_.erase(number);
    }
    join.done(join.result);
    if (join.result != Resumption::failed) {
        joined_(subscriber, join.rooms);
    }
    if (more) {
        begin(number);
    }
}

void Resuming::count(const Join& join) {
    if (join.after) {
        const char* const source = join.result == Resumption::too_old  ? "too_old"
                                   : join.result == Resumption::failed ? "failed"
                                   : join.from_table                   ? "table"
                                                                       : "memory";
        place_.metrics.add("booking_relay_realtime_resumptions_total", {{"source", source}});
    }
}

// What was to be joined is not. Of the rooms that were joined before, nothing may be missed all the same.
void Resuming::give_up(Number number) {
    Join& join = *current(number);
    join.result = Resumption::failed;
    join.wanted.clear();
    if (join.start > 0 && !join.seated.empty()) {
        join.cursor = std::max(join.cursor, join.start);
        if (join.cursor < place_.position && !place_.ring.covers(join.cursor)) {
            later(number, std::chrono::seconds(1));
            return;
        }
        catch_up(number);
        return;
    }
    finish(number);
}

void Resuming::want_page(Number number) {
    const std::int64_t after = current(number)->cursor;
    auto& waiting = wanted_pages_[after];
    waiting.push_back(number);
    if (waiting.size() == 1) {
        unasked_pages_.push_back(after);
        ask_pages();
    }
}

void Resuming::ask_pages() {
    while (asked_pages_ < most_pages_asked && !unasked_pages_.empty()) {
        const std::int64_t after = unasked_pages_.front();
        unasked_pages_.pop_front();
        ++asked_pages_;
        place_.feed.page(after, page_size, [this, after](std::optional<Page> page, const FeedError&) {
            --asked_pages_;
            got_page(after, page ? std::make_shared<const Page>(std::move(*page)) : nullptr);
            ask_pages();
        });
    }
}

// Whoever came back at the same place as others shares it with them.
void Resuming::got_page(std::int64_t after, const std::shared_ptr<const Page>& page) {
    const auto waiting = wanted_pages_.extract(after);
    for (const Number number : waiting.mapped()) {
        if (current(number) != nullptr) {
            take_page(number, page);
        }
    }
}

void Resuming::take_page(Number number, const std::shared_ptr<const Page>& page) {
    Join& join = *current(number);
    if (!page) {
        give_up(number);
        return;
    }
    if (page->kept.first > join.cursor + 1 || page->kept.last < join.cursor) {
        // What it has missed is not kept any more: it goes on from now.
        join.result = Resumption::too_old;
        join.wanted.clear();
        join.cursor = join.seated.empty() ? place_.position : std::max(join.cursor, join.start);
        catch_up(number);
        return;
    }
    join.page = page;
    join.next = 0;
    join.from_table = true;
    catch_up(number);
}

} // namespace pgbk::relay
