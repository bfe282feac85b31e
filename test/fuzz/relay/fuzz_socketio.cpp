// The fuzzer's bytes as what a client of Socket.IO does, in any order, over polling and WebSockets, while events
// happen: nothing is answered twice, nobody hears of anything after the end, and what is sent is what a client can
// read.
#include "fuzz/fuzzing.hpp"
#include "realtime/socketio/clients.hpp"
#include "unit/relay/realtime/fake_feed.hpp"
#include "unit/relay/realtime/fake_hub.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace {

using namespace pgbk::relay;           // NOLINT(google-build-using-namespace): a program of its own
using namespace pgbk::relay::socketio; // NOLINT(google-build-using-namespace)
using pgbk::test::require;

constexpr const char* venue = "019a0000-0000-8000-8000-000000000001";

void check_sent(std::string_view text) {
    const auto packet = decode_engine_packet(text);
    require(packet.has_value() && pgbk::test::is_utf8(text), "what is sent is a packet");
    if (packet->type == EngineType::message) {
        const char type = packet->data.empty() ? 'x' : packet->data.front();
        require(type == '4' || decode_packet(packet->data).has_value(), "a message is a packet of Socket.IO");
    }
}

class Socket : public EngineSocket {
public:
    void send(const SharedOutgoing& packet) override {
        require(!closed, "nothing is sent over a socket that is closed");
        check_sent(packet->text);
    }
    std::size_t waiting() const override { return unread; }
    void close() override {
        require(!closed, "a socket is closed once");
        closed = true;
    }

    std::size_t unread = 0;
    bool closed = false;
};

// The codecs, by themselves.
void fuzz_codecs(std::string_view text) {
    if (const auto packet = decode_engine_packet(text)) {
        require(encode(*packet) == text, "a packet of Engine.IO has one spelling");
    }
    if (const auto packets = decode_payload(text)) {
        std::string whole;
        for (const auto& packet : *packets) {
            whole +=
                (whole.empty() && &packet == packets->data() ? "" : std::string(1, packet_separator)) + encode(packet);
        }
        require(whole == text, "a payload has one spelling");
    }
    if (const auto packet = decode_packet(text)) {
        const auto again = decode_packet(encode(*packet));
        require(again && *again == *packet, "a packet is read back");
        require(packet->attachments <= most_attachments, "attachments are few");
    }
}

class Play {
public:
    explicit Play(pgbk::test::Choices choices) : choices_(choices) {
        hub_.tokens["t"] = Identity{
            "ada", "", false, {{1, "owner"}}, std::chrono::system_clock::time_point(std::chrono::seconds(500))};
        hub_.booking_tokens["b"] = Identity{"", venue, false, {}, std::nullopt};
        around_.settings.queue_limit = 1000;
        rechecks_.start();
    }

    void run() {
        client_ = clients_.open({});
        if (choices_.rarely()) {
            client_->session().open_on(socket_);
        }
        for (int steps = choices_.below(64); steps >= 0; --steps) {
            step();
            settle();
            require(client_->session().is_open() == (clients_.count() == 1), "whoever has ended is forgotten");
        }
    }

private:
    using Seconds = std::chrono::seconds;

    std::string said() {
        static constexpr std::array<std::string_view, 12> often{"40{\"token\":\"t\"}",
                                                                "40",
                                                                "42[\"join:role\",\"student\"]",
                                                                "420[\"join:role\",\"owner\"]",
                                                                "41",
                                                                "3",
                                                                "2probe",
                                                                "5",
                                                                "40{\"bookingToken\":\"b\"}",
                                                                "451-[\"a\"]",
                                                                "1",
                                                                "6"};
        const int which = choices_.below(20);
        if (which < static_cast<int>(often.size())) {
            return std::string(often.at(static_cast<std::size_t>(which)));
        }
        if (which < 16) {
            static constexpr std::array<std::string_view, 4> calls{"join:library", "leave:library", "join:booking",
                                                                   "auth:token"};
            return "427[\"" + std::string(calls.at(static_cast<std::size_t>(which - 12))) + "\",\"" +
                   (choices_.rarely() ? choices_.text() : std::string(venue)) + "\"]";
        }
        return choices_.text();
    }

    void step() {
        EngineSession& session = client_->session();
        switch (choices_.below(10)) {
        case 0:
            session.received_text(*socket_, said(), now_);
            break;
        case 1:
            (void)session.post(said(), now_);
            break;
        case 2:
            get();
            break;
        case 3:
            if (socket_->closed) {
                socket_ = std::make_shared<Socket>();
            }
            if (!probing_ && session.probe(socket_, now_)) {
                probing_ = true;
            }
            break;
        case 4:
            session.received_binary(*socket_);
            break;
        case 5:
            session.lost(*socket_);
            break;
        case 6:
            now_ += Seconds(choices_.below(60));
            clients_.tick();
            timers_.advance(Seconds(choices_.below(60)));
            break;
        case 7:
            happens();
            break;
        case 8:
            socket_->unread = static_cast<std::size_t>(choices_.below(256)) * 8;
            hub_.reachable = !choices_.rarely();
            break;
        default:
            session.abandoned();
            break;
        }
        probing_ = probing_ && !socket_->closed;
    }

    void get() {
        const auto answered = std::make_shared<bool>(false);
        client_->session().get([answered](const Response& response) {
            require(!*answered, "a request is answered once");
            *answered = true;
            if (response.status == 200 && response.body != "1") {
                std::string_view rest = response.body;
                for (bool more = true; more;) {
                    const auto end = std::min(rest.find(packet_separator), rest.size());
                    check_sent(rest.substr(0, end));
                    more = end < rest.size();
                    rest.remove_prefix(std::min(end + 1, rest.size()));
                }
            }
        });
    }

    void happens() {
        Event event;
        event.seq = choices_.rarely() ? 0 : ++seq_;
        event.kind = event.seq == 0 ? "session.availability" : "venue.updated";
        event.organization = 1;
        event.rooms = {"public", "organization:1", std::string("venue:") + venue};
        event.bodies.fill(boost::json::object{{"venue_id", venue}});
        hub_.tell(std::move(event));
    }

    void settle() {
        for (const auto& done : std::exchange(later_, {})) {
            done();
        }
    }

    pgbk::test::Choices choices_;
    pgbk::relay::test::FakeHub hub_;
    Subscriptions subscriptions_{2};
    pgbk::relay::test::FakeTimers timers_;
    pgbk::relay::Rechecks rechecks_{hub_, timers_, Seconds(60)};
    Clock::time_point now_{};
    std::vector<std::function<void()>> later_;
    std::int64_t seq_ = 0;
    bool probing_ = false;
    std::shared_ptr<Socket> socket_ = std::make_shared<Socket>();
    Surroundings around_{hub_,
                         subscriptions_,
                         rechecks_,
                         {},
                         [this] { return now_; },
                         [this] { return std::chrono::system_clock::time_point(now_.time_since_epoch()); },
                         [] { return std::string("random"); },
                         [this](std::function<void()> done) { later_.push_back(std::move(done)); },
                         nullptr};
    Clients clients_{around_};
    std::shared_ptr<Client> client_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz_codecs({reinterpret_cast<const char*>(data), size});
    Play({data, size}).run();
    return 0;
}
