#include "realtime/socketio/clients.hpp"
#include "realtime/socketio/session_name.hpp"

#include "fake_feed.hpp"
#include "fake_hub.hpp"
#include "socketio_socket.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace pgbk::relay::socketio {

namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

const std::string venue = "019a0000-0000-8000-8000-000000000001";
const std::string court = "019a0000-0000-8000-8000-000000000002";
const std::string booking = "019a0000-0000-8000-8000-000000000003";

using Socket = test::RecordingSocket;

// A browser's side of it.
struct Page {
    std::shared_ptr<Client> client;
    std::shared_ptr<Socket> socket = std::make_shared<Socket>();

    void say(const std::string& packet) const { client->session().received_text(*socket, packet, Clock::time_point{}); }
    std::string last() const { return socket->sent.empty() ? "" : socket->sent.back(); }
    json::object connected() const {
        for (const auto& packet : socket->sent) {
            if (packet.starts_with("40")) {
                return json::parse(packet.substr(2)).as_object();
            }
        }
        return {};
    }
    // The last arguments of the events that came, but for the cursor's.
    std::vector<std::string> events() const {
        std::vector<std::string> out;
        for (const auto& packet : socket->sent) {
            if (packet.starts_with("42[") && !packet.starts_with("42[\"_cursor")) {
                const auto arguments = json::parse(packet.substr(2)).as_array();
                out.push_back(std::string(arguments.front().as_string()) + " " + json::serialize(arguments.back()));
            }
        }
        return out;
    }
    std::string cursor() const { // as the official client remembers it
        std::string found;
        for (const auto& packet : socket->sent) {
            if (packet.starts_with("42[")) {
                const auto arguments = json::parse(packet.substr(2)).as_array();
                found = arguments.back().is_string() ? std::string(arguments.back().as_string()) : found;
            }
        }
        return found;
    }
};

using Strings = std::vector<std::string>;

class SocketIoClients : public ::testing::Test {
protected:
    SocketIoClients() {
        hub_.tokens["ada"] = Identity{"ada", "", false, {}, date_ + 1h};
        hub_.tokens["owner"] = Identity{"olga", "", false, {{1, "owner"}, {2, "staff"}}, date_ + 1h};
        hub_.tokens["staff"] = Identity{"sam", "", false, {{1, "staff"}}, date_ + 1h};
        hub_.tokens["server"] = Identity{"", "", true, {}, date_ + 1h};
        hub_.booking_tokens["slip"] = Identity{"", booking, false, {}, std::nullopt};
        hub_.at = 100;
    }

    Page open(const std::string& token = "") {
        Request request;
        if (!token.empty()) {
            request.headers.emplace("authorization", "Bearer " + token);
        }
        Page page{clients_.open(request)};
        page.client->session().open_on(page.socket);
        return page;
    }
    Page connected(const std::string& auth) {
        Page page = open();
        page.say("40" + auth);
        return page;
    }
    Page connected_as(const std::string& token) { return connected(R"({"token":")" + token + "\"}"); }
    Page back_as(const std::string& token, const Page& before, const std::string& offset) {
        json::object auth{{"pid", before.connected().at("pid")}, {"offset", offset}, {"token", token}};
        return connected(json::serialize(auth));
    }
    std::set<std::string> rooms(const Page& page) { return hub_.rooms_of(*page.client); }

    void pass(std::chrono::seconds time) {
        now_ += time;
        date_ += time;
        clients_.tick();
        settle();
    }
    void settle() {
        while (!later_.empty()) {
            const auto next = std::move(later_.front());
            later_.erase(later_.begin());
            next();
        }
    }
    void tell(std::int64_t seq, const Strings& to, const std::string& kind = "venue.updated", int organization = 1) {
        Event event{seq, organization, "e" + std::to_string(seq), kind, "2026-01-01T00:00:00.000Z", "", "", to, {}};
        const json::object body{{"venue_id", venue}, {"subject_id", venue}};
        const bool is_public = !kind.starts_with("booking");
        event.bodies = {is_public ? std::optional(body) : std::nullopt, body, body};
        hub_.tell(event);
    }

    test::FakeHub hub_;
    Subscriptions subscriptions_{3};
    test::FakeTimers timers_;
    Rechecks rechecks_{hub_, timers_, 60s};
    Clock::time_point now_{};
    std::chrono::system_clock::time_point date_{};
    std::vector<std::function<void()>> later_;
    int random_ = 0;
    Surroundings around_{hub_,
                         subscriptions_,
                         rechecks_,
                         {},
                         [this] { return now_; },
                         [this] { return date_; },
                         [this] { return std::to_string(++random_); },
                         [this](std::function<void()> done) { later_.push_back(std::move(done)); },
                         nullptr};
    Clients clients_{around_};
};

