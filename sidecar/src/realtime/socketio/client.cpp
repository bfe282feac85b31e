#include "realtime/socketio/client.hpp"

#include "outbound/signature.hpp"
#include "realtime/socketio/session_name.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <charconv>
#include <utility>

namespace pgbk::relay::socketio {

namespace {

namespace json = boost::json;

constexpr std::chrono::seconds connect_timeout{45};
constexpr std::string_view visitor; // who may have become somebody since

std::string text_of(const json::object& object, std::string_view name) {
    const auto* const value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<std::int64_t> position_of(const std::string& text) {
    std::int64_t position = 0;
    const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), position);
    const bool whole = error == std::errc() && at == text.data() + text.size() && position >= 0;
    return whole ? std::optional(position) : std::nullopt;
}

} // namespace

Client::Client(Surroundings& surroundings, std::string id, std::string token)
    : around_(surroundings),
      session_(std::move(id), surroundings.settings, *this, surroundings.now()),
      token_(std::move(token)),
      connect_end_(surroundings.now() + connect_timeout) {}

void Client::tick() {
    const auto now = around_.now();
    session_.tick(now);
    if (!session_.is_open()) {
        return;
    }
    if (state_ != State::connected) {
        if (now >= connect_end_) {
            session_.close();
        }
        return;
    }
    // It is to come back with a token that is good, and is told why if it has none.
    if (identity_.expired_by(around_.date())) {
        session_.close();
        return;
    }
    if (joining_ == 0 && (catch_up_.tick(now) || now >= next_cursor_)) {
        send_cursor();
    }
}

bool Client::admits_message() {
    const core::Instant now(std::chrono::duration_cast<std::chrono::microseconds>(around_.now().time_since_epoch()));
    const bool admitted = messages_.admits(now);
    if (!admitted) {
        session_.close();
    }
    return admitted;
}

void Client::text(std::string_view message) {
    if (!admits_message()) {
        return;
    }
    decoded(decoder_.text(message));
}

void Client::binary() {
    decoded(decoder_.binary());
}

void Client::decoded(const Decoder::Result& result) {
    if (result.malformed) {
        session_.close();
    } else if (result.packet) {
        received(*result.packet);
    }
}

// Not at once: it may be in the middle of being told something, when the hub must be left alone.
void Client::closed() {
    disconnect();
    around_.later([self = shared_from_this()] {
        self->around_.hub.leave_all(*self);
        self->around_.forget(self->session_.id());
    });
}

void Client::disconnect() {
    ++attempt_;
    state_ = State::idle;
    connect_end_ = around_.now() + connect_timeout;
    asking_ = false;
    recheck_.reset();
    joining_ = 0;
    joined_.clear();
    if (const auto found = around_.names.find(name_); found != around_.names.end() && found->second == this) {
        around_.names.erase(found);
    }
}

// One that comes back may not have been missed yet: its old connection would take its subscriptions up.
void Client::take_name(std::string name) {
    name_ = std::move(name);
    if (const auto found = around_.names.find(name_); found != around_.names.end()) {
        found->second->session_.close();
    }
    around_.names[name_] = this;
}

void Client::received(const Packet& packet) {
    if (packet.name != main_namespace) {
        if (packet.type == PacketType::connect) {
            send({PacketType::connect_error, 0, packet.name, {}, json::object{{"message", "Invalid namespace"}}});
        } else {
            session_.close();
        }
        return;
    }
    if (packet.type == PacketType::connect) {
        state_ == State::idle ? connect(packet) : session_.close();
    } else if (state_ != State::connected) {
        session_.close();
    } else if (packet.type == PacketType::disconnect) {
        disconnect();
        around_.hub.leave_all(*this);
    } else if (packet.type == PacketType::event || packet.type == PacketType::binary_event) {
        called(packet);
    } // an acknowledgement: nobody has asked for one
}

std::function<void(Hub::Admission)> Client::still(std::function<void(Hub::Admission)> done) {
    asking_ = true;
    return [weak = weak_from_this(), attempt = attempt_, done = std::move(done)](Hub::Admission admission) {
        const auto self = weak.lock();
        if (self && self->attempt_ == attempt) {
            self->asking_ = false;
            done(std::move(admission));
        }
    };
}

