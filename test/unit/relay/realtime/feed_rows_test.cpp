#include "realtime/feed_rows.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

TEST(FeedRows, AnEvent) {
    const auto event = read_event({42, 7, "e", "booking.created", "2026-11-21T15:00:00.000Z", "ada", "b",
                                   R"(["organization:7","booking:b"])", std::nullopt, R"({"seq":42})",
                                   R"({"seq":42,"row":{"total_amount":1.5}})"});
    EXPECT_EQ(event->seq, 42);
    EXPECT_EQ(event->organization, 7);
    EXPECT_EQ(event->id + " " + event->kind + " " + event->customer + " " + event->booking, "e booking.created ada b");
    EXPECT_EQ(event->rooms, (std::vector<std::string>{"organization:7", "booking:b"}));
    EXPECT_EQ(event->body(View::everybody), nullptr);
    ASSERT_NE(event->body(View::customer), nullptr);
    EXPECT_EQ(event->body(View::member)->at("row").at("total_amount").as_double(), 1.5);
}

TEST(FeedRows, WhatIsNoEventIsRefused) {
    EXPECT_THROW(read_event({1, 1, "", "", "", {}, {}, "{}", {}, {}, {}}), std::exception);
    EXPECT_THROW(read_event({1, 1, "", "", "", {}, {}, "[1]", {}, {}, {}}), std::exception);
    EXPECT_THROW(read_event({1, 1, "", "", "", {}, {}, "[]", "[]", {}, {}}), std::exception);
    EXPECT_THROW(read_event({1, 1, "", "", "", {}, {}, "[]", "{", {}, {}}), std::exception);
}

const std::string row = R"({"organization_id":7,"session_id":"s","activity_id":"a","venue_id":"v","seats_available":3)";

TEST(FeedRows, Seats) {
    const Seats seats = read_seats(row + R"(,"changes_at":1010.5})", 1'000);
    EXPECT_EQ(seats.session, "s");
    EXPECT_DOUBLE_EQ(seats.until.count(), 10.5);
    EXPECT_EQ(seats.event->seq, 0);
    EXPECT_EQ(seats.event->kind, "session.availability");
    EXPECT_EQ(seats.event->organization, 7);
    EXPECT_EQ(seats.event->rooms, (std::vector<std::string>{"session:s", "activity:a", "venue:v"}));
    EXPECT_EQ(seats.event->body(View::everybody)->at("seats_available").as_int64(), 3);
    EXPECT_FALSE(seats.event->body(View::everybody)->contains("changes_at"));
    EXPECT_EQ(seats.event->body(View::member), nullptr);
}

TEST(FeedRows, SeatsThatDoNotChangeByThemselves) {
    EXPECT_EQ(read_seats(row + R"(,"changes_at":null})", 1'000).until.count(), 0);
    EXPECT_GT(read_seats(row + R"(,"changes_at":999})", 1'000).until.count(), 0) << "a hold that is over just now";
    EXPECT_THROW(read_seats("{}", 0), std::exception);
}

} // namespace

} // namespace pgbk::relay
