#include "core/circuit.hpp"

#include <gtest/gtest.h>

namespace pgbk::core {

namespace {

using namespace std::chrono_literals;

constexpr Instant start{1000h};

Circuit failed(int times, Instant at = start) {
    Circuit circuit;
    for (int i = 0; i < times; ++i) {
        count_failure(circuit, at);
    }
    return circuit;
}

TEST(Circuit, IsClosedAtFirstAndLeavesTheWholeLimit) {
    const Circuit circuit;
    EXPECT_EQ(circuit.state, CircuitState::closed);
    EXPECT_EQ(room(circuit, start, 0, 8), 8);
    EXPECT_EQ(room(circuit, start, 5, 8), 3);
    EXPECT_EQ(room(circuit, start, 8, 8), 0);
    EXPECT_EQ(room(circuit, start, 9, 8), 0) << "a limit that was lowered";
}

TEST(Circuit, OpensAtTheFifthFailureInARow) {
    EXPECT_EQ(failed(4).state, CircuitState::closed);
    const Circuit circuit = failed(5);
    EXPECT_EQ(circuit.state, CircuitState::open);
    EXPECT_EQ(circuit.open_until, start + 30s);
    EXPECT_EQ(circuit.failing_since, start);
}

TEST(Circuit, ASuccessBetweenFailuresKeepsItClosed) {
    Circuit circuit = failed(4);
    count_success(circuit, start);
    EXPECT_EQ(circuit.consecutive_failures, 0);
    EXPECT_FALSE(circuit.failing_since.has_value());
    for (int i = 0; i < 4; ++i) {
        count_failure(circuit, start + 1min);
    }
    EXPECT_EQ(circuit.state, CircuitState::closed) << "eight of nine, but ten are needed for a judgement";
    count_failure(circuit, start + 1min);
    EXPECT_EQ(circuit.state, CircuitState::open);
}

TEST(Circuit, OpensAtSeventyPercentOfTenInFiveMinutes) {
    Circuit circuit;
    const auto play = [&](std::string_view answers) {
        for (const char answer : answers) {
            answer == 'f' ? count_failure(circuit, start) : count_success(circuit, start);
        }
    };
    play("ffsffsffsf");
    EXPECT_EQ(circuit.state, CircuitState::open) << "seven of ten";
    circuit = Circuit{};
    play("ffsffssffss");
    EXPECT_EQ(circuit.state, CircuitState::closed) << "six of ten";
    circuit = Circuit{};
    play("ssssffsffsffsf");
    EXPECT_EQ(circuit.state, CircuitState::open) << "successes before the first failure do not count";
}

TEST(Circuit, ForgetsAWindowThatIsOver) {
    Circuit circuit;
    for (int i = 0; i < 3; ++i) {
        count_failure(circuit, start);
        count_failure(circuit, start);
        count_success(circuit, start);
    }
    EXPECT_EQ(circuit.window_total, 9);
    EXPECT_EQ(circuit.window_failed, 6);
    Circuit later = circuit;
    count_failure(later, start + 5min - 1us);
    EXPECT_EQ(later.state, CircuitState::open);
    later = circuit;
    count_failure(later, start + 5min);
    EXPECT_EQ(later.state, CircuitState::closed);
    EXPECT_EQ(later.window_total, 1);
    later = circuit;
    count_success(later, start + 5min);
    EXPECT_EQ(later, Circuit{}) << "nothing is counted where nothing fails";
}

TEST(Circuit, NothingIsSentWhileItIsOpenThenOneProbe) {
    Circuit circuit = failed(5);
    EXPECT_EQ(room(circuit, start, 0, 8), 0);
    EXPECT_EQ(room(circuit, start + 30s - 1us, 0, 8), 0);
    EXPECT_EQ(room(circuit, start + 30s, 0, 8), 1);
    EXPECT_EQ(room(circuit, start + 30s, 7, 8), 1) << "what was under way when it opened does not matter";
    EXPECT_EQ(room(circuit, start + 30s, 8, 8), 0) << "but for the limit";
    begin_probe(circuit, start + 29s);
    EXPECT_EQ(circuit.state, CircuitState::open);
    begin_probe(circuit, start + 30s);
    EXPECT_EQ(circuit.state, CircuitState::half_open);
    EXPECT_EQ(room(circuit, start + 30s, 1, 8), 0) << "one probe at a time";
    EXPECT_EQ(room(circuit, start + 30s, 0, 8), 1) << "one that was lost is followed by another";
}

TEST(Circuit, AProbeThatSucceedsClosesIt) {
    Circuit circuit = failed(5);
    begin_probe(circuit, start + 30s);
    count_success(circuit, start + 31s);
    EXPECT_EQ(circuit, Circuit{});
}

TEST(Circuit, AProbeThatFailsOpensItForTwiceAsLongUpToTenMinutes) {
    Circuit circuit = failed(5);
    Instant now = start;
    for (const auto expected : {30s, 60s, 120s, 240s, 480s, 600s, 600s, 600s, 600s}) {
        EXPECT_EQ(circuit.state, CircuitState::open);
        EXPECT_EQ(*circuit.open_until - now, expected);
        now = *circuit.open_until;
        begin_probe(circuit, now);
        count_failure(circuit, now);
    }
}

TEST(Circuit, AfterASuccessItBeginsAnew) {
    Circuit circuit = failed(5);
    begin_probe(circuit, start + 30s);
    count_failure(circuit, start + 30s);
    begin_probe(circuit, start + 2min);
    count_success(circuit, start + 2min);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(circuit.state, CircuitState::closed);
        count_failure(circuit, start + 3min);
    }
    EXPECT_EQ(circuit.open_until, start + 3min + 30s);
}

TEST(Circuit, WhatWasUnderWayWhenItOpenedDoesNotProlongIt) {
    Circuit circuit = failed(5);
    count_failure(circuit, start + 10s);
    EXPECT_EQ(circuit.open_until, start + 30s);
    EXPECT_EQ(circuit.consecutive_failures, 6);
    count_success(circuit, start + 11s);
    EXPECT_EQ(circuit, Circuit{}) << "and a success closes it at once";
}

TEST(Circuit, FailsTooLongAfterFiveDays) {
    Circuit circuit = failed(1);
    EXPECT_FALSE(has_failed_too_long(Circuit{}, start));
    EXPECT_FALSE(has_failed_too_long(circuit, start + 120h - 1us));
    EXPECT_TRUE(has_failed_too_long(circuit, start + 120h));
    count_failure(circuit, start + 119h);
    EXPECT_TRUE(has_failed_too_long(circuit, start + 120h)) << "since the first failure, not the last";
    count_success(circuit, start + 119h);
    EXPECT_FALSE(has_failed_too_long(circuit, start + 500h));
}

TEST(Circuit, IsSpelledAsItIsRead) {
    for (const auto state : {CircuitState::closed, CircuitState::open, CircuitState::half_open}) {
        EXPECT_EQ(circuit_of(circuit_word(state)), state);
    }
    EXPECT_EQ(circuit_of("else"), CircuitState::closed);
}

} // namespace

} // namespace pgbk::core
