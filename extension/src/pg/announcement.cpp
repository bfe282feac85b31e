// NOTIFY in a writer's transaction takes a lock of the whole server until the commit is on the disk, so that commits
// wait for each other. Here a writer sets a flag once it has committed, and wakes the notifier if that sleeps.
#include "pg/announcement.hpp"

#include "pg/settings.hpp"

namespace pgbk {

namespace {

// Of the transaction under way.
struct Announcement {
    std::uint32_t channels = 0;
    bool is_counted = false; // among Place::announced
    bool is_direct = false;
};

Announcement current;

// Nothing in here can raise.
void at_end_of_transaction(XactEvent event, void* /*argument*/) {
    const bool is_commit = event == XACT_EVENT_COMMIT;
    if (!is_commit && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE) {
        return;
    }
    const Announcement ended = current;
    current = Announcement{};
    if (!ended.is_counted) {
        return;
    }
    Place& place = *own_place();
    if (is_commit) {
        pg_atomic_fetch_add_u64(&place.commits, 1); // a barrier: what is read below is read after the commit
        // Where it is set already, whoever did so has woken the notifier, which has not taken it yet.
        const bool is_set = (pg_atomic_read_u32(&place.flags) & ended.channels) == ended.channels;
        if (!is_set && (pg_atomic_fetch_or_u32(&place.flags, ended.channels) & notifier_sleeps) != 0) {
            wake_notifier(place);
        }
    }
    // Not before: a notifier that sees neither the flag nor the transaction may leave.
    pg_atomic_fetch_sub_u32(&place.announced, 1);
}

void watch_transactions() {
    static bool watches = false;
    if (!watches) {
        RegisterXactCallback(at_end_of_transaction, nullptr);
        watches = true;
    }
}

// Counted first, and then looked whether the notifier is there: it looks in the opposite order before it leaves.
bool join(Place& place) {
    pg_atomic_fetch_add_u32(&place.announced, 1);
    const bool may_stay = pg_atomic_read_u64(&place.away_until) == 0;
    if ((may_stay && pg_atomic_read_u32(&place.notifier) != 0) || ensure_notifier(place)) {
        return true;
    }
    pg_atomic_fetch_sub_u32(&place.announced, 1);
    pg_atomic_fetch_add_u64(&place.direct, 1);
    return false;
}

} // namespace

bool announce(Channel channel) {
    if (settings::notify != settings::notify_coalesced || !has_notifier_places() || current.is_direct) {
        return false;
    }
    if (!current.is_counted) {
        watch_transactions();
        Place* const place = own_place();
        if (place == nullptr) {
            pg_atomic_fetch_add_u64(&homeless_transactions(), 1);
        }
        current.is_counted = place != nullptr && join(*place);
        current.is_direct = !current.is_counted;
    }
    if (current.is_direct) {
        return false;
    }
    current.channels |= static_cast<std::uint32_t>(channel);
    return true;
}

} // namespace pgbk