TEST_F(SocketIoClients, ConnectWithANameAndACursor) {
    const Page page = connected_as("ada");
    ASSERT_EQ(page.socket->sent.size(), 3U);
    EXPECT_TRUE(page.connected().at("sid").is_string());
    EXPECT_TRUE(is_session_name_of(page.connected().at("pid").as_string(), "ada"));
    EXPECT_EQ(page.last(), R"(42["_cursor","100"])");
    EXPECT_EQ(page.client->identity().user, "ada");
}

TEST_F(SocketIoClients, AreClosedWhenTheyFlood) {
    const Page page = connected("");
    for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 49; ++j) {
            page.say(R"(42["join:activity",")" + court + "\"]");
            page.say(R"(42["leave:activity",")" + court + "\"]");
        }
        pass(1s);
    }
    EXPECT_TRUE(page.client->session().is_open()) << "a hundred a second";
    for (int j = 0; j < 301; ++j) {
        page.say(R"(42["hello"])");
    }
    EXPECT_FALSE(page.client->session().is_open());
}

TEST_F(SocketIoClients, ShowTheirTokenWithTheRequestToo) {
    const Page page = open("ada");
    page.say("40");
    EXPECT_EQ(page.client->identity().user, "ada");
    Request request;
    request.query.emplace("token", "ada");
    const Page query{clients_.open(request)};
    query.client->session().open_on(query.socket);
    query.say("40");
    EXPECT_EQ(query.client->identity().user, "ada");
    const Page other = open("ada");
    other.say(R"(40{"token":"Bearer staff"})");
    EXPECT_EQ(other.client->identity().user, "sam");
}

TEST_F(SocketIoClients, AreVisitorsWithoutAToken) {
    const Page page = connected(R"({"token":null})");
    EXPECT_TRUE(page.connected().contains("pid"));
    EXPECT_EQ(page.client->identity().user, "");
}

TEST_F(SocketIoClients, AreToldWhyTheirTokenIsNoGood) {
    const Page page = connected_as("expired");
    EXPECT_EQ(page.last(), R"(44{"message":"the token is not valid","data":{"code":401}})");
    EXPECT_FALSE(page.socket->is_closed);
    page.say(R"(40{"token":"ada"})");
    EXPECT_EQ(page.client->identity().user, "ada") << "the next may be";
}

TEST_F(SocketIoClients, AreSentAwayWhileNobodyCanBeAsked) {
    hub_.reachable = false;
    EXPECT_TRUE(connected_as("ada").socket->is_closed);
    hub_.reachable = true;
    hub_.at = std::nullopt;
    EXPECT_TRUE(connected_as("ada").socket->is_closed);
    settle();
    EXPECT_EQ(clients_.count(), 0U);
}

TEST_F(SocketIoClients, HaveOneNamespace) {
    const Page page = connected_as("ada");
    page.say("40/admin,{}");
    EXPECT_EQ(page.last(), R"(44/admin,{"message":"Invalid namespace"})");
    EXPECT_FALSE(page.socket->is_closed);
    page.say(R"(42/admin,["a"])");
    EXPECT_TRUE(page.socket->is_closed);
}

