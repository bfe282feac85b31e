#include "core/sequencer_window.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace pgbk::core {

namespace {

constexpr Milliseconds start = 1'763'737'000'000;

Snapshot snapshot(Xid xmax, std::vector<Xid> running = {}) {
    return {xmax, std::move(running)};
}

// What a pass leaves that saw this, with itself as the next transaction.
Progress passed(Xid xmax, std::vector<Xid> running, Milliseconds at) {
    Progress progress{snapshot(xmax, running), at, at, {}, xmax};
    for (const Xid xid : running) {
        progress.running.push_back({xid, at - 1000});
    }
    return progress;
}

TEST(Snapshot, ReadsWhatTheServerWrites) {
    const auto found = parse_snapshot("10:20:10,14");
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->xmax, 20U);
    EXPECT_EQ(found->running, (std::vector<Xid>{10, 14}));
    EXPECT_EQ(parse_snapshot("20:20:")->running, std::vector<Xid>{});
    EXPECT_EQ(parse_snapshot("4294967299:4294967300:4294967299")->xmax, 4294967300U) << "with its epoch";
}

TEST(Snapshot, IsNothingElse) {
    for (const char* const text :
         {"", "10", "10:20", "a:20:", "10:20:x", "10:20:9", "10:20:20", "10:20:14,10", "20:10:", "10:20:10,",
          "10:20:,10", "10:20:10 ", "-1:20:", "10:20:10;14", "10:99999999999999999999:", "10:20:-10"}) {
        EXPECT_FALSE(parse_snapshot(text).has_value()) << text;
    }
}

TEST(Snapshot, KnowsWhoHasEnded) {
    const Snapshot now = snapshot(20, {10, 14});
    EXPECT_TRUE(now.has_ended(9));
    EXPECT_FALSE(now.has_ended(10));
    EXPECT_TRUE(now.has_ended(11));
    EXPECT_FALSE(now.has_ended(14));
    EXPECT_TRUE(now.has_ended(19));
    EXPECT_FALSE(now.has_ended(20));
}

TEST(Writers, AreStoredAndReadBack) {
    for (const auto& writers : {std::vector<Writer>{}, {{740, start}}, {{740, start}, {4294967300, 0}}}) {
        EXPECT_EQ(parse_writers(writers_text(writers)), writers);
    }
    EXPECT_EQ(writers_text({{740, 12}, {751, 13}}), "740@12,751@13");
    for (const char* const text : {"740", "740@", "@1", "740@1,", ",740@1", "740@1 ", "740@-1", "a@1", "740@1;741@1"}) {
        EXPECT_FALSE(parse_writers(text).has_value()) << text;
    }
}

TEST(SequencerWindow, IsEverythingAtFirst) {
    const Window window = next_window(std::nullopt, snapshot(20, {14}), start, 0);
    EXPECT_EQ(window.from, beginning);
    EXPECT_FALSE(window.is_empty);
    EXPECT_TRUE(window.is_sweep);
    const Progress progress = progress_after(std::nullopt, snapshot(20, {14}), start, window, {20, true});
    EXPECT_EQ(progress.running, (std::vector<Writer>{{14, beginning}}))
        << "nobody knows since when it has been writing";
    EXPECT_EQ(next_window(progress, snapshot(21), start + 5, 0).from, beginning) << "so all is looked at once it ends";
}

TEST(SequencerWindow, IsEverythingWhereTheProgressIsOfALaterTime) {
    const Progress progress = passed(100, {}, start);
    EXPECT_EQ(next_window(progress, snapshot(99), start + 5, 0).from, beginning);
    EXPECT_FALSE(next_window(progress, snapshot(99), start + 5, 0).is_empty);
    const Progress next = progress_after(progress, snapshot(99, {98}), start + 5,
                                         next_window(progress, snapshot(99), start + 5, 0), {99, true});
    EXPECT_EQ(next.running, (std::vector<Writer>{{98, beginning}})) << "what it says of writers is not believed either";
    EXPECT_EQ(next.swept_at, start + 5);
}

