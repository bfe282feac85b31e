// WebSocket (RFC 6455), the server's side: handshake and frames. No extension and no subprotocol is offered. Pure.
#pragma once

#include "http/message.hpp"
#include "net/wire.hpp"
#include "text/utf8_check.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgbk::relay::websocket {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

// Why a connection ends (RFC 6455, 7.4).
enum CloseCode : std::uint16_t {
    normal = 1000,
    going_away = 1001,
    protocol_error = 1002,
    not_utf8 = 1007,
    policy = 1008,
    too_big = 1009,
    try_again_later = 1013,
};

// What is wrong with a request as a handshake; nothing: it is one.
std::optional<Response> handshake_problem(const Request& request);
// The answer that accepts it.
std::string handshake_answer(const Request& request);

// As they go to clients: whole, unmasked. Made once, for however many are sent them.
std::string frame(Opcode opcode, std::string_view payload);
Frame text_frame(std::string_view text);
Frame binary_frame(std::string_view bytes);
Frame close_frame(std::uint16_t code, std::string_view reason); // the reason is cut to what fits

struct Message {
    Opcode opcode = Opcode::text; // text and binary are whole messages, whatever frames they came in
    std::string payload;

    std::uint16_t close_code() const; // of a close frame; 1005: it has none
};

struct Failure {
    std::uint16_t code = 0; // 0: there is none
    std::string_view reason;
};

// Takes the client's bytes apart, as they come, and keeps no more of them than the message that is under way.
class Decoder {
public:
    explicit Decoder(std::size_t most_payload) : most_payload_(most_payload) {}

    // The next message or control frame that is complete. Takes what it has read off the bytes; nothing: all of them
    // are read, or there is a failure, after which nothing more is read.
    std::optional<Message> next(std::string_view& bytes);
    const Failure& failure() const { return failure_; }

private:
    static constexpr std::size_t longest_header = 14;

    bool read_header(std::string_view& bytes);
    std::size_t header_length() const;
    bool judge_header();
    bool judge_start();
    bool judge_size(std::uint64_t size);
    bool read_payload(std::string_view& bytes);
    std::optional<Message> end_of_frame();
    Message end_of_close();
    bool fail(std::uint16_t code, std::string_view reason);

    bool is_control() const { return (header_[0] & 0x08U) != 0; }
    std::string& payload() { return is_control() ? control_ : message_; }

    std::size_t most_payload_;
    std::array<std::uint8_t, longest_header> header_{};
    std::size_t have_ = 0;               // bytes of the header
    bool in_payload_ = false;            // the header is complete
    std::uint64_t left_ = 0;             // bytes of the frame's payload
    std::size_t masked_ = 0;             // how many bytes of it have been unmasked
    Opcode kind_ = Opcode::continuation; // of the message that is under way; continuation: there is none
    Utf8Check utf8_;
    std::string message_;
    std::string control_; // control frames come between those of a message
    Failure failure_;
};

} // namespace pgbk::relay::websocket