TEST_F(SocketIoClients, JoinTheRoomsOfTheirRole) {
    const Page ada = connected_as("ada");
    ada.say(R"(42["join:role","student"])");
    EXPECT_EQ(rooms(ada), (std::set<std::string>{"public", "customer:ada"}));
    const Page visitor = connected("");
    visitor.say(R"(420["join:role","client"])");
    EXPECT_EQ(rooms(visitor), (std::set<std::string>{"public"}));
    EXPECT_EQ(visitor.last(), R"(430[{"ok":true}])");
    const Page owner = connected_as("owner");
    owner.say(R"(42["join:role","library_owner"])");
    EXPECT_EQ(rooms(owner), (std::set<std::string>{"organization:1"}));
    owner.say(R"(42["join:role","staff"])");
    EXPECT_EQ(rooms(owner), (std::set<std::string>{"organization:1", "organization:2"}));
    owner.say(R"(421["leave:role","staff"])");
    EXPECT_EQ(rooms(owner), (std::set<std::string>{"organization:1"})) << "the other role needs that one";
}

TEST_F(SocketIoClients, DoNotGetARoleThatTheirTokenHasNot) {
    for (const auto& [token, role] :
         {std::pair("ada", "library_owner"), std::pair("ada", "staff"), std::pair("staff", "library_owner"),
          std::pair("ada", "admin"), std::pair("server", "staff"), std::pair("ada", "")}) {
        const Page page = connected_as(token);
        page.say(R"(427["join:role",")" + std::string(role) + "\"]");
        EXPECT_TRUE(page.last().starts_with(R"(437[{"ok":false,"error":")")) << page.last();
        page.say(R"(42["join:role",")" + std::string(role) + "\"]");
        EXPECT_TRUE(page.last().starts_with(R"(42["refused",{"event":"join:role","error":")")) << page.last();
        EXPECT_TRUE(rooms(page).empty());
        EXPECT_FALSE(page.socket->is_closed);
    }
    const Page visitor = connected("");
    visitor.say(R"(42["join:role","staff"])");
    EXPECT_TRUE(rooms(visitor).empty());
}

TEST_F(SocketIoClients, JoinPlacesInEitherWord) {
    const Page page = connected("");
    page.say(R"(421["join:library",")" + venue + "\"]");
    EXPECT_EQ(page.last(), R"(431[{"ok":true}])");
    page.say(R"(42["join:activity",")" + court + "\"]");
    page.say(R"(42["join:court",")" + court + "\"]");
    EXPECT_EQ(rooms(page), (std::set<std::string>{"venue:" + venue, "activity:" + court}));
    page.say(R"(42["join:seat",")" + court + "\"]");
    page.say(R"(423["join:booking",")" + booking + "\"]");
    EXPECT_TRUE(page.last().starts_with(R"(433[{"ok":false,"error":"there are too many subscriptions)"));
    page.say(R"(424["leave:library",")" + venue + "\"]");
    EXPECT_EQ(page.last(), R"(434[{"ok":true}])");
    EXPECT_EQ(rooms(page), (std::set<std::string>{"activity:" + court, "session:" + court}));
}

