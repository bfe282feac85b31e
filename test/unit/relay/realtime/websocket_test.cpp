#include "realtime/websocket.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace pgbk::relay::websocket {

namespace {

using namespace std::string_literals;

constexpr std::string_view mask = "\x37\xfa\x21\x3d";

std::string bytes(std::initializer_list<int> values) {
    return {values.begin(), values.end()};
}

// As a client sends it; length: how many bytes it is written with.
std::string masked(int first, std::string_view payload, int length = 0) {
    std::string out = bytes({first});
    if (length == 0) {
        length = payload.size() < 126 ? 1 : payload.size() <= 0xFFFF ? 2 : 8;
    }
    out += static_cast<char>(0x80U | (length == 1 ? payload.size() : length == 2 ? 126U : 127U));
    for (int i = length - 1; i >= 0 && length > 1; --i) {
        out += static_cast<char>(static_cast<std::uint64_t>(payload.size()) >> static_cast<unsigned>(8 * i) & 0xFFU);
    }
    out += mask;
    for (std::size_t i = 0; i < payload.size(); ++i) {
        out += static_cast<char>(payload[i] ^ mask[i % 4]);
    }
    return out;
}

struct Read {
    std::vector<Message> messages;
    std::uint16_t failure = 0;
};

Read read(std::string_view stream, std::size_t piece, std::size_t limit = 1000) {
    Decoder decoder(limit);
    Read out;
    while (!stream.empty() && decoder.failure().code == 0) {
        std::string_view part = stream.substr(0, piece);
        stream.remove_prefix(part.size());
        while (auto message = decoder.next(part)) {
            out.messages.push_back(std::move(*message));
        }
    }
    out.failure = decoder.failure().code;
    return out;
}

Read read(std::string_view stream) {
    return read(stream, stream.size());
}

TEST(WebSocketDecoder, ReadsMessagesHoweverTheyArrive) {
    const std::string large(500, 'x');
    const std::string stream = masked(0x81, "Hello") + masked(0x82, "\0\xff"s) + masked(0x81, "") + masked(0x81, large);
    for (std::size_t piece = 1; piece <= stream.size(); piece += piece < 20 ? 1 : 50) {
        const auto [messages, failure] = read(stream, piece);
        ASSERT_EQ(messages.size(), 4U) << piece;
        EXPECT_EQ(failure, 0);
        EXPECT_EQ(messages[0].opcode, Opcode::text);
        EXPECT_EQ(messages[0].payload, "Hello");
        EXPECT_EQ(messages[1].opcode, Opcode::binary);
        EXPECT_EQ(messages[1].payload, "\0\xff"s);
        EXPECT_EQ(messages[2].payload, "");
        EXPECT_EQ(messages[3].payload, large);
    }
}

TEST(WebSocketDecoder, PutsFragmentsTogetherAndLetsControlFramesPass) {
    const std::string stream =
        masked(0x01, "Hel") + masked(0x89, "ping") + masked(0x00, "lo ") + masked(0x80, "you") + masked(0x8A, "");
    const auto [messages, failure] = read(stream, 3);
    ASSERT_EQ(messages.size(), 3U);
    EXPECT_EQ(messages[0].opcode, Opcode::ping);
    EXPECT_EQ(messages[0].payload, "ping");
    EXPECT_EQ(messages[1].opcode, Opcode::text);
    EXPECT_EQ(messages[1].payload, "Hello you");
    EXPECT_EQ(messages[2].opcode, Opcode::pong);
    EXPECT_EQ(failure, 0);
}

TEST(WebSocketDecoder, RefusesWhatTheProtocolForbids) {
    const std::vector<std::pair<std::string, std::string>> broken{
        {"unmasked", bytes({0x81, 0x01}) + "x"},
        {"reserved bit 1", masked(0xC1, "x")},
        {"reserved bit 2", masked(0xA1, "x")},
        {"reserved bit 3", masked(0x91, "x")},
        {"unknown opcode", masked(0x83, "x")},
        {"unknown control opcode", masked(0x8B, "x")},
        {"fragmented ping", masked(0x09, "x")},
        {"fragmented close", masked(0x08, "")},
        {"long ping", masked(0x89, std::string(126, 'x'))},
        {"continuation of nothing", masked(0x80, "x")},
        {"continuation after the end", masked(0x81, "x") + masked(0x80, "y")},
        {"message within a message", masked(0x01, "x") + masked(0x81, "y")},
        {"binary within a text", masked(0x01, "x") + masked(0x82, "y")},
        {"length longer than needed", masked(0x81, "x", 2)},
        {"length much longer than needed", masked(0x81, "x", 8)},
        {"negative length", bytes({0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0}) + std::string(mask)},
        {"close of one byte", masked(0x88, "x")},
        {"close with a code of nobody", masked(0x88, bytes({0x03, 0xEC}))}, // 1004
        {"close with a reserved code", masked(0x88, bytes({0x03, 0xEE}))},  // 1006
        {"close with a code of no range", masked(0x88, bytes({0x0B, 0xB7}))}};
    for (const auto& [what, stream] : broken) {
        EXPECT_EQ(read(stream).failure, protocol_error) << what;
        EXPECT_EQ(read(stream, 1).failure, protocol_error) << what;
    }
}

TEST(WebSocketDecoder, SaysSoBeforeMoreIsSent) {
    EXPECT_EQ(read(bytes({0x81, 0x01})).failure, protocol_error) << "unmasked";
    EXPECT_EQ(read(bytes({0xC1, 0x81})).failure, protocol_error) << "reserved bit";
    const std::string announced = bytes({0x82, 0xFF, 0x7F, 0, 0, 0, 0, 0, 0, 0}) + std::string(mask);
    EXPECT_EQ(read(announced).failure, too_big) << "2^62 bytes";
    EXPECT_EQ(read(masked(0x01, "ab\xFF").substr(0, 9)).failure, not_utf8) << "the frame goes on";
}

TEST(WebSocketDecoder, LimitsTheWholeMessage) {
    EXPECT_EQ(read(masked(0x81, std::string(100, 'x')), 7, 100).messages.size(), 1U);
    EXPECT_EQ(read(masked(0x81, std::string(101, 'x')), 7, 100).failure, too_big);
    const std::string half = std::string(60, 'x');
    EXPECT_EQ(read(masked(0x01, half) + masked(0x80, half), 7, 100).failure, too_big);
    EXPECT_EQ(read(masked(0x01, half) + masked(0x89, half) + masked(0x80, half), 7, 120).failure, 0)
        << "control frames do not count";
}

TEST(WebSocketDecoder, TakesTextInUtf8Only) {
    const std::string smile = "\xF0\x9F\x98\x80";
    EXPECT_EQ(read(masked(0x01, "\xF0\x9F") + masked(0x80, "\x98\x80")).messages.at(0).payload, smile)
        << "a character over two frames";
    EXPECT_EQ(read(masked(0x82, "\xFF")).failure, 0) << "binary may be anything";
    for (const std::string text : {"\xFF", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                                   "\xF5\x80\x80\x80", "\x80", "\xC3\x28"}) {
        EXPECT_EQ(read(masked(0x81, text)).failure, not_utf8);
    }
    EXPECT_EQ(read(masked(0x81, "\xC3")).failure, not_utf8) << "it ends in a character";
    EXPECT_EQ(read(masked(0x01, "\xC3") + masked(0x80, "\x28")).failure, not_utf8) << "wrong over two frames";
    EXPECT_EQ(read(masked(0x01, "\xC3") + masked(0x80, "\xA4")).failure, 0);
    EXPECT_EQ(read(masked(0x01, "\xC3") + masked(0x80, "\xA4") + masked(0x81, "x")).messages.size(), 2U)
        << "the next message starts anew";
}

TEST(WebSocketDecoder, ReadsWhyAPeerCloses) {
    const auto closed = read(masked(0x88, bytes({0x03, 0xE9}) + "bye")).messages.at(0);
    EXPECT_EQ(closed.opcode, Opcode::close);
    EXPECT_EQ(closed.close_code(), going_away);
    EXPECT_EQ(read(masked(0x88, "")).messages.at(0).close_code(), 1005);
    EXPECT_EQ(read(masked(0x88, bytes({0x0B, 0xB8}))).messages.at(0).close_code(), 3000);
    EXPECT_EQ(read(masked(0x88, bytes({0x03, 0xE8, 0xFF}))).failure, not_utf8);
}

TEST(WebSocketFrames, HaveTheShortestLength) {
    EXPECT_EQ(frame(Opcode::text, "Hello"), bytes({0x81, 5}) + "Hello");
    EXPECT_EQ(frame(Opcode::ping, ""), bytes({0x89, 0}));
    EXPECT_EQ(frame(Opcode::binary, std::string(125, 'x')).substr(0, 2), bytes({0x82, 125}));
    EXPECT_EQ(frame(Opcode::text, std::string(126, 'x')).substr(0, 5), bytes({0x81, 126, 0, 126, 'x'}));
    EXPECT_EQ(frame(Opcode::text, std::string(65'535, 'x')).substr(0, 5), bytes({0x81, 126, 0xFF, 0xFF, 'x'}));
    EXPECT_EQ(frame(Opcode::text, std::string(65'536, 'x')).substr(0, 11),
              bytes({0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0, 'x'}));
    EXPECT_EQ(*text_frame("a"), bytes({0x81, 1, 'a'}));
    EXPECT_EQ(*binary_frame("a"), bytes({0x82, 1, 'a'}));
}

TEST(WebSocketFrames, SayGoodbyeWithinWhatFits) {
    EXPECT_EQ(*close_frame(normal, "bye"), bytes({0x88, 5, 0x03, 0xE8}) + "bye");
    EXPECT_EQ(*close_frame(1005, "no code is none to be sent"), bytes({0x88, 0}));
    std::string reason;
    for (int i = 0; i < 100; ++i) {
        reason += "\xC3\xA4";
    }
    EXPECT_EQ(close_frame(policy, reason)->size(), 2U + 2 + 122) << "cut between characters";
}

Request handshake() {
    Request request;
    request.method = "GET";
    request.headers = {{"connection", "keep-alive, Upgrade"},
                       {"upgrade", "WebSocket"},
                       {"sec-websocket-version", "13"},
                       {"sec-websocket-extensions", "permessage-deflate"},
                       {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="}};
    return request;
}

int status_with(const std::string& name, const std::string& value) {
    Request request = handshake();
    request.headers.erase(name);
    request.headers.emplace(name, value);
    const auto problem = handshake_problem(request);
    return problem ? problem->status : 0;
}

TEST(WebSocketHandshake, ProvesThatItWasUnderstood) {
    EXPECT_FALSE(handshake_problem(handshake()));
    EXPECT_EQ(handshake_answer(handshake()), "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
                                             "Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
        << "the example of RFC 6455; no extension";
}

TEST(WebSocketHandshake, IsRefusedWhereItIsNone) {
    EXPECT_EQ(status_with("connection", "keep-alive"), 426);
    EXPECT_EQ(status_with("upgrade", "h2c"), 426);
    EXPECT_EQ(status_with("sec-websocket-version", "8"), 426);
    for (const std::string key : {"", "x", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ==, x", "AAAA"}) {
        EXPECT_EQ(status_with("sec-websocket-key", key), 400) << key;
    }
    Request request = handshake();
    request.version = 10;
    EXPECT_EQ(handshake_problem(request)->status, 426);
    request = handshake();
    request.method = "HEAD";
    EXPECT_EQ(handshake_problem(request)->status, 426);
    request = handshake();
    request.headers.emplace("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    EXPECT_EQ(handshake_problem(request)->status, 400) << "twice";
}

} // namespace

} // namespace pgbk::relay::websocket
