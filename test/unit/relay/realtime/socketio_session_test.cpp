#include "realtime/socketio/engine_request.hpp"
#include "realtime/socketio/engine_session.hpp"

#include "socketio_socket.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace pgbk::relay::socketio {

namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

using Socket = test::RecordingSocket;

class User : public EngineUser {
public:
    void text(std::string_view message) override { said.emplace_back(message); }
    void binary() override { ++bytes; }
    void closed() override { ++ends; }

    std::vector<std::string> said;
    int bytes = 0;
    int ends = 0;
};

struct Poll {
    std::optional<Response> response;
    Respond respond() {
        return [this](Response given) {
            EXPECT_FALSE(response) << "answered twice";
            response = std::move(given);
        };
    }
    std::string body() const { return response ? response->body : "(waits)"; }
};

class EngineSessions : public ::testing::Test {
protected:
    EngineSessions() { settings_.queue_limit = 100; }

    static SharedOutgoing message(const std::string& text) { return std::make_shared<const Outgoing>("4" + text); }
    std::shared_ptr<Socket> upgraded() {
        auto socket = std::make_shared<Socket>();
        EXPECT_TRUE(session_.probe(socket, now_));
        session_.received_text(*socket, "2probe", now_);
        session_.received_text(*socket, "5", now_);
        return socket;
    }

    EngineSettings settings_;
    User user_;
    Clock::time_point now_{};
    EngineSession session_{"sid", settings_, user_, now_};
};

TEST_F(EngineSessions, OpenWithFiveThings) {
    const auto response = session_.opening();
    EXPECT_EQ(response.content_type, "text/plain; charset=UTF-8");
    ASSERT_EQ(response.body.front(), '0');
    EXPECT_EQ(json::parse(response.body.substr(1)), json::parse(R"({"sid":"sid","upgrades":["websocket"],
        "pingInterval":25000,"pingTimeout":20000,"maxPayload":65536})"));
    const auto socket = std::make_shared<Socket>();
    session_.open_on(socket);
    EXPECT_EQ(json::parse(socket->sent.at(0).substr(1)).at("upgrades"), json::array());
}

TEST_F(EngineSessions, AnswerAGetWhenThereIsSomething) {
    Poll poll;
    session_.get(poll.respond());
    EXPECT_EQ(poll.body(), "(waits)");
    session_.send(message("a"));
    EXPECT_EQ(poll.body(), "4a");
    session_.send(message("b"));
    session_.send(message("c"));
    Poll next;
    session_.get(next.respond());
    EXPECT_EQ(next.body(), "4b\x1e"
                           "4c");
}