TEST_F(SocketIoClients, AreRefusedWhatIsNoPlace) {
    const Page page = connected_as("ada");
    for (const char* call :
         {R"(["join:library","x"])", R"(["join:library"])", R"(["join:library",{"id":1}])", R"(["join:table","x"])",
          R"(["join:organization",1])", R"(["join:organization","0x1"])", R"(["leave:table","x"])", R"(["nonsense"])",
          R"(["join:booking",""])", R"(["auth:token"])", R"(["auth:token","expired"])"}) {
        page.say(std::string("429") + call);
        EXPECT_TRUE(page.last().starts_with(R"(439[{"ok":false,"error":")")) << call << page.last();
    }
    const auto before = page.socket->sent.size();
    page.say(R"(42["nonsense"])");
    EXPECT_EQ(page.socket->sent.size(), before);
    EXPECT_TRUE(rooms(page).empty());
}

TEST_F(SocketIoClients, JoinAnOrganizationThatIsTheirs) {
    const Page server = connected_as("server");
    server.say(R"(42["join:organization",7])");
    EXPECT_EQ(rooms(server), (std::set<std::string>{"organization:7"}));
    const Page owner = connected_as("owner");
    owner.say(R"(42["join:organization","2"])");
    EXPECT_EQ(rooms(owner), (std::set<std::string>{"organization:2"}));
}

TEST_F(SocketIoClients, SeeABookingByItsToken) {
    const Page page = connected("");
    page.say(R"(421["join:booking","slip"])");
    EXPECT_EQ(page.last(), R"(431[{"ok":true}])");
    EXPECT_EQ(rooms(page), (std::set<std::string>{"booking:" + booking}));
    EXPECT_EQ(page.client->identity().booking, booking);
    page.say(R"(422["join:booking","wrong"])");
    EXPECT_EQ(page.last(), R"(432[{"ok":false,"error":"there is no booking with this token"}])");
    const Page at_once = connected(R"({"bookingToken":"slip"})");
    at_once.say(R"(42["join:role","student"])");
    EXPECT_EQ(rooms(at_once), (std::set<std::string>{"public", "booking:" + booking}));
    EXPECT_TRUE(connected(R"({"bookingToken":"wrong"})").last().starts_with("44{"));
}

TEST_F(SocketIoClients, TakeNoBinaryData) {
    const Page page = connected_as("ada");
    page.say(R"(451-5["join:library",{"_placeholder":true,"num":0}])");
    page.client->session().received_binary(*page.socket);
    EXPECT_EQ(page.last(), R"(435[{"ok":false,"error":"binary data is not taken"}])");
    page.say(R"(4511-5["join:library"])");
    EXPECT_TRUE(page.socket->is_closed);
}

TEST_F(SocketIoClients, EndWithRubbish) {
    for (const char* packet : {"4x", "42", "42{}", "41x", "44{}", "40"}) {
        const Page page = connected_as("ada");
        page.say(packet);
        EXPECT_TRUE(page.socket->is_closed) << packet;
    }
    for (const char* packet : {R"(42["join:role","student"])", "41", R"(430[])"}) {
        const Page page = open();
        page.say(packet);
        EXPECT_TRUE(page.socket->is_closed) << packet << " before it is connected";
    }
    settle();
    EXPECT_EQ(clients_.count(), 0U);
}

TEST_F(SocketIoClients, HaveToConnectInTime) {
    const Page page = open();
    pass(24s);
    page.say("3");
    pass(22s);
    EXPECT_TRUE(page.socket->is_closed);
    EXPECT_EQ(clients_.count(), 0U);
}

TEST_F(SocketIoClients, DisconnectAndConnectAnew) {
    const Page page = connected_as("ada");
    page.say(R"(42["join:role","student"])");
    page.say("41");
    EXPECT_TRUE(rooms(page).empty());
    page.say("40");
    page.say(R"(42["join:role","student"])");
    settle();
    EXPECT_EQ(rooms(page), (std::set<std::string>{"public"}));
}

TEST_F(SocketIoClients, AreForgottenWhenTheyAreGone) {
    const Page page = connected_as("ada");
    page.say(R"(42["join:role","student"])");
    page.client->session().lost(*page.socket);
    settle();
    EXPECT_TRUE(rooms(page).empty());
    EXPECT_EQ(clients_.count(), 0U);
    EXPECT_EQ(subscriptions_.users(), 0U);
}

TEST_F(SocketIoClients, AreToldEventsWithTheirPlace) {
    const Page page = connected("");
    page.say(R"(42["join:role","student"])");
    tell(101, {"public"});
    EXPECT_EQ(page.last(), R"(42["library:updated",{"id":")" + venue +
                               R"(","event":{"id":"e101","type":"venue.updated","occurredAt":)"
                               R"("2026-01-01T00:00:00.000Z"}},"101"])");
    tell(102, {"organization:1"}, "booking.created");
    EXPECT_EQ(page.cursor(), "101");
}

