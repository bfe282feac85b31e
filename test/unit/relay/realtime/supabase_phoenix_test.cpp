#include "realtime/supabase/phoenix.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace pgbk::relay::supabase {

namespace {

namespace json = boost::json;

std::string problem_of(Version version, std::string_view text) {
    std::string problem;
    return parse_message(version, text, problem) ? "none" : problem;
}

TEST(Phoenix, ReadsBothVersions) {
    std::string problem;
    const auto array = parse_message(Version::arrays, R"(["1","2","realtime:a","phx_join",{"config":{}}])", problem);
    ASSERT_TRUE(array) << problem;
    EXPECT_EQ(array->heading.join_ref, "1");
    EXPECT_EQ(array->heading.ref, "2");
    EXPECT_EQ(array->heading.topic, "realtime:a");
    EXPECT_EQ(array->heading.event, "phx_join");
    EXPECT_EQ(json::serialize(array->payload), R"({"config":{}})");

    const auto object = parse_message(
        Version::objects, R"({"topic":"phoenix","event":"heartbeat","payload":{},"ref":"3","other":[1]})", problem);
    ASSERT_TRUE(object) << problem;
    EXPECT_EQ(object->heading.join_ref, std::nullopt);
    EXPECT_EQ(object->heading.ref, "3");
    EXPECT_EQ(object->heading.event, "heartbeat");
}

TEST(Phoenix, RefusesWhatIsNoMessage) {
    for (const char* bad : {"", "[]", "{}", "null", "[1,2,3,4]", R"(["1","2","t","e"])", R"(["1","2","t","e",{},{}])",
                            R"([1,"2","t","e",{}])", R"(["1","2",null,"e",{}])", R"(["1","2","","e",{}])",
                            R"(["1","2","t",{},{}])", R"(["1","2","t","e",{}]x)", "[\"1\",\"2\",\"\xff\",\"e\",{}]"}) {
        EXPECT_NE(problem_of(Version::arrays, bad), "none") << bad;
        EXPECT_NE(problem_of(Version::objects, bad), "none") << bad;
    }
    const std::string longest(longest_short_text, 'a');
    EXPECT_EQ(problem_of(Version::arrays, R"([null,null,")" + longest + R"(","e",null])"), "none");
    EXPECT_NE(problem_of(Version::arrays, R"([null,null,")" + longest + R"(a","e",null])"), "none");
    EXPECT_NE(problem_of(Version::arrays, R"(["1","2","t","e",)" + std::string(40, '[') + std::string(40, ']') + "]"),
              "none")
        << "too deep";
}

TEST(Phoenix, WritesWhatItReads) {
    for (const Version version : {Version::objects, Version::arrays}) {
        const Heading heading{"1", std::nullopt, "realtime:\"a\"\n", "system"};
        std::string problem;
        const auto read = parse_message(version, message_text(version, heading, R"({"a":1})"), problem);
        ASSERT_TRUE(read) << problem;
        EXPECT_EQ(read->heading.join_ref, "1");
        EXPECT_EQ(read->heading.ref, std::nullopt);
        EXPECT_EQ(read->heading.topic, heading.topic);
        EXPECT_EQ(json::serialize(read->payload), R"({"a":1})");
    }
    EXPECT_EQ(message_text(Version::arrays, {std::nullopt, "8", "phoenix", "phx_reply"}, "{}"),
              R"([null,"8","phoenix","phx_reply",{}])");
}

TEST(Phoenix, KnowsItsVersions) {
    EXPECT_EQ(version_of(std::nullopt), Version::objects);
    EXPECT_EQ(version_of("1.0.0"), Version::objects);
    EXPECT_EQ(version_of("2.0.0"), Version::arrays);
    EXPECT_EQ(version_of("3.0.0"), std::nullopt);
    EXPECT_EQ(version_of(""), std::nullopt);
}

std::string push(std::string_view text, char encoding) {
    // join_ref 1, ref 2, topic realtime:a, event move, no metadata
    return std::string("\x03\x01\x01\x0a\x04", 5) + '\0' + encoding + "12realtime:amove" + std::string(text);
}

TEST(Phoenix, ReadsBinaryBroadcasts) {
    std::string problem;
    const auto read = parse_broadcast(push(R"({"x":1})", 1), problem);
    ASSERT_TRUE(read) << problem;
    EXPECT_EQ(read->heading.join_ref, "1");
    EXPECT_EQ(read->heading.ref, "2");
    EXPECT_EQ(read->heading.topic, "realtime:a");
    EXPECT_EQ(read->event, "move");
    EXPECT_TRUE(read->is_json);
    EXPECT_EQ(read->payload, R"({"x":1})");
    EXPECT_EQ(broadcast_bytes("realtime:a", *read),
              std::string("\x04\x0a\x04", 3) + '\0' + "\x01realtime:amove" + R"({"x":1})");
    const auto bytes = parse_broadcast(push(std::string("\0\xff", 2), 0), problem);
    ASSERT_TRUE(bytes);
    EXPECT_FALSE(bytes->is_json);
    EXPECT_EQ(bytes->payload, std::string("\0\xff", 2));
}

TEST(Phoenix, RefusesOtherBinaryMessages) {
    const std::string whole = push("", 1);
    std::string problem;
    for (std::size_t length = 0; length < whole.size(); ++length) {
        EXPECT_FALSE(parse_broadcast(whole.substr(0, length), problem)) << length;
    }
    EXPECT_TRUE(parse_broadcast(whole, problem));
    EXPECT_FALSE(parse_broadcast(push("", 2), problem)) << "no such encoding";
    std::string other = whole;
    other[0] = 4;
    EXPECT_FALSE(parse_broadcast(other, problem)) << "what only servers send";
    other = whole;
    other[other.size() - 1] = '\xff';
    EXPECT_FALSE(parse_broadcast(other, problem)) << "names are UTF-8";
}

} // namespace

} // namespace pgbk::relay::supabase