TEST_F(EngineSessions, PassOnWhatIsPosted) {
    EXPECT_EQ(session_
                  .post("4a\x1e"
                        "4b\x1e"
                        "bAQ==",
                        now_)
                  .body,
              "ok");
    EXPECT_EQ(user_.said, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(user_.bytes, 1);
}

TEST_F(EngineSessions, EndWithTwoGetsAtOnce) {
    Poll first;
    Poll second;
    session_.get(first.respond());
    session_.get(second.respond());
    EXPECT_EQ(first.body(), "1");
    EXPECT_EQ(second.response->status, 400);
    EXPECT_EQ(user_.ends, 1);
    Poll third;
    session_.get(third.respond());
    EXPECT_EQ(third.body(), R"({"code":1,"message":"Session ID unknown"})");
    EXPECT_EQ(session_.post("4a", now_).status, 400);
}

TEST_F(EngineSessions, EndWithAGetThatIsGivenUp) {
    Poll poll;
    session_.abandoned();
    EXPECT_TRUE(session_.is_open()) << "there is none";
    session_.get(poll.respond());
    session_.abandoned();
    EXPECT_EQ(user_.ends, 1);
    EXPECT_EQ(poll.body(), "(waits)");
}

TEST_F(EngineSessions, EndWithRubbish) {
    Poll poll;
    session_.get(poll.respond());
    EXPECT_EQ(session_.post("abc", now_).status, 400);
    EXPECT_EQ(poll.body(), "1");
    EXPECT_FALSE(session_.is_open());
}

TEST_F(EngineSessions, EndWithWhatOnlyServersSend) {
    for (const char* packet : {"0{}", "2", "5"}) {
        User user;
        EngineSession session("s", settings_, user, now_);
        (void)session.post(packet, now_);
        EXPECT_EQ(user.ends, 1) << packet;
    }
}

TEST_F(EngineSessions, EndWhenTheClientSaysSo) {
    Poll poll;
    session_.get(poll.respond());
    EXPECT_EQ(session_
                  .post("1\x1e"
                        "4late",
                        now_)
                  .body,
              "ok");
    EXPECT_EQ(poll.body(), "6");
    EXPECT_EQ(user_.ends, 1);
    EXPECT_TRUE(user_.said.empty());
}

TEST_F(EngineSessions, TellWhatWasSaidBeforeTheEnd) {
    session_.send(message("why"));
    Poll poll;
    session_.close();
    session_.get(poll.respond());
    EXPECT_EQ(poll.response->status, 400);
    User user;
    EngineSession other("s", settings_, user, now_);
    const auto socket = std::make_shared<Socket>();
    other.open_on(socket);
    other.send(message("why"));
    other.close();
    EXPECT_EQ(socket->sent.back(), "4why");
    EXPECT_TRUE(socket->is_closed);
}

TEST_F(EngineSessions, ArePingedAndHaveToAnswer) {
    const auto socket = std::make_shared<Socket>();
    session_.open_on(socket);
    session_.tick(now_ + 24999ms);
    EXPECT_EQ(socket->sent.size(), 1U);
    session_.tick(now_ + 25s);
    EXPECT_EQ(socket->sent.back(), "2");
    session_.received_text(*socket, "3", now_ + 26s);
    session_.tick(now_ + 50s);
    EXPECT_EQ(socket->sent.size(), 2U);
    session_.tick(now_ + 51s);
    EXPECT_EQ(socket->sent.size(), 3U);
    session_.tick(now_ + 70999ms);
    EXPECT_EQ(user_.ends, 0);
    session_.tick(now_ + 71s);
    EXPECT_EQ(user_.ends, 1);
    EXPECT_TRUE(socket->is_closed);
}

TEST_F(EngineSessions, ThatPollArePingedThroughTheirGets) {
    Poll poll;
    session_.get(poll.respond());
    session_.tick(now_ + 25s);
    EXPECT_EQ(poll.body(), "2");
    EXPECT_EQ(session_.post("3", now_ + 26s).body, "ok");
    session_.tick(now_ + 50s);
    EXPECT_TRUE(session_.is_open());
    session_.tick(now_ + 51s);
    session_.tick(now_ + 71s);
    EXPECT_FALSE(session_.is_open()) << "nobody polls any more";
}

TEST_F(EngineSessions, GoOverToAWebSocket) {
    Poll poll;
    session_.get(poll.respond());
    const auto socket = std::make_shared<Socket>();
    ASSERT_TRUE(session_.probe(socket, now_));
    session_.received_text(*socket, "2probe", now_);
    EXPECT_EQ(socket->sent, (std::vector<std::string>{"3probe"}));
    EXPECT_EQ(poll.body(), "6") << "polling comes to rest";
    session_.send(message("meanwhile"));
    session_.received_text(*socket, "5", now_);
    EXPECT_EQ(socket->sent.back(), "4meanwhile");
    session_.received_text(*socket, "4hello", now_);
    EXPECT_EQ(user_.said, (std::vector<std::string>{"hello"}));
    session_.send(message("b"));
    EXPECT_EQ(socket->sent.back(), "4b");
}

TEST_F(EngineSessions, StayWhereTheyWentOver) {
    const auto socket = upgraded();
    Poll poll;
    session_.get(poll.respond());
    EXPECT_EQ(poll.body(), R"({"code":3,"message":"Bad request"})");
    EXPECT_EQ(session_.post("4a", now_).status, 400);
    EXPECT_FALSE(session_.probe(std::make_shared<Socket>(), now_));
    EXPECT_TRUE(session_.is_open());
    EXPECT_FALSE(socket->is_closed);
}

TEST_F(EngineSessions, AnswerAGetThatComesInTheMiddleOfGoingOver) {
    const auto socket = std::make_shared<Socket>();
    ASSERT_TRUE(session_.probe(socket, now_));
    session_.received_text(*socket, "2probe", now_);
    Poll poll;
    session_.get(poll.respond());
    EXPECT_EQ(poll.body(), "6");
    EXPECT_FALSE(session_.probe(std::make_shared<Socket>(), now_)) << "one at a time";
}

TEST_F(EngineSessions, GoOnPollingIfTheSocketIsNoGood) {
    for (const std::vector<std::string>& said :
         std::vector<std::vector<std::string>>{{"5"}, {"2"}, {"4a"}, {"2probe", "2probe"}, {"2probe", "4a"}}) {
        const auto socket = std::make_shared<Socket>();
        ASSERT_TRUE(session_.probe(socket, now_));
        for (const auto& text : said) {
            session_.received_text(*socket, text, now_);
        }
        EXPECT_TRUE(socket->is_closed) << said.front();
        session_.received_text(*socket, "4late", now_);
    }
    const auto binary = std::make_shared<Socket>();
    ASSERT_TRUE(session_.probe(binary, now_));
    session_.received_binary(*binary);
    const auto lost = std::make_shared<Socket>();
    ASSERT_TRUE(session_.probe(lost, now_));
    session_.received_text(*lost, "2probe", now_);
    session_.lost(*lost);
    const auto slow = std::make_shared<Socket>();
    ASSERT_TRUE(session_.probe(slow, now_));
    session_.received_text(*slow, "2probe", now_);
    session_.tick(now_ + 10s);
    EXPECT_TRUE(slow->is_closed);
    Poll poll;
    session_.get(poll.respond());
    EXPECT_EQ(poll.body(), "(waits)");
    EXPECT_TRUE(user_.said.empty());
    EXPECT_TRUE(session_.is_open());
}

TEST_F(EngineSessions, EndWithTheirSocket) {
    const auto socket = upgraded();
    session_.lost(*socket);
    EXPECT_EQ(user_.ends, 1);
    session_.send(message("a"));
    session_.close();
    EXPECT_EQ(user_.ends, 1);
}

TEST_F(EngineSessions, EndWithRubbishOnTheirSocket) {
    const auto socket = upgraded();
    session_.received_text(*socket, "abc", now_);
    EXPECT_EQ(user_.ends, 1);
    EXPECT_TRUE(socket->is_closed);
}

TEST_F(EngineSessions, EndForOneWhoDoesNotRead) {
    const auto socket = upgraded();
    socket->unread = 100;
    session_.send(message("a"));
    EXPECT_EQ(socket->sent.back(), "4a");
    socket->unread = 101;
    session_.send(message("b"));
    EXPECT_EQ(socket->sent.back(), "4a");
    EXPECT_EQ(user_.ends, 1);
}

TEST_F(EngineSessions, EndForOneWhoDoesNotPoll) {
    session_.send(message(std::string(150, 'a')));
    EXPECT_TRUE(session_.is_open()) << "one that is large has its chance";
    session_.send(message("b"));
    EXPECT_FALSE(session_.is_open());
}

Request asking(const std::string& method, std::multimap<std::string, std::string> query, bool upgrade = false) {
    Request request;
    request.method = method;
    request.query = {query.begin(), query.end()};
    if (upgrade) {
        request.headers.emplace("upgrade", "WebSocket");
    }
    return request;
}

TEST(EngineRequests, NameTransportVersionAndSession) {
    const auto polling = read_engine_request(asking("GET", {{"EIO", "4"}, {"transport", "polling"}, {"t", "x"}}));
    EXPECT_FALSE(polling.error);
    EXPECT_FALSE(polling.request.websocket);
    EXPECT_EQ(polling.request.session, "");
    const auto socket =
        read_engine_request(asking("GET", {{"EIO", "4"}, {"transport", "websocket"}, {"sid", "s"}}, true));
    EXPECT_FALSE(socket.error);
    EXPECT_TRUE(socket.request.websocket);
    EXPECT_EQ(socket.request.session, "s");
    EXPECT_FALSE(read_engine_request(asking("POST", {{"EIO", "4"}, {"transport", "polling"}, {"sid", "s"}})).error);
}

TEST(EngineRequests, AreRefusedByNumber) {
    const auto error = [](const Request& request) { return read_engine_request(request).error; };
    EXPECT_EQ(error(asking("GET", {{"EIO", "4"}})), EngineError::unknown_transport);
    EXPECT_EQ(error(asking("GET", {{"EIO", "4"}, {"transport", "flashsocket"}})), EngineError::unknown_transport);
    EXPECT_EQ(error(asking("GET", {{"EIO", "3"}, {"transport", "polling"}})), EngineError::unsupported_version);
    EXPECT_EQ(error(asking("GET", {{"transport", "polling"}})), EngineError::unsupported_version);
    EXPECT_EQ(error(asking("POST", {{"EIO", "4"}, {"transport", "polling"}})), EngineError::bad_method);
    EXPECT_EQ(error(asking("HEAD", {{"EIO", "4"}, {"transport", "polling"}, {"sid", "s"}})), EngineError::bad_request);
    EXPECT_EQ(error(asking("GET", {{"EIO", "4"}, {"transport", "websocket"}})), EngineError::bad_request);
    EXPECT_EQ(error(asking("GET", {{"EIO", "4"}, {"transport", "polling"}}, true)), EngineError::bad_request);
    EXPECT_EQ(error(asking("POST", {{"EIO", "4"}, {"transport", "websocket"}, {"sid", "s"}}, true)),
              EngineError::bad_request);
    EXPECT_EQ(refusal(EngineError::unknown_transport).body, R"({"code":0,"message":"Transport unknown"})");
    EXPECT_EQ(refusal(EngineError::unknown_session).body, R"({"code":1,"message":"Session ID unknown"})");
    EXPECT_EQ(refusal(EngineError::bad_method).body, R"({"code":2,"message":"Bad handshake method"})");
    EXPECT_EQ(refusal(EngineError::bad_request).body, R"({"code":3,"message":"Bad request"})");
    EXPECT_EQ(refusal(EngineError::forbidden).body, R"({"code":4,"message":"Forbidden"})");
    EXPECT_EQ(refusal(EngineError::forbidden).status, 403);
    EXPECT_EQ(refusal(EngineError::unsupported_version).body, R"({"code":5,"message":"Unsupported protocol version"})");
    EXPECT_EQ(refusal(EngineError::unsupported_version).status, 400);
}

} // namespace

} // namespace pgbk::relay::socketio