TEST_F(SocketIoClients, KeepTheirPlaceWhenStateIsTold) {
    const Page page = connected("");
    page.say(R"(42["join:library",")" + venue + "\"]");
    tell(101, {"public"});
    tell(0, {"venue:" + venue}, "session.availability");
    ASSERT_EQ(page.events().size(), 1U);
    EXPECT_TRUE(page.events()[0].starts_with("seat:availability {")) << page.events()[0];
    EXPECT_EQ(page.cursor(), "100");
}

TEST_F(SocketIoClients, AreBroughtUpToDateWhenTheyHearNothing) {
    const Page page = connected("");
    page.say(R"(42["join:library",")" + venue + "\"]");
    tell(150, {"organization:1"}, "booking.created");
    pass(24s);
    EXPECT_EQ(page.cursor(), "100");
    pass(1s);
    EXPECT_EQ(page.cursor(), "150");
}

TEST_F(SocketIoClients, AreToldWhatTheyMissed) {
    const Page before = connected_as("ada");
    before.say(R"(42["join:role","student"])");
    tell(101, {"public"});
    before.client->session().lost(*before.socket);
    settle();
    tell(102, {"public"});
    tell(103, {"venue:" + venue, "public"});
    tell(104, {"venue:" + venue});
    const Page after = back_as("ada", before, "101");
    EXPECT_EQ(after.connected().at("pid"), before.connected().at("pid"));
    EXPECT_EQ(after.socket->sent.size(), 2U) << "its cursor is its own";
    after.say(R"(421["join:role","student"])");
    tell(105, {"public"});
    EXPECT_EQ(after.cursor(), "101") << "it may have more to join";
    after.say(R"(422["join:library",")" + venue + "\"]");
    EXPECT_EQ(after.events().size(), 4U) << "each of them once";
    pass(1s);
    EXPECT_EQ(after.cursor(), "105");
    tell(106, {"public"});
    EXPECT_EQ(after.cursor(), "106");
    EXPECT_EQ(after.events().size(), 5U);
}

TEST_F(SocketIoClients, TakeThePlaceOfTheirOldConnection) {
    const Page before = connected_as("ada");
    for (const char* digit : {"1", "2", "3"}) {
        before.say(R"(42["join:library",")" + venue.substr(0, 35) + digit + "\"]");
    }
    const Page after = back_as("ada", before, "100");
    EXPECT_TRUE(before.socket->is_closed);
    after.say(R"(421["join:library",")" + venue + "\"]");
    EXPECT_EQ(after.last(), R"(431[{"ok":true}])") << "there are no more than three";
    settle();
    EXPECT_EQ(clients_.count(), 1U);
    EXPECT_EQ(around_.names.size(), 1U);
    after.client->session().close();
    settle();
    EXPECT_TRUE(around_.names.empty());
}

TEST_F(SocketIoClients, ComeBackAsSomebodyAfterTheySignedIn) {
    const Page before = connected("");
    before.say(R"(421["auth:token","ada"])");
    EXPECT_EQ(before.client->identity().user, "ada");
    const Page after = back_as("ada", before, "100");
    EXPECT_EQ(after.connected().at("pid"), before.connected().at("pid"));
}

TEST_F(SocketIoClients, AreNotToldTheOldWhenTheyJoinLate) {
    const Page before = connected_as("ada");
    tell(101, {"public"});
    const Page after = back_as("ada", before, "100");
    pass(20s);
    after.say("3");
    pass(10s);
    EXPECT_EQ(after.cursor(), "101") << "it has joined nothing, but time is up";
    after.say(R"(42["join:role","student"])");
    EXPECT_TRUE(after.events().empty());
}