void Client::connect(const Packet& packet) {
    state_ = State::admitting;
    json::object said = packet.data ? packet.data->get_object() : json::object();
    std::string token = text_of(said, "token");
    constexpr std::string_view scheme = "Bearer ";
    token = token.empty() ? token_ : token.substr(token.starts_with(scheme) ? scheme.size() : 0);
    around_.hub.admit(token, still([this, token, said = std::move(said)](Hub::Admission admission) {
                          if (!admission.identity) {
                              refuse_connect(admission);
                              return;
                          }
                          watch({token, text_of(said, "bookingToken")});
                          if (const auto booking = text_of(said, "bookingToken"); !booking.empty()) {
                              admit_booking(booking, std::move(*admission.identity), said);
                          } else {
                              admitted(std::move(*admission.identity), said);
                          }
                      }));
}

void Client::admit_booking(const std::string& token, Identity identity, const json::object& said) {
    around_.hub.admit_booking(
        token, still([this, identity = std::move(identity), said](const Hub::Admission& admission) mutable {
            if (!admission.identity) {
                refuse_connect(admission);
                return;
            }
            identity.booking = admission.identity->booking;
            admitted(std::move(identity), said);
        }));
}

// The official client takes a refusal as final, and the end of the connection as a reason to try again.
void Client::refuse_connect(const Hub::Admission& admission) {
    if (admission.unavailable) {
        session_.close();
        return;
    }
    state_ = State::idle;
    recheck_.reset();
    connect_end_ = around_.now() + connect_timeout;
    send({PacketType::connect_error,
          0,
          std::string(main_namespace),
          {},
          json::object{{"message", admission.reason}, {"data", json::object{{"code", 401}}}}});
}

void Client::admitted(Identity identity, const json::object& said) {
    const auto position = around_.hub.position();
    if (!position) { // nobody can say yet where its history begins
        session_.close();
        return;
    }
    const auto now = around_.now();
    identity_ = std::move(identity);
    state_ = State::connected;
    std::string name = text_of(said, "pid");
    const auto offset = position_of(text_of(said, "offset"));
    // It may be ahead of this relay, where another was quicker; the hub finds out whether it is of another database.
    const bool back = offset && (is_session_name_of(name, identity_.user) || is_session_name_of(name, visitor));
    if (!back) {
        name = session_name(around_.random(), identity_.user);
    }
    send({PacketType::connect,
          0,
          std::string(main_namespace),
          {},
          json::object{{"sid", hex(around_.random())}, {"pid", name}}});
    take_name(std::move(name));
    if (back) {
        cursor_ = *offset;
        catch_up_.begin(*offset, now);
        next_cursor_ = now + around_.settings.ping_interval;
    } else {
        catch_up_ = {};
        send_cursor();
    }
}

void Client::watch(Rechecks::Shown shown) {
    recheck_ = around_.rechecks.watch(shared_from_this(), std::move(shown), [this](const Hub::Admission& admission) {
        if (state_ != State::connected) {
            return;
        }
        if (admission.identity) {
            take_identity(*admission.identity, "your token does not let you join that any more");
        } else {
            session_.close(); // as when it runs out
        }
    });
}

void Client::deliver(const SharedEvent& event, View view) {
    if (state_ != State::connected || !session_.is_open() || identity_.expired_by(around_.date())) {
        return;
    }
    if (event->seq > 0 && !catch_up_.is_news(event->seq)) {
        return;
    }
    const auto held = catch_up_.cursor();
    const auto packet = held ? around_.frames.of(event, view, *held) : around_.frames.of(event, view);
    if (packet) {
        session_.send(packet);
        cursor_ = event->seq > 0 && !held ? event->seq : cursor_;
    }
}

// What has been told to the rooms, it has been told: whoever hears of nothing for long is not to ask for all of that
// time when it comes back.
void Client::send_cursor() {
    next_cursor_ = around_.now() + around_.settings.ping_interval;
    const auto position = around_.hub.position();
    if (position && *position > cursor_ && !catch_up_.cursor()) {
        cursor_ = *position;
        session_.send(around_.frames.cursor(*position));
    }
}

void Client::send(const Packet& packet) {
    session_.send(std::make_shared<const Outgoing>(encode(EnginePacket{EngineType::message, encode(packet)})));
}

void Client::tell(std::string_view event, json::object argument) {
    send({PacketType::event,
          0,
          std::string(main_namespace),
          {},
          json::array{json::value(event), json::value(std::move(argument))}});
}

void Client::answer(Id id, json::object result) {
    if (id) {
        send({PacketType::ack, 0, std::string(main_namespace), id, json::array{json::value(std::move(result))}});
    }
}

} // namespace pgbk::relay::socketio
