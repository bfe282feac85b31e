#include "realtime/socketio/engine_session.hpp"

#include "realtime/socketio/engine_request.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <utility>

namespace pgbk::relay::socketio {

namespace {

const std::string text_type = "text/plain; charset=UTF-8";

SharedOutgoing packet_of(EngineType type, std::string data = {}) {
    return std::make_shared<const Outgoing>(encode(EnginePacket{type, std::move(data)}));
}

// The same for everybody, and so are their frames.
const SharedOutgoing& ping_packet() {
    static const SharedOutgoing packet = packet_of(EngineType::ping);
    return packet;
}

} // namespace

EngineSession::EngineSession(std::string id, const EngineSettings& settings, EngineUser& user, Clock::time_point now)
    : id_(std::move(id)), settings_(settings), user_(user), next_ping_(now + settings.ping_interval) {}

std::string EngineSession::open_packet(bool may_upgrade) const {
    boost::json::array upgrades;
    if (may_upgrade) {
        upgrades.emplace_back("websocket");
    }
    return encode(EnginePacket{
        EngineType::open, boost::json::serialize(boost::json::object{{"sid", id_},
                                                                     {"upgrades", std::move(upgrades)},
                                                                     {"pingInterval", settings_.ping_interval.count()},
                                                                     {"pingTimeout", settings_.ping_timeout.count()},
                                                                     {"maxPayload", settings_.max_payload}})});
}

Response EngineSession::opening() const {
    return {200, open_packet(true), text_type};
}

void EngineSession::open_on(std::shared_ptr<EngineSocket> socket) {
    socket_ = std::move(socket);
    socket_->send(std::make_shared<const Outgoing>(open_packet(false)));
}

void EngineSession::get(const Respond& respond) {
    if (!is_polling() || !open_) {
        respond(refusal(open_ ? EngineError::bad_request : EngineError::unknown_session));
        return;
    }
    if (poll_) { // a client has one at a time
        end("1");
        respond(refusal(EngineError::bad_request));
        return;
    }
    poll_ = respond;
    flush();
}

void EngineSession::abandoned() {
    if (std::exchange(poll_, nullptr)) {
        end({});
    }
}

Response EngineSession::post(std::string_view body, Clock::time_point now) {
    if (!is_polling() || !open_) {
        return refusal(open_ ? EngineError::bad_request : EngineError::unknown_session);
    }
    const auto packets = decode_payload(body);
    if (!packets) {
        end("1");
        return refusal(EngineError::bad_request);
    }
    for (const auto& packet : *packets) {
        receive(packet, now);
    }
    return {200, "ok", text_type};
}

bool EngineSession::probe(std::shared_ptr<EngineSocket> socket, Clock::time_point now) {
    if (!open_ || socket_ || probe_) {
        return false;
    }
    probe_ = std::move(socket);
    probed_ = false;
    probe_end_ = now + settings_.upgrade_timeout;
    return true;
}

void EngineSession::received_text(const EngineSocket& socket, std::string_view text, Clock::time_point now) {
    if (&socket == probe_.get()) {
        receive_probe(text);
        return;
    }
    if (&socket != socket_.get()) {
        return;
    }
    if (const auto packet = decode_engine_packet(text)) {
        receive(*packet, now);
    } else {
        close();
    }
}

void EngineSession::received_binary(const EngineSocket& socket) {
    if (&socket == probe_.get()) {
        drop_probe();
    } else if (open_ && &socket == socket_.get()) {
        user_.binary();
    }
}

void EngineSession::lost(const EngineSocket& socket) {
    if (&socket == probe_.get()) {
        probe_.reset(); // polling goes on
        probed_ = false;
    } else if (&socket == socket_.get()) {
        end({});
    }
}

void EngineSession::receive(const EnginePacket& packet, Clock::time_point now) {
    if (!open_) {
        return;
    }
    switch (packet.type) {
    case EngineType::message:
        packet.binary ? user_.binary() : user_.text(packet.data);
        break;
    case EngineType::pong:
        pong_end_.reset();
        next_ping_ = now + settings_.ping_interval;
        break;
    case EngineType::close:
        end("6");
        break;
    case EngineType::noop:
        break;
    case EngineType::open:
    case EngineType::ping:
    case EngineType::upgrade:
        close(); // not for a client to send, or not here
        break;
    }
}

void EngineSession::receive_probe(std::string_view text) {
    if (text == "2probe" && !probed_) {
        probed_ = true;
        probe_->send(packet_of(EngineType::pong, "probe"));
        flush(); // lets go of the GET that waits
    } else if (text == "5" && probed_) {
        upgrade();
    } else {
        drop_probe();
    }
}

void EngineSession::upgrade() {
    answer_poll("6");
    socket_ = std::exchange(probe_, nullptr);
    probed_ = false;
    buffered_ = 0;
    for (const auto& packet : std::exchange(buffer_, {})) {
        put(packet);
    }
}

void EngineSession::send(const SharedOutgoing& packet) {
    if (!open_) {
        return;
    }
    // So far: a single packet that is larger than the limit has its chance.
    if (waiting() > settings_.queue_limit) {
        close(); // it comes back, and says how far it got
        return;
    }
    put(packet);
}

std::size_t EngineSession::waiting() const {
    return socket_ ? socket_->waiting() : buffered_;
}

void EngineSession::put(const SharedOutgoing& packet) {
    if (socket_) {
        socket_->send(packet);
        return;
    }
    buffer_.push_back(packet);
    buffered_ += packet->text.size();
    flush();
}

void EngineSession::answer_poll(std::string body) {
    if (const auto respond = std::exchange(poll_, nullptr)) {
        respond({200, std::move(body), text_type});
    }
}

void EngineSession::flush() {
    if (!poll_ || (buffer_.empty() && !probed_)) {
        return;
    }
    std::string body;
    for (const auto& packet : std::exchange(buffer_, {})) {
        if (!body.empty()) {
            body += packet_separator;
        }
        body += packet->text;
    }
    buffered_ = 0;
    answer_poll(body.empty() ? "6" : std::move(body));
}

void EngineSession::tick(Clock::time_point now) {
    if (probe_ && now >= probe_end_) {
        drop_probe();
    }
    if (!open_) {
        return;
    }
    if (pong_end_) {
        if (now >= *pong_end_) {
            close();
        }
    } else if (now >= next_ping_) {
        pong_end_ = now + settings_.ping_timeout;
        put(ping_packet());
    }
}

void EngineSession::close() {
    end("1");
}

void EngineSession::drop_probe() {
    probed_ = false;
    if (const auto socket = std::exchange(probe_, nullptr)) {
        socket->close();
    }
}

void EngineSession::end(std::string_view last_answer) {
    if (!std::exchange(open_, false)) {
        return;
    }
    drop_probe();
    // What was sent before is still told: among it may be why.
    std::string body;
    for (const auto& packet : std::exchange(buffer_, {})) {
        body.append(packet->text).push_back(packet_separator);
    }
    answer_poll(body.append(last_answer));
    if (socket_) {
        socket_->close();
    }
    user_.closed();
}

} // namespace pgbk::relay::socketio