TEST_F(SocketIoClients, BeginAnewWithWhatIsNotTheirs) {
    const Page before = connected_as("ada");
    for (const auto& [token, pid, offset] :
         {std::tuple("staff", before.connected().at("pid"), "100"), std::tuple("ada", json::value("x.y"), "100"),
          std::tuple("ada", json::value(""), "100"), std::tuple("ada", json::value(1), "100"),
          std::tuple("ada", before.connected().at("pid"), "-1"), std::tuple("ada", before.connected().at("pid"), "1x"),
          std::tuple("ada", before.connected().at("pid"), "")}) {
        const Page page = connected(json::serialize(json::object{{"token", token}, {"pid", pid}, {"offset", offset}}));
        EXPECT_NE(page.connected().at("pid"), pid);
        EXPECT_EQ(page.cursor(), "100");
    }
}

TEST_F(SocketIoClients, ComeBackToARelayThatIsNotAsFar) {
    const Page before = connected_as("ada");
    const Page after = back_as("ada", before, "102");
    EXPECT_EQ(after.connected().at("pid"), before.connected().at("pid")) << "the other relay was quicker";
    for (const int seq : {101, 102, 103}) {
        tell(seq, {"public"});
    }
    after.say(R"(42["join:role","student"])");
    EXPECT_EQ(after.events().size(), 1U) << "the first two it knows";
}

TEST_F(SocketIoClients, LearnThatTheyMissedTooMuch) {
    const Page before = connected_as("ada");
    hub_.oldest = 200;
    hub_.at = 300;
    const Page after = back_as("ada", before, "100");
    after.say(R"(421["join:role","student"])");
    EXPECT_EQ(after.events().size(), 1U);
    EXPECT_TRUE(after.events()[0].starts_with(R"(reset {"event":"join:role")"));
    EXPECT_EQ(after.last(), R"(431[{"ok":true,"reset":true}])");
}

TEST_F(SocketIoClients, AreSentAwayIfTheyCannotBeToldWhatTheyMissed) {
    const Page before = connected_as("ada");
    const Page after = back_as("ada", before, "100");
    hub_.reachable = false;
    after.say(R"(421["join:role","student"])");
    EXPECT_TRUE(after.socket->is_closed);
}

TEST_F(SocketIoClients, AreToldNothingOnceTheirTokenIsOver) {
    const Page page = connected_as("owner");
    page.say(R"(42["join:role","library_owner"])");
    tell(101, {"organization:1"}, "booking.created");
    EXPECT_EQ(page.events().size(), 1U);
    date_ += 1h;
    tell(102, {"organization:1"}, "booking.created");
    EXPECT_EQ(page.events().size(), 1U);
    pass(0s);
    EXPECT_TRUE(page.socket->is_closed) << "so that it comes back with another";
}

TEST_F(SocketIoClients, StayWithANewToken) {
    const Page page = connected_as("owner");
    page.say(R"(42["join:role","library_owner"])");
    page.say(R"(421["auth:token","ada"])");
    EXPECT_EQ(page.last(), R"(431[{"ok":false,"error":"the token is of another user: connect anew"}])");
    hub_.tokens["newer"] = Identity{"olga", "", false, {{1, "owner"}}, date_ + 2h};
    page.say(R"(422["auth:token","newer"])");
    EXPECT_EQ(page.last(), R"(432[{"ok":true}])");
    pass(0s);
    date_ += 1h;
    tell(101, {"organization:1"}, "booking.created");
    EXPECT_EQ(page.events().size(), 1U);
    hub_.tokens["fired"] = Identity{"olga", "", false, {}, date_ + 2h};
    page.say(R"(42["auth:token","fired"])");
    EXPECT_TRUE(rooms(page).empty());
    EXPECT_TRUE(page.last().starts_with(R"(42["refused",{"event":"role:owner")"));
}

