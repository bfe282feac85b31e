#include "realtime/websocket.hpp"

#include "outbound/signature.hpp"
#include "text/ascii.hpp"

#include <openssl/evp.h>

#include <algorithm>

namespace pgbk::relay::websocket {

namespace {

constexpr std::uint8_t final_bit = 0x80;
constexpr std::uint8_t reserved_bits = 0x70;
constexpr std::uint8_t opcode_bits = 0x0F;
constexpr std::uint8_t mask_bit = 0x80;
constexpr std::uint8_t length_bits = 0x7F;
constexpr std::size_t longest_control = 125;
constexpr std::uint8_t two_bytes = 126; // of length follow
constexpr std::uint8_t eight_bytes = 127;
constexpr std::size_t mask_size = 4;
constexpr std::size_t key_size = 16;
constexpr std::uint16_t no_code = 1005;

bool has_token(std::string_view list, std::string_view wanted) {
    const auto parts = comma_separated(list);
    return std::any_of(parts.begin(), parts.end(), [&](std::string_view part) { return lower_case(part) == wanted; });
}

// Those that a peer may send (RFC 6455, 7.4, and IANA's register).
bool is_close_code(std::uint16_t code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

void append_number(std::string& out, std::uint64_t number, int bytes) {
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
        out += static_cast<char>(number >> static_cast<unsigned>(shift) & 0xFFU);
    }
}

} // namespace

std::optional<Response> handshake_problem(const Request& request) {
    if (request.method != "GET" || request.version < 11 || !has_token(request.header("connection"), "upgrade") ||
        !has_token(request.header("upgrade"), "websocket")) {
        Response response = error_response(426, "this path speaks WebSocket");
        response.headers.emplace_back("Upgrade", "websocket");
        return response;
    }
    if (request.header("sec-websocket-version") != "13") {
        Response response = error_response(426, "only version 13 of WebSocket is spoken here");
        response.headers.emplace_back("Sec-WebSocket-Version", "13");
        return response;
    }
    if (decode_base64(request.header("sec-websocket-key")).value_or("").size() != key_size) {
        return error_response(400, "Sec-WebSocket-Key is not 16 bytes in base64");
    }
    return std::nullopt;
}

std::string handshake_answer(const Request& request) {
    const std::string proof = request.header("sec-websocket-key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(proof.data(), proof.size(), digest.data(), &size, EVP_sha1(), nullptr);
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
           base64(std::string(digest.begin(), digest.begin() + size)) + "\r\n\r\n";
}

std::string frame(Opcode opcode, std::string_view payload) {
    std::string out;
    out.reserve(payload.size() + 10);
    out += static_cast<char>(final_bit | static_cast<std::uint8_t>(opcode));
    if (payload.size() < two_bytes) {
        append_number(out, payload.size(), 1);
    } else if (payload.size() <= 0xFFFF) {
        append_number(out, two_bytes, 1);
        append_number(out, payload.size(), 2);
    } else {
        append_number(out, eight_bytes, 1);
        append_number(out, payload.size(), 8);
    }
    return out.append(payload);
}

Frame text_frame(std::string_view text) {
    return std::make_shared<const std::string>(frame(Opcode::text, text));
}

Frame binary_frame(std::string_view bytes) {
    return std::make_shared<const std::string>(frame(Opcode::binary, bytes));
}

Frame close_frame(std::uint16_t code, std::string_view reason) {
    std::string payload;
    if (is_close_code(code)) {
        append_number(payload, code, 2);
        reason = reason.substr(0, longest_control - 2);
        while (!reason.empty()) { // cut between characters
            Utf8Check check;
            if (check.take(reason) && check.complete()) {
                break;
            }
            reason.remove_suffix(1);
        }
        payload += reason;
    }
    return std::make_shared<const std::string>(frame(Opcode::close, payload));
}

std::uint16_t Message::close_code() const {
    if (payload.size() < 2) {
        return no_code;
    }
    return static_cast<std::uint16_t>(static_cast<std::uint8_t>(payload[0]) << 8U |
                                      static_cast<std::uint8_t>(payload[1]));
}

std::optional<Message> Decoder::next(std::string_view& bytes) {
    while (failure_.code == 0) {
        if (!in_payload_ && !read_header(bytes)) {
            return std::nullopt;
        }
        if (!read_payload(bytes)) {
            return std::nullopt;
        }
        if (auto message = end_of_frame()) {
            return message;
        }
    }
    return std::nullopt;
}

// False: more bytes are needed, or the frame is refused.
bool Decoder::read_header(std::string_view& bytes) {
    while (have_ < header_length()) {
        if (bytes.empty()) {
            return false;
        }
        header_[have_++] = static_cast<std::uint8_t>(bytes.front());
        bytes.remove_prefix(1);
        if (have_ == 2 && !judge_start()) { // before any more of it is waited for
            return false;
        }
    }
    return judge_header();
}

std::size_t Decoder::header_length() const {
    if (have_ < 2) {
        return 2;
    }
    const unsigned length = header_[1] & length_bits;
    return 2 + (length == two_bytes ? 2U : length == eight_bytes ? 8U : 0U) + mask_size;
}

bool Decoder::judge_start() {
    const unsigned opcode = header_[0] & opcode_bits;
    const unsigned length = header_[1] & length_bits;
    if ((header_[0] & reserved_bits) != 0) {
        return fail(protocol_error, "reserved bits are set, and no extension was agreed on");
    }
    if ((opcode > 2 && opcode < 8) || opcode > 10) {
        return fail(protocol_error, "the opcode is unknown");
    }
    if ((header_[1] & mask_bit) == 0) {
        return fail(protocol_error, "a client has to mask its frames");
    }
    if (is_control()) {
        return ((header_[0] & final_bit) != 0 && length <= longest_control) ||
               fail(protocol_error, "a control frame is fragmented or too long");
    }
    if ((opcode == 0) == (kind_ == Opcode::continuation)) {
        return fail(protocol_error, opcode == 0 ? "there is nothing to be continued" : "a message is not continued");
    }
    return true;
}

bool Decoder::judge_header() {
    const unsigned length = header_[1] & length_bits;
    const std::size_t extended = have_ - 2 - mask_size;
    std::uint64_t size = extended == 0 ? length : 0;
    for (std::size_t i = 0; i < extended; ++i) {
        size = size << 8U | header_[2 + i];
    }
    if ((length == two_bytes && size < two_bytes) || (length == eight_bytes && size <= 0xFFFF) || size >> 63U != 0) {
        return fail(protocol_error, "the length is not in its shortest form");
    }
    return judge_size(size);
}

bool Decoder::judge_size(std::uint64_t size) {
    if (!is_control()) {
        if (size > most_payload_ - std::min(most_payload_, message_.size())) {
            return fail(too_big, "the message is too large");
        }
        const auto opcode = static_cast<Opcode>(header_[0] & opcode_bits);
        if (opcode != Opcode::continuation) {
            kind_ = opcode;
            utf8_ = {};
        }
    }
    left_ = size;
    masked_ = 0;
    in_payload_ = true;
    return true;
}

// False: more bytes are needed, or the text is none.
bool Decoder::read_payload(std::string_view& bytes) {
    const auto piece = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
    std::string& target = payload();
    const std::size_t start = target.size();
    target += piece;
    for (std::size_t i = 0; i < piece.size(); ++i, ++masked_) {
        const std::uint8_t mask = header_[have_ - mask_size + masked_ % mask_size];
        target[start + i] = static_cast<char>(static_cast<std::uint8_t>(target[start + i]) ^ mask);
    }
    bytes.remove_prefix(piece.size());
    left_ -= piece.size();
    if (!is_control() && kind_ == Opcode::text && !utf8_.take(std::string_view(target).substr(start))) {
        return fail(not_utf8, "the text is not UTF-8");
    }
    return left_ == 0;
}

// Nothing: it is continued, or refused.
std::optional<Message> Decoder::end_of_frame() {
    in_payload_ = false;
    have_ = 0;
    const auto opcode = static_cast<Opcode>(header_[0] & opcode_bits);
    if (opcode == Opcode::close) {
        auto message = end_of_close();
        return failure_.code == 0 ? std::optional(std::move(message)) : std::nullopt;
    }
    if (is_control()) {
        return Message{opcode, std::exchange(control_, {})};
    }
    if ((header_[0] & final_bit) == 0) {
        return std::nullopt;
    }
    if (kind_ == Opcode::text && !utf8_.complete()) {
        fail(not_utf8, "the text is not UTF-8");
        return std::nullopt;
    }
    return Message{std::exchange(kind_, Opcode::continuation), std::exchange(message_, {})};
}

Message Decoder::end_of_close() {
    Message message{Opcode::close, std::exchange(control_, {})};
    Utf8Check check;
    if (message.payload.size() == 1 || (!message.payload.empty() && !is_close_code(message.close_code()))) {
        fail(protocol_error, "the code of a close frame is not valid");
    } else if (message.payload.size() > 2 &&
               !(check.take(std::string_view(message.payload).substr(2)) && check.complete())) {
        fail(not_utf8, "the reason of a close frame is not UTF-8");
    }
    return message;
}

bool Decoder::fail(std::uint16_t code, std::string_view reason) {
    failure_ = {code, reason};
    message_ = {};
    control_ = {};
    return false;
}

} // namespace pgbk::relay::websocket
