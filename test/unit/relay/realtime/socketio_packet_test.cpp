#include "realtime/socketio/engine_packet.hpp"
#include "realtime/socketio/packet.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace pgbk::relay::socketio {

namespace {

namespace json = boost::json;

using Packets = std::vector<EnginePacket>;

TEST(EnginePackets, AreATypeAndData) {
    EXPECT_EQ(decode_engine_packet("2probe"), (EnginePacket{EngineType::ping, "probe"}));
    EXPECT_EQ(decode_engine_packet("6"), (EnginePacket{EngineType::noop, ""}));
    EXPECT_EQ(decode_engine_packet("4b"), (EnginePacket{EngineType::message, "b"}));
    for (const char* text : {"", "7", "abc", "bAQID", "-1", " 4"}) {
        EXPECT_EQ(decode_engine_packet(text), std::nullopt) << text;
    }
}

TEST(Payloads, AreTakenApartAtTheSeparator) {
    EXPECT_EQ(decode_payload("4a\x1e"
                             "2\x1e"
                             "4"),
              (Packets{{EngineType::message, "a"}, {EngineType::ping, ""}, {EngineType::message, ""}}));
    EXPECT_EQ(decode_payload("bAQIDBA==\x1e"
                             "4x"),
              (Packets{{EngineType::message, "\x01\x02\x03\x04", true}, {EngineType::message, "x"}}));
    EXPECT_EQ(decode_payload("b"), (Packets{{EngineType::message, "", true}}));
}

TEST(Payloads, ThatHaveAnythingElseInThemAreNone) {
    for (const char* body : {"", "abc", "4a\x1e", "\x1e",
                             "4a\x1e\x1e"
                             "4b",
                             "b!", "bAQ", "bAQIDBA", "4\xff", "8"}) {
        EXPECT_EQ(decode_payload(body), std::nullopt) << body;
    }
    EXPECT_EQ(decode_payload(std::string("4\0", 2)), std::nullopt);
}

TEST(Payloads, HaveALimitedNumberOfPackets) {
    std::string body = "3";
    for (std::size_t i = 1; i < most_packets; ++i) {
        body += "\x1e"
                "3";
    }
    EXPECT_EQ(decode_payload(body)->size(), most_packets);
    EXPECT_EQ(decode_payload(body + "\x1e"
                                    "3"),
              std::nullopt);
}

TEST(EnginePackets, AreWrittenAsTheyAreRead) {
    for (const char* text : {"0{}", "1", "2probe", "4hello", "5", "6", "bAQIDBA=="}) {
        EXPECT_EQ(encode(decode_payload(text)->front()), text);
    }
}

TEST(Packets, AreReadAsTheOfficialClientWritesThem) {
    const auto event = decode_packet(R"(42["join:role","student"])").has_value();
    EXPECT_FALSE(event) << "that is a packet of Engine.IO";
    EXPECT_EQ(*decode_packet("0"), (Packet{PacketType::connect, 0, "/", {}, {}}));
    EXPECT_EQ(*decode_packet(R"(0{"token":"x"})"),
              (Packet{PacketType::connect, 0, "/", {}, json::parse(R"({"token":"x"})")}));
    EXPECT_EQ(*decode_packet("0/admin,"), (Packet{PacketType::connect, 0, "/admin", {}, {}}));
    EXPECT_EQ(*decode_packet("0/admin"), (Packet{PacketType::connect, 0, "/admin", {}, {}}));
    EXPECT_EQ(*decode_packet(R"(0/admin?a=b,{"token":1})"),
              (Packet{PacketType::connect, 0, "/admin?a=b", {}, json::parse(R"({"token":1})")}));
    EXPECT_EQ(*decode_packet("1/admin,"), (Packet{PacketType::disconnect, 0, "/admin", {}, {}}));
    EXPECT_EQ(*decode_packet(R"(212["a",1])"), (Packet{PacketType::event, 0, "/", 12, json::parse(R"(["a",1])")}));
    EXPECT_EQ(*decode_packet(R"(2/n,0["a"])"), (Packet{PacketType::event, 0, "/n", 0, json::parse(R"(["a"])")}));
    EXPECT_EQ(*decode_packet(R"(37[])"), (Packet{PacketType::ack, 0, "/", 7, json::parse("[]")}));
    EXPECT_EQ(*decode_packet(R"(52-/n,3["a",{"_placeholder":true,"num":0}])"),
              (Packet{PacketType::binary_event, 2, "/n", 3, json::parse(R"(["a",{"_placeholder":true,"num":0}])")}));
}

TEST(Packets, ThatAClientMayNotSendAreRefused) {
    for (const char* text : {"",
                             "7",
                             "a",
                             "2",
                             "2{}",
                             "2[]",
                             "2[1]",
                             "2[null]",
                             R"(2"a")",
                             "1{}",
                             "1[]",
                             "0[]",
                             "0\"x\"",
                             "0null",
                             "3[]",
                             "3",
                             "37{}",
                             "4{}",
                             R"(4{"message":"x"})",
                             R"(2["a"]x)",
                             R"(2["a",])",
                             R"(2["a" /**/])",
                             R"(2["a"] 1)",
                             "2[\"\xff\"]",
                             R"(5["a"])",
                             R"(5-["a"])",
                             R"(50-["a"])",
                             R"(511-["a"])",
                             R"(5999999999999999999999-["a"])",
                             R"(5x-["a"])",
                             R"(5-1-["a"])",
                             R"(6-[])",
                             R"(21234567890123456["a"])"}) {
        EXPECT_EQ(decode_packet(text), std::nullopt) << text;
    }
    EXPECT_EQ(decode_packet("0/" + std::string(200, 'n')), std::nullopt);
    EXPECT_EQ(decode_packet("2" + std::string(40, '[') + "\"a\"" + std::string(40, ']')), std::nullopt);
    EXPECT_TRUE(decode_packet(R"(510-["a"])")) << "as many as the official parser takes";
}

TEST(Packets, AreWrittenAsTheyAreRead) {
    for (const char* text : {"0", R"(0{"sid":"a"})", R"(44/x,{"message":"Invalid namespace"})", "1/n,", R"(2["a",1])",
                             R"(2/n,17["a"])", "30[]", R"(51-4["a"])", R"(61-4[])"}) {
        if (text[0] == '4') {
            Packet error{PacketType::connect_error, 0, "/x", {}, json::object{{"message", "Invalid namespace"}}};
            EXPECT_EQ("4" + encode(error), text);
        } else {
            EXPECT_EQ(encode(*decode_packet(text)), text);
        }
    }
}

TEST(Decoders, WaitForTheAttachments) {
    Decoder decoder;
    EXPECT_FALSE(decoder.text(R"(52-["a"])").packet);
    EXPECT_FALSE(decoder.binary().packet);
    const auto whole = decoder.binary();
    ASSERT_TRUE(whole.packet);
    EXPECT_EQ(whole.packet->attachments, 2U);
    EXPECT_TRUE(decoder.text(R"(2["b"])").packet) << "then the next";
}

TEST(Decoders, TakeNothingOutOfPlace) {
    Decoder stray;
    EXPECT_TRUE(stray.binary().malformed);
    Decoder interrupted;
    EXPECT_FALSE(interrupted.text(R"(52-["a"])").malformed);
    EXPECT_TRUE(interrupted.text(R"(2["b"])").malformed);
    Decoder rubbish;
    EXPECT_TRUE(rubbish.text("x").malformed);
}

} // namespace

} // namespace pgbk::relay::socketio