TEST(SequencerWindow, IsEmptyWhileNobodyEnds) {
    const Progress progress = passed(20, {10, 14}, start);
    EXPECT_TRUE(next_window(progress, snapshot(20, {10, 14}), start + 5, 0).is_empty) << "the very same";
    EXPECT_TRUE(next_window(progress, snapshot(21, {10, 14}), start + 5, 0).is_empty)
        << "only the pass itself has ended";
    EXPECT_TRUE(next_window(progress, snapshot(23, {10, 14, 21, 22}), start + 5, 0).is_empty) << "others have begun";
    EXPECT_FALSE(next_window(progress, snapshot(23, {10, 14, 21}), start + 5, 0).is_empty) << "one of them has ended";
    EXPECT_FALSE(next_window(progress, snapshot(22, {10, 14, 20}), start + 5, 0).is_empty)
        << "21 has ended, and the pass not yet";
    EXPECT_FALSE(next_window(progress, snapshot(21, {14}), start + 5, 0).is_empty) << "10 has ended";
}

TEST(SequencerWindow, BeginsAtTheLastPassForThoseWhoCameLater) {
    const Progress progress = passed(20, {}, start);
    EXPECT_EQ(next_window(progress, snapshot(22), start + 5, 0).from, start - slack);
    EXPECT_EQ(next_window(progress, snapshot(22), start + 59'999, 0).from, start - slack) << "however long ago";
}

TEST(SequencerWindow, BeginsAtTheBoundOfTheOldestThatHasEnded) {
    Progress progress = passed(30, {}, start);
    progress.running = {{7, start - 9000}, {8, start - 500}, {9, start - 800}};
    progress.snapshot.running = {7, 8, 9};
    EXPECT_EQ(next_window(progress, snapshot(31, {7}), start + 5, 0).from, start - 800 - slack);
    EXPECT_EQ(next_window(progress, snapshot(31), start + 5, 0).from, start - 9000 - slack);
    EXPECT_EQ(next_window(progress, snapshot(32, {7, 9}), start + 5, 0).from, start - 500 - slack);
}

TEST(SequencerWindow, RemembersABoundUntilItsWriterEnds) {
    Progress progress = passed(20, {}, start);
    Milliseconds now = start;
    for (Xid xmax = 22; xmax < 100; xmax += 2) { // 21 is at work all the time, others come and go
        now += 100;
        const Snapshot seen = snapshot(xmax, {21});
        const Window window = next_window(progress, seen, now, 0);
        EXPECT_GT(window.from, start - sweep_back - slack);
        progress = progress_after(progress, seen, now, window, {xmax, true});
        ASSERT_EQ(progress.running, (std::vector<Writer>{{21, start}}));
    }
    EXPECT_EQ(next_window(progress, snapshot(200), now + 100, 0).from, start - slack);
}

TEST(SequencerWindow, SeesWhatItsOwnTransactionHasDone) {
    const Progress last = passed(20, {}, start);
    const Snapshot seen = snapshot(21); // the number of a transaction is not below xmax while it is the latest
    const Progress progress =
        progress_after(last, seen, start + 5, next_window(last, seen, start + 5, 21), {21, false});
    EXPECT_EQ(progress.own, 0U);
    EXPECT_EQ(progress.running, (std::vector<Writer>{{21, start + 5}}));
    EXPECT_FALSE(next_window(progress, seen, start + 9, 21).is_empty) << "called again by the same transaction";
    EXPECT_TRUE(next_window(progress, snapshot(22, {21}), start + 9, 0).is_empty) << "by another meanwhile";
    EXPECT_EQ(next_window(progress, snapshot(22), start + 9, 0).from, start + 5 - slack) << "by another afterwards";
}

TEST(SequencerWindow, LooksFurtherBackOnceAMinute) {
    const Progress last = passed(20, {}, start);
    EXPECT_FALSE(next_window(last, snapshot(22), start + sweep_every - 1, 0).is_sweep);
    const Window window = next_window(last, snapshot(22), start + sweep_every, 0);
    EXPECT_TRUE(window.is_sweep);
    EXPECT_EQ(window.from, start - sweep_back);
    const Progress progress = progress_after(last, snapshot(22), start + sweep_every, window, {22, true});
    EXPECT_EQ(progress.swept_at, start + sweep_every);
    EXPECT_FALSE(next_window(progress, snapshot(24), start + sweep_every + 1, 0).is_sweep);
    EXPECT_FALSE(next_window(last, snapshot(21), start + sweep_every, 0).is_sweep) << "nobody has ended since the last";
    Progress later = last;
    later.scanned_at += 1000;
    const Window idle = next_window(later, snapshot(21), start + sweep_every, 0);
    EXPECT_TRUE(idle.is_sweep && idle.is_empty) << "that pass did not look further back: one more, though all is quiet";
}

TEST(SequencerWindow, LooksFurtherBackWhereTheClockHasStepped) {
    const Progress last = passed(20, {}, start);
    const Window window = next_window(last, snapshot(23, {21}), start - 10'000, 0);
    EXPECT_TRUE(window.is_sweep);
    EXPECT_EQ(window.from, start - 10'000 - sweep_back);
    const Progress progress = progress_after(last, snapshot(23, {21}), start - 10'000, window, {23, true});
    EXPECT_EQ(progress.scanned_at, start - 10'000);
    EXPECT_EQ(progress.running, (std::vector<Writer>{{21, start - 10'000 - sweep_back}}))
        << "its ids are of the new time";
    EXPECT_EQ(next_window(passed(20, {}, 5), snapshot(22), 6, 0).from, beginning) << "never before the beginning";
    Progress swept_before = last;
    swept_before.swept_at -= 30'000;
    EXPECT_TRUE(next_window(swept_before, snapshot(22), start - 10, 0).is_sweep) << "not by as much as a minute";
}

TEST(SequencerWindow, FindsWhatALongTransactionWritesAfterTheClockWasSetBack) {
    constexpr Milliseconds hour = 3'600'000;
    Progress progress = passed(20, {10}, start);
    for (Milliseconds now = start - hour; now < start - hour / 2; now += sweep_every) { // 10 writes after the first
        const Window window = next_window(progress, snapshot(21, {10}), now, 0);
        progress = progress_after(progress, snapshot(21, {10}), now, window, {20, true});
    }
    EXPECT_LT(next_window(progress, snapshot(21), start - hour / 2, 0).from, start - hour);
}

// Transactions that begin, write and end in any order, and passes in between: no pass may overlook an event that it can
// see and that has no place yet, and none is idle while there is one.
class World {
public:
    explicit World(unsigned seed) : dice_(seed) {}

    void step() {
        now_ += roll(40);
        switch (roll(10)) {
        case 0:
        case 1:
            writers_[next_xid_++] = {};
            break;
        case 2:
        case 3:
        case 4:
            if (auto* const writer = any(); writer != nullptr) {
                writer->push_back(now_ - roll(3)); // the id was made a moment before
            }
            break;
        case 5:
        case 6:
            if (!writers_.empty()) {
                end(std::next(writers_.begin(), roll(static_cast<int>(writers_.size()))));
            }
            break;
        default:
            pass();
        }
    }

    int passes_that_found() const { return passes_that_found_; }

private:
    int roll(int sides) { return std::uniform_int_distribution<int>(0, sides - 1)(dice_); }

    std::vector<Milliseconds>* any() {
        return writers_.empty() ? nullptr
                                : &std::next(writers_.begin(), roll(static_cast<int>(writers_.size())))->second;
    }

    void end(std::map<Xid, std::vector<Milliseconds>>::iterator writer) {
        if (roll(4) != 0) { // the others roll back
            waiting_.insert(waiting_.end(), writer->second.begin(), writer->second.end());
        }
        writers_.erase(writer);
    }

    void pass() {
        Snapshot seen = snapshot(next_xid_);
        for (const auto& [xid, ids] : writers_) {
            seen.running.push_back(xid);
        }
        const Window window = next_window(progress_, seen, now_, 0);
        if (window.is_empty) {
            EXPECT_TRUE(waiting_.empty()) << "idle, with events that have no place";
            return;
        }
        for (const Milliseconds id : waiting_) {
            EXPECT_GE(id, window.from) << "overlooked by " << window.from - id << " ms";
        }
        passes_that_found_ += waiting_.empty() ? 0 : 1;
        waiting_.clear();
        if (roll(3) != 0) { // else it is not worth a write
            progress_ = progress_after(progress_, seen, now_, window, {next_xid_++, true});
        }
    }

    std::mt19937 dice_;
    Milliseconds now_ = start;
    Xid next_xid_ = 1000;
    std::map<Xid, std::vector<Milliseconds>> writers_;
    std::vector<Milliseconds> waiting_; // ids of events that were committed and have no place
    std::optional<Progress> progress_;
    int passes_that_found_ = 0;
};

TEST(SequencerWindow, OverlooksNothingWhateverHappens) {
    for (unsigned seed = 1; seed <= 50; ++seed) {
        World world(seed);
        for (int i = 0; i < 2000; ++i) {
            world.step();
        }
        EXPECT_GT(world.passes_that_found(), 100) << "seed " << seed;
        if (HasFailure()) {
            FAIL() << "seed " << seed;
        }
    }
}

} // namespace

} // namespace pgbk::core