TEST_F(SocketIoClients, LeaveWhatTheyMayNotSeeAnyMore) {
    rechecks_.start();
    const Page page = connected_as("owner");
    for (const char* call : {R"(["join:role","owner"])", R"(["join:role","staff"])", R"(["join:organization",2])"}) {
        page.say(std::string("42") + call);
    }
    hub_.tokens["owner"].organizations = {{1, "staff"}};
    timers_.advance(29s);
    EXPECT_EQ(rooms(page).size(), 2U);
    timers_.advance(32s);
    EXPECT_TRUE(rooms(page).empty());
    const std::string why = R"(","error":"your token does not let you join that any more"})";
    EXPECT_EQ(page.events(),
              (Strings{R"(refused {"event":"organization:2)" + why, R"(refused {"event":"role:owner)" + why,
                       R"(refused {"event":"role:staff)" + why}))
        << "an owner who is staff now is no owner, and staff not of all of their organizations";
    page.say(R"(421["join:role","staff"])");
    EXPECT_EQ(page.last(), R"(431[{"ok":true}])");
    EXPECT_EQ(rooms(page), (std::set<std::string>{"organization:1"}));
    hub_.reachable = false;
    timers_.advance(300s);
    EXPECT_EQ(rooms(page).size(), 1U) << "nobody can be asked";
    hub_.reachable = true;
    hub_.tokens.erase("owner");
    timers_.advance(61s);
    EXPECT_TRUE(page.socket->is_closed);
    settle();
    EXPECT_EQ(rechecks_.watched(), 0U);
}

TEST_F(SocketIoClients, AreAskedForAgainByAllThatTheyHaveShown) {
    rechecks_.start();
    const Page page = connected(R"({"token":"ada","bookingToken":"slip"})");
    page.say(R"(42["join:role","student"])");
    hub_.tokens["newer"] = hub_.tokens["ada"];
    page.say(R"(42["auth:token","newer"])");
    hub_.tokens.erase("ada");
    timers_.advance(61s);
    EXPECT_EQ(page.client->identity().booking, booking);
    EXPECT_FALSE(page.socket->is_closed) << "the old token does not count any more";
    hub_.booking_tokens.clear();
    timers_.advance(61s);
    EXPECT_TRUE(page.socket->is_closed);
}

TEST_F(SocketIoClients, ThatDoNotReadAreLeftAloneAndOthersAreNot) {
    const Page slow = connected("");
    const Page quick = connected("");
    slow.say(R"(42["join:role","student"])");
    quick.say(R"(42["join:role","student"])");
    slow.socket->unread = around_.settings.queue_limit + 1;
    tell(101, {"public"});
    tell(102, {"public"});
    EXPECT_TRUE(slow.socket->is_closed);
    EXPECT_EQ(quick.events().size(), 2U);
    settle();
    EXPECT_EQ(clients_.count(), 1U);
}

TEST_F(SocketIoClients, AreFoundByTheirSession) {
    const auto asking = [](const std::string& id) {
        Request request;
        request.method = "GET";
        request.query = {{"EIO", "4"}, {"transport", "polling"}, {"sid", id}};
        return request;
    };
    const auto client = clients_.open(asking(""));
    EXPECT_EQ(clients_.refuse(asking(client->session().id())), std::nullopt);
    EXPECT_EQ(clients_.refuse(asking("other"))->body, R"({"code":1,"message":"Session ID unknown"})");
    const Page page = connected_as("ada");
    EXPECT_EQ(clients_.refuse(asking(page.client->session().id()))->body, R"({"code":3,"message":"Bad request"})");
    EXPECT_EQ(clients_.refuse(asking("")), std::nullopt);
    client->session().close();
    EXPECT_EQ(clients_.find(asking(client->session().id())), nullptr);
}

} // namespace

} // namespace pgbk::relay::socketio
