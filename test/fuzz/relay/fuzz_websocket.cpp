// Frames of a WebSocket, as they come from strangers: half of the inputs are bytes, half are frames that are made from
// the choices, most of them as they should be.
#include "fuzz/fuzzing.hpp"
#include "realtime/websocket.hpp"

#include <vector>

namespace {

using namespace pgbk; // NOLINT(google-build-using-namespace): a program of its own
using relay::websocket::Decoder;
using relay::websocket::Message;
using relay::websocket::Opcode;
using test::Choices;
using test::require;

constexpr std::size_t limit = 200;

struct Outcome {
    std::vector<Message> messages;
    std::uint16_t failure = 0;
};

void check_message(const Message& message) {
    const bool control = message.opcode >= Opcode::close;
    require(message.payload.size() <= (control ? 125 : limit), "a message is within its limit");
    require(message.opcode != Opcode::continuation, "a message is whole");
    require(message.opcode != Opcode::text || test::is_utf8(message.payload), "a text is UTF-8");
    if (message.opcode == Opcode::close) {
        const auto code = message.close_code();
        require(message.payload.size() != 1 && (message.payload.empty() ? code == 1005 : code >= 1000 && code < 5000),
                "a close frame has a code or none");
        require(message.payload.size() < 2 || test::is_utf8(message.payload.substr(2)), "a reason is UTF-8");
    }
}

Outcome read(std::string_view stream, Choices& pieces, bool whole) {
    Decoder decoder(limit);
    Outcome out;
    while (!stream.empty() && decoder.failure().code == 0) {
        std::string_view part = stream.substr(0, whole ? stream.size() : 1U + static_cast<unsigned>(pieces.below(20)));
        stream.remove_prefix(part.size());
        while (auto message = decoder.next(part)) {
            check_message(*message);
            out.messages.push_back(std::move(*message));
        }
        require(part.empty() || decoder.failure().code != 0, "all is read");
        std::string_view more = "x";
        require(decoder.failure().code == 0 || (!decoder.next(more) && more.size() == 1), "a failure is the end");
    }
    out.failure = decoder.failure().code;
    require(out.failure == 0 || out.failure == 1002 || out.failure == 1007 || out.failure == 1009,
            "a failure says what is wrong");
    return out;
}

// As a client sends it, but for what the choices spoil.
std::string a_frame(Choices& choices, unsigned opcode, bool last, const std::string& payload, bool& spoilt) {
    std::string out(1, static_cast<char>((last ? 0x80U : 0U) | opcode));
    const int spoil = choices.rarely() ? choices.next() : 0;
    spoilt = spoilt || spoil != 0;
    if ((spoil & 1) != 0) {
        out[0] = static_cast<char>(choices.next());
    }
    int length = payload.size() < 126 ? 0 : 2;
    if ((spoil & 2) != 0) {
        length = choices.below(2) == 0 ? 2 : 8;
    }
    const unsigned mask_bit = (spoil & 4) != 0 ? 0U : 0x80U;
    out += static_cast<char>(mask_bit | (length == 0 ? payload.size() : length == 2 ? 126U : 127U));
    for (int i = length - 1; i >= 0; --i) {
        const auto byte = static_cast<std::uint64_t>(payload.size()) >> static_cast<unsigned>(8 * i);
        out += static_cast<char>((spoil & 8) != 0 ? static_cast<unsigned>(choices.next()) : byte & 0xFFU);
    }
    std::string mask;
    for (int i = 0; i < 4; ++i) {
        mask += static_cast<char>(choices.next());
    }
    out += mask;
    for (std::size_t i = 0; i < payload.size(); ++i) {
        out += static_cast<char>(payload[i] ^ mask[i % 4]);
    }
    return out;
}

std::string payload_of(Choices& choices, bool text) {
    std::string payload(static_cast<std::size_t>(choices.below(90)), 'x');
    for (int i = choices.below(4); i > 0 && !payload.empty(); --i) {
        payload[static_cast<std::size_t>(choices.next()) % payload.size()] = static_cast<char>(choices.next());
    }
    return text && !test::is_utf8(payload) ? "\xC3\xA4\xF0\x9F\x98\x80" : payload;
}

// Messages in fragments, with pings between them; `sent` is what is to come out if nothing is spoilt.
std::string frames(Choices& choices, std::vector<Message>& sent, bool& spoilt) {
    std::string stream;
    for (int messages = 1 + choices.below(4); messages > 0; --messages) {
        const auto opcode = choices.below(2) == 0 ? Opcode::text : Opcode::binary;
        const std::string whole = payload_of(choices, opcode == Opcode::text);
        std::string rest = whole;
        unsigned next = static_cast<unsigned>(opcode);
        bool last = false;
        while (!last) {
            const std::string part = rest.substr(0, 1U + static_cast<std::size_t>(choices.next()));
            rest.erase(0, part.size());
            last = rest.empty();
            stream += a_frame(choices, next, last, part, spoilt);
            next = 0;
            if (last) {
                sent.push_back({opcode, whole});
            }
            if (choices.rarely()) {
                const std::string ping = payload_of(choices, false);
                stream += a_frame(choices, 9, true, ping, spoilt);
                sent.push_back({Opcode::ping, ping});
            }
        }
    }
    return stream;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Choices choices(data, size);
    std::vector<Message> sent;
    bool spoilt = choices.below(2) == 1;
    const std::string stream = spoilt ? std::string(data + 1, data + size) : frames(choices, sent, spoilt);
    const Outcome whole = read(stream, choices, true);
    const Outcome pieces = read(stream, choices, false);
    require(whole.failure == pieces.failure && whole.messages.size() == pieces.messages.size(),
            "it does not matter how the bytes arrive");
    for (std::size_t i = 0; i < whole.messages.size(); ++i) {
        require(whole.messages[i].payload == pieces.messages[i].payload, "nor to what the messages say");
    }
    if (!spoilt) {
        require(whole.failure == 0 && whole.messages.size() == sent.size(), "what is as it should be is read");
        for (std::size_t i = 0; i < sent.size(); ++i) {
            require(whole.messages[i].opcode == sent[i].opcode && whole.messages[i].payload == sent[i].payload,
                    "what was said is heard, in order");
        }
    }
    return 0;
}
