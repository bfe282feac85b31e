// Where the sequencer has to look for events that have no position yet.
//
// Events are written by transactions that commit in any order, and nothing on their way says when they did. But an id
// tells when it was made, and a snapshot who is still at work: what a pass could not see was written by transactions
// that were running then, or began later. So a pass notes its snapshot, its time, and for each running writer a time
// before which it has made no id. The next pass looks from the earliest of these on, among those that have ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgbk::core {

using Xid = std::uint64_t;            // with its epoch
using Milliseconds = std::int64_t;    // since 1970
constexpr Milliseconds beginning = 0; // of time, as ids know it

// Who has ended: everybody below xmax but those who are running. Savepoints are not named, and pass for ended.
struct Snapshot {
    Xid xmax = 0;
    std::vector<Xid> running; // rising

    bool has_ended(Xid xid) const;
};

// The text of a pg_snapshot, "10:20:10,14". Nothing if it is none.
std::optional<Snapshot> parse_snapshot(std::string_view text);

struct Writer {
    Xid xid;
    Milliseconds since; // none of its ids is older

    friend bool operator==(const Writer&, const Writer&) = default;
};

// "740@1763737000123,751@1763737000456"
std::string writers_text(const std::vector<Writer>& writers);
std::optional<std::vector<Writer>> parse_writers(std::string_view text); // nothing if it is not such a text

// What a pass leaves to the next.
struct Progress {
    Snapshot snapshot;
    Milliseconds scanned_at = beginning;
    Milliseconds swept_at = beginning; // when a pass last looked further back than it had to
    std::vector<Writer> running;       // those of the snapshot
    Xid own = 0;                       // of the pass itself, if that was all it did; 0: it is among the running
};

struct Window {
    Milliseconds from = beginning; // ids made at this time or later
    bool is_empty = false;         // nobody has ended since the last pass: there is nothing new anywhere
    bool is_sweep = false;
};

// Between an id and the first write of its transaction nothing happens that takes time. So much is allowed for it, ...
constexpr Milliseconds slack = 250;
// ... and for what should not be, as a clock that steps back or a process that is stopped in between: every now and
// then a pass looks further back.
constexpr Milliseconds sweep_every = 60'000;
constexpr Milliseconds sweep_back = 120'000;

// Without progress, or with one that cannot be of this server's past, all there is. own: the transaction of the pass,
// if it has a number yet, else 0; it sees what it has written itself.
Window next_window(const std::optional<Progress>& last, const Snapshot& snapshot, Milliseconds now, Xid own);

// The transaction of the pass, which its own snapshot does not name. It may do other things, too, and be over later.
struct Own {
    Xid xid;
    bool is_over; // with the pass
};

// now: read before the snapshot was taken.
Progress progress_after(const std::optional<Progress>& last, const Snapshot& snapshot, Milliseconds now,
                        const Window& window, const Own& own);

} // namespace pgbk::core
