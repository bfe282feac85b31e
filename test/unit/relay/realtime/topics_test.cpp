#include "realtime/topics.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

using Rooms = std::vector<std::string>;

const std::string id = "0192f0c4-8d6a-8b3c-9f10-0a1b2c3d4e5f";

Rooms rooms(const std::string& text) {
    const auto topics = parse_topics(text);
    EXPECT_EQ(topics.problem, "") << text;
    return topics.rooms;
}

TEST(Topics, AreTheRoomsOfTheHub) {
    EXPECT_EQ(rooms("public"), Rooms{"public"});
    EXPECT_EQ(rooms("venue:" + id), Rooms{"venue:" + id});
    EXPECT_EQ(rooms("activity:" + id + ", session:" + id + ",booking:" + id),
              (Rooms{"activity:" + id, "session:" + id, "booking:" + id}));
    EXPECT_EQ(rooms("organization:17"), Rooms{"organization:17"});
    EXPECT_EQ(rooms("customer:auth0|ada:1"), Rooms{"customer:auth0|ada:1"});
    EXPECT_EQ(rooms(""), Rooms{});
}

TEST(Topics, HaveOlderWords) {
    EXPECT_EQ(rooms("library:" + id + ",court:" + id + ",seat:" + id + ",provider:3"),
              (Rooms{"venue:" + id, "activity:" + id, "session:" + id, "organization:3"}));
    EXPECT_EQ(rooms("user:a,client:b,student:c"), (Rooms{"customer:a", "customer:b", "customer:c"}));
}

TEST(Topics, AreNamedOnce) {
    const std::string upper = "0192F0C4-8D6A-8B3C-9F10-0A1B2C3D4E5F";
    EXPECT_EQ(rooms("court:" + upper + ",public,activity:" + id + ",public"), (Rooms{"activity:" + id, "public"}));
}

TEST(Topics, OfNoKindAreRefused) {
    for (const std::string& text : std::vector<std::string>{std::string("bookings"),
                                                            "public:" + id,
                                                            "checkin:" + id,
                                                            "booking",
                                                            "booking:",
                                                            "booking:17",
                                                            "booking:" + id + "0",
                                                            "organization:0",
                                                            "organization:01",
                                                            "organization:-1",
                                                            "organization:x",
                                                            "organization:99999999999",
                                                            "organization:",
                                                            "customer:",
                                                            "customer:" + std::string(256, 'x'),
                                                            ":" + id,
                                                            "Booking:" + id,
                                                            "public,",
                                                            ",",
                                                            "venue.*"}) {
        const auto topics = parse_topics(text);
        EXPECT_NE(topics.problem, "") << text;
    }
    EXPECT_LT(parse_topics(std::string(5'000, 'x')).problem.size(), 300U);
}

} // namespace

} // namespace pgbk::relay
