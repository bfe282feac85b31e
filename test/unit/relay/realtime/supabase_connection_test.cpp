// The channels of a client, against a hub without a database.
#include "realtime/supabase/connection.hpp"
#include "realtime/websocket.hpp"

#include "fake_feed.hpp"
#include "fake_hub.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace pgbk::relay::supabase {

namespace {

namespace json = boost::json;

const std::string court = "0190aaaa-0000-8000-8000-00000000000a";
const std::string booking = "0190aaaa-0000-8000-8000-0000000000b1"; // organization 177, by its id
constexpr auto second = std::chrono::seconds(1);

// Takes what is sent apart again, and keeps it.
class Client : public Outlet {
public:
    Client(Shared& shared, Connection::Hello hello)
        : hello_(hello), connection(std::in_place, shared, *this, std::move(hello)) {}

    void send(const Frame& frame) override {
        const auto head = static_cast<unsigned char>((*frame)[0]);
        const auto length = static_cast<unsigned char>((*frame)[1]);
        const std::string payload = frame->substr(length == 126 ? 4 : 2);
        if ((head & 0x0FU) == 2) {
            binary.push_back(payload);
            return;
        }
        std::string problem;
        auto message = parse_message(hello_.version, payload, problem);
        ASSERT_TRUE(message) << payload;
        received.push_back(std::move(*message));
    }
    std::size_t waiting() const override { return queue; }
    void close(std::uint16_t code, std::string_view) override { closed = code; }
    void wake_at(std::chrono::system_clock::time_point when) override { wakes = when; }

    void say(const std::string& ref, const std::string& topic, const std::string& event, const json::value& payload,
             const std::string& join_ref = "1") {
        connection->take_text(message_text(hello_.version, {join_ref, ref, topic, event}, json::serialize(payload)));
    }
    void join(const json::value& bindings, json::object more = {}, const std::string& ref = "1",
              const std::string& topic = "realtime:bookings:court_123") {
        json::object config{{"broadcast", {{"ack", false}, {"self", false}}},
                            {"presence", {{"key", ""}, {"enabled", false}}},
                            {"postgres_changes", bindings},
                            {"private", false}};
        json::object payload{{"config", config}};
        for (const auto& member : more) {
            if (auto* const inner = config.if_contains(member.key())) {
                *inner = member.value();
                payload["config"] = config;
            } else {
                payload[member.key()] = member.value();
            }
        }
        say(ref, topic, "phx_join", payload, ref);
    }
    void beat(const std::string& ref) {
        connection->take_text(message_text(hello_.version, {{}, ref, "phoenix", "heartbeat"}, "{}"));
    }

    // The payloads of an event, and forgets all that was received.
    std::vector<json::value> taken(std::string_view event) {
        std::vector<json::value> payloads;
        for (const auto& message : received) {
            if (message.heading.event == event) {
                payloads.push_back(message.payload);
            }
        }
        received.clear();
        return payloads;
    }
    // "ok", or why not.
    std::string answer() {
        const auto replies = taken("phx_reply");
        if (replies.empty()) {
            return "none";
        }
        const auto& reply = replies.back();
        return reply.at("status") == "ok" ? "ok" : std::string(reply.at("response").at("reason").as_string());
    }
    // The names and types of the changes that were told.
    std::string changes() {
        std::string out;
        for (const auto& payload : taken("postgres_changes")) {
            const auto& data = payload.at("data");
            out += std::string(data.at("type").as_string()) + " " + std::string(data.at("table").as_string()) + ";";
        }
        return out;
    }

private:
    Connection::Hello hello_;

public:
    std::vector<Message> received;
    std::vector<std::string> binary;
    std::size_t queue = 0;
    std::uint16_t closed = 0;
    std::optional<std::chrono::system_clock::time_point> wakes;
    std::optional<Connection> connection;
};

json::object binding(std::string_view table, std::string_view filter = {}, std::string_view event = "*") {
    json::object object{{"event", event}, {"schema", "public"}, {"table", table}};
    if (!filter.empty()) {
        object["filter"] = filter;
    }
    return object;
}

json::object body(std::int64_t seq, const std::string& kind) {
    return {{"id", "0190aaaa-0000-8000-8000-0000000000ee"},
            {"seq", seq},
            {"event_type", kind},
            {"description", "Something happened"},
            {"occurred_at", "2026-01-01T00:00:00.000Z"},
            {"organization_id", 7},
            {"venue_id", nullptr},
            {"activity_id", court},
            {"session_id", nullptr},
            {"booking_id", booking},
            {"subject_id", booking},
            {"facts", json::object()},
            {"row", {{"id", booking}, {"status", "confirmed"}, {"customer_email", "ada@example.com"}}}};
}

Event booked(std::int64_t seq, const std::string& kind = "booking.created") {
    Event event;
    event.seq = seq;
    event.organization = 7;
    event.kind = kind;
    event.occurred_at = "2026-01-01T00:00:00.000Z";
    event.customer = "ada";
    event.booking = booking;
    event.rooms = {"organization:7", "activity:" + court, "booking:" + booking, "customer:ada"};
    event.bodies[1] = body(seq, kind);
    event.bodies[2] = body(seq, kind);
    return event;
}

Event seats() {
    Event event;
    event.organization = 7;
    event.kind = "session.availability";
    event.rooms = {"activity:" + court};
    event.bodies[0] = json::object{{"organization_id", 7},
                                   {"session_id", "0190aaaa-0000-8000-8000-0000000000c1"},
                                   {"activity_id", court},
                                   {"seats_available", 3}};
    return event;
}

class Supabase : public ::testing::Test {
protected:
    Supabase() {
        Identity ada;
        ada.user = "ada";
        Identity eve;
        eve.user = "eve";
        eve.organizations[7] = "staff";
        hub.tokens = {{"a.d.a", ada}, {"e.v.e", eve}};
        shared.now = [this] { return now; };
        shared.steady_now = [this] { return steady; };
    }

    test::FakeHub hub;
    Subscriptions subscriptions{1'000};
    test::FakeTimers timers;
    Rechecks rechecks{hub, timers, std::chrono::seconds(60)};
    Shared shared{
        hub, subscriptions, rechecks, 1'000'000, std::chrono::seconds(180), Cursors(std::chrono::seconds(600))};
    std::chrono::system_clock::time_point now{std::chrono::seconds(1'800'000'000)};
    std::chrono::steady_clock::time_point steady{std::chrono::seconds(1'000)};
};

TEST_F(Supabase, EchoesBindingsWithTheirIds) {
    for (const Version version : {Version::objects, Version::arrays}) {
        Client client(shared, {version, "anon", ""});
        client.join({binding("bookings", "court_id=eq." + court)});
        ASSERT_EQ(client.received.size(), 2U);
        EXPECT_EQ(client.received[0].heading.ref, "1");
        EXPECT_EQ(client.received[0].heading.join_ref, "1");
        auto echo = binding("bookings", "court_id=eq." + court);
        echo["id"] = 1;
        EXPECT_EQ(client.received[0].payload.at("response").at("postgres_changes"), json::value(json::array{echo}));
        EXPECT_EQ(client.received[1].heading.event, "system");
        EXPECT_EQ(client.received[1].payload.at("message"), "Subscribed to PostgreSQL");
        EXPECT_EQ(client.received[1].payload.at("channel"), "bookings:court_123");
    }
}

TEST_F(Supabase, TellsVisitorsOnlyHowManySeatsAreLeft) {
    Client client(shared, {Version::arrays, "anon", ""});
    client.join({binding("bookings", "court_id=eq." + court)});
    hub.tell(booked(1));
    EXPECT_EQ(client.changes(), "");
    hub.tell(seats());
    const auto told = client.taken("postgres_changes");
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(json::serialize(told[0].at("ids")), "[1]");
    const auto& record = told[0].at("data").at("record").as_object();
    EXPECT_EQ(told[0].at("data").at("type"), "UPDATE");
    EXPECT_TRUE(record.at("id").is_null());
    EXPECT_EQ(told[0].at("data").at("old_record"), json::value(json::object()));
    EXPECT_EQ(record.at("court_id"), json::value(court));
    EXPECT_EQ(record.at("seats_available"), 3);
    EXPECT_FALSE(record.contains("customer_email"));
}

TEST_F(Supabase, TellsCustomersAndMembersWhatIsTheirs) {
    Client ada(shared, {Version::arrays, "anon", ""});
    ada.join({binding("bookings", "user_id=eq.ada"), binding("booking_events", "user_id=eq.ada")},
             {{"access_token", "a.d.a"}});
    Client eve(shared, {Version::objects, "anon", ""});
    eve.join({binding("bookings", "court_id=eq." + court), binding("booking_events", "provider_id=eq.7", "INSERT")},
             {{"access_token", "e.v.e"}});
    Client other(shared, {Version::arrays, "anon", ""});
    other.join({binding("bookings", "court_id=eq." + court)});
    hub.tell(booked(1));
    EXPECT_EQ(ada.changes(), "INSERT booking_events;INSERT bookings;");
    EXPECT_EQ(eve.changes(), "INSERT booking_events;INSERT bookings;");
    hub.tell(booked(2, "booking.cancelled"));
    const auto told = ada.taken("postgres_changes");
    ASSERT_EQ(told.size(), 2U);
    const auto& data = told[1].at("data");
    EXPECT_EQ(data.at("type"), "UPDATE");
    EXPECT_EQ(data.at("commit_timestamp"), "2026-01-01T00:00:00.000Z");
    EXPECT_TRUE(data.at("errors").is_null());
    EXPECT_EQ(data.at("old_record"), (json::value{{"id", booking}}));
    EXPECT_EQ(data.at("record").at("user_id"), "ada");
    EXPECT_EQ(data.at("record").at("provider_id"), 7);
    EXPECT_EQ(data.at("columns").at(0), (json::value{{"name", "id"}, {"type", "uuid"}}));
    (void)eve.changes();
    hub.tell(seats());
    EXPECT_EQ(eve.changes(), "") << "who sees the bookings needs no substitute";
    EXPECT_EQ(other.changes(), "UPDATE bookings;");
}

TEST_F(Supabase, EvaluatesFiltersAndEventNames) {
    Client eve(shared, {Version::arrays, "anon", ""});
    eve.join({binding("bookings", "court_id=eq." + court + ",status=eq.cancelled"), binding("bookings", "", "insert"),
              binding("bookings", "status=in.(confirmed)", "UPDATE"), binding("*")},
             {{"access_token", "e.v.e"}});
    hub.tell(booked(1, "booking.confirmed"));
    const auto told = eve.taken("postgres_changes");
    ASSERT_EQ(told.size(), 3U);
    EXPECT_EQ(json::serialize(told[0].at("ids")) + json::serialize(told[1].at("ids")) +
                  json::serialize(told[2].at("ids")),
              "[4][3][4]");
    EXPECT_EQ(told[0].at("data").at("table"), "booking_events");
}

TEST_F(Supabase, RefusesWithTheReason) {
    Client client(shared, {Version::arrays, "anon", ""});
    const auto refused = [&](const json::object& wanted, json::object more = {}) {
        client.join({wanted}, std::move(more));
        return client.answer();
    };
    EXPECT_EQ(refused(binding("bookings")).substr(0, 13), "Unauthorized:");
    EXPECT_EQ(refused(binding("bookings", "user_id=eq.ada")).substr(0, 13), "Unauthorized:");
    EXPECT_EQ(refused(binding("booking_events", "provider_id=eq.7")).substr(0, 13), "Unauthorized:");
    EXPECT_EQ(refused(binding("booking_events", "booking_id=eq." + booking)).substr(0, 13), "Unauthorized:");
    EXPECT_EQ(refused(binding("slot_reservations", "court_id=eq." + court)).substr(0, 13), "Unauthorized:");
    EXPECT_EQ(refused(binding("bookings", "user_id=eq.bob"), {{"access_token", "a.d.a"}}).substr(0, 13),
              "Unauthorized:");
    EXPECT_EQ(refused(binding("customers")), R"(there is no table "customers" whose changes are told)");
    EXPECT_EQ(refused(binding("bookings", "court_id=eq.123")), R"(invalid filter: "123" is no value of "court_id")");
    EXPECT_EQ(refused(binding("bookings", "court_id=eq." + court), {{"access_token", "no.good.token"}}),
              "Unauthorized: the token is not valid");
    EXPECT_EQ(refused(binding("activities"), {{"private", true}}), "Unauthorized: a private channel needs a token");
    EXPECT_EQ(refused(binding("activities")), "ok");
    client.join({}, {}, "9", "bookings");
    EXPECT_EQ(client.answer(), "a topic begins with realtime: and has a name");
    client.say("10", "realtime:other", "broadcast", {{"event", "a"}});
    EXPECT_EQ(client.answer(), "unmatched topic");
    EXPECT_EQ(client.connection->channels(), 1U) << "who was refused takes no place";
}

TEST_F(Supabase, BoundsChannelsAndMessages) {
    Client client(shared, {Version::arrays, "anon", ""});
    for (int i = 0; i < 100; ++i) {
        client.join(json::array(), {}, "1", "realtime:" + std::to_string(i));
        ASSERT_EQ(client.answer(), "ok") << i;
    }
    client.join(json::array(), {}, "1", "realtime:more");
    EXPECT_EQ(client.answer().substr(0, 23), "ChannelRateLimitReached");
    for (int i = 0; i < 300; ++i) {
        client.beat("1");
    }
    EXPECT_EQ(client.closed, websocket::policy);
    Subscriptions few{2};
    Shared narrow{hub, few, rechecks, 1'000'000, second, Cursors(second)};
    Client first(narrow, {Version::arrays, "anon", ""});
    Client second_client(narrow, {Version::arrays, "anon", ""});
    first.join(json::array(), {{"access_token", "a.d.a"}}, "1", "realtime:1");
    first.join(json::array(), {{"access_token", "a.d.a"}}, "2", "realtime:2");
    second_client.join(json::array(), {{"access_token", "a.d.a"}}, "1", "realtime:1");
    EXPECT_EQ(second_client.answer(), "ChannelRateLimitReached: Too many channels, the limit is 2") << "a user's";
    first.say("3", "realtime:1", "phx_leave", json::object(), "1");
    second_client.join(json::array(), {{"access_token", "a.d.a"}}, "2", "realtime:1");
    EXPECT_EQ(second_client.answer(), "ok");
}

TEST_F(Supabase, BoundsWhatOneChannelIsAbout) {
    Client client(shared, {Version::arrays, "anon", ""});
    json::array bindings;
    for (int i = 0; i < 6; ++i) {
        std::string courts;
        for (int j = 100; j < 200; ++j) {
            courts += (j > 100 ? "," : "") + court.substr(0, 32) + std::to_string(i) + std::to_string(j);
        }
        bindings.emplace_back(binding("bookings", "court_id=in.(" + courts + ")"));
    }
    client.join(bindings);
    EXPECT_EQ(client.answer(), "a channel is about at most 500 places, customers and bookings");
    bindings.pop_back();
    client.join(bindings);
    EXPECT_EQ(client.answer(), "ok");
}

TEST_F(Supabase, LeavesAndIsGone) {
    Client client(shared, {Version::arrays, "anon", ""});
    client.join({binding("activities")});
    client.received.clear();
    client.say("2", "realtime:bookings:court_123", "phx_leave", json::object(), "1");
    ASSERT_EQ(client.received.size(), 2U);
    EXPECT_EQ(client.received[0].heading.event, "phx_reply");
    EXPECT_EQ(client.received[1].heading.event, "phx_close");
    EXPECT_EQ(client.received[1].heading.ref, "1");
    EXPECT_EQ(client.connection->channels(), 0U);
    EXPECT_EQ(shared.topics.size(), 0U);
}

TEST_F(Supabase, ATokenThatIsPushedWhileJoiningDecides) {
    hub.slow = true;
    for (const bool in_order : {true, false}) {
        Client client(shared, {Version::arrays, "anon", ""});
        client.join({binding("bookings", "court_id=eq." + court)}, {{"access_token", "e.v.e"}});
        client.say("2", "realtime:bookings:court_123", "access_token", {{"access_token", "a.d.a"}});
        hub.answer(in_order ? 0 : 1);
        hub.answer();
        EXPECT_EQ(client.answer(), "ok");
        Event of_members = booked(in_order ? 1 : 3);
        of_members.bodies[1].reset();
        hub.tell(std::move(of_members));
        EXPECT_EQ(client.changes(), "") << in_order;
        hub.tell(booked(in_order ? 2 : 4));
        EXPECT_EQ(client.changes(), "INSERT bookings;") << in_order;
    }
    Client client(shared, {Version::arrays, "anon", ""});
    client.join({binding("bookings", "court_id=eq." + court)}, {{"access_token", "e.v.e"}});
    client.say("2", "realtime:bookings:court_123", "access_token", {{"access_token", "no.good.token"}});
    hub.answer();
    hub.answer();
    EXPECT_EQ(client.answer(), "Unauthorized: the token is not valid");
}

TEST_F(Supabase, TellsNothingAfterExpiry) {
    hub.tokens["a.d.a"].expires = now + 10 * second;
    Client client(shared, {Version::arrays, "anon", ""});
    client.join({binding("bookings", "user_id=eq.ada")}, {{"access_token", "a.d.a"}});
    EXPECT_EQ(client.wakes, now + 10 * second);
    now += 11 * second;
    hub.tell(booked(1));
    EXPECT_EQ(client.changes(), "") << "although the timer is late";
    client.connection->wake();
    ASSERT_EQ(client.received.size(), 2U);
    EXPECT_EQ(client.received[0].payload.at("message"), "Token has expired 1 seconds ago");
    EXPECT_EQ(client.received[0].payload.at("status"), "error");
    EXPECT_EQ(client.received[1].heading.event, "phx_close");
    EXPECT_EQ(client.connection->channels(), 0U);
}

TEST_F(Supabase, TakesPushedTokens) {
    hub.tokens["a.d.a"].expires = now + 10 * second;
    auto renewed = hub.tokens["a.d.a"];
    renewed.expires = now + 100 * second;
    hub.tokens["n.e.w"] = renewed;
    Client client(shared, {Version::arrays, "the.api.key", ""});
    client.join({binding("bookings", "user_id=eq.ada")}, {{"access_token", "a.d.a"}});
    const auto push = [&](const char* token) {
        client.say("5", "realtime:bookings:court_123", "access_token", {{"access_token", token}});
    };
    client.received.clear();
    push("the.api.key");
    push("sb_publishable_1");
    push("");
    EXPECT_TRUE(client.received.empty()) << "no tokens, and no answer";
    push("n.e.w");
    now += 50 * second;
    hub.tell(booked(1));
    EXPECT_EQ(client.changes(), "INSERT bookings;");
    push("n.o.ne");
    const auto told = client.taken("system");
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].at("message"), "Unauthorized: the token is not valid");
    EXPECT_EQ(client.connection->channels(), 0U);
}

TEST_F(Supabase, LooksUpAgainWhoIsThere) {
    rechecks.start();
    Client eve(shared, {Version::arrays, "anon", ""});
    eve.join({binding("bookings", "provider_id=eq.7")}, {{"access_token", "e.v.e"}});
    Client all(shared, {Version::arrays, "anon", ""});
    all.join({binding("bookings")}, {{"access_token", "e.v.e"}});
    Client visitor(shared, {Version::arrays, "no.api.key", ""});
    visitor.join({binding("bookings", "court_id=eq." + court)});
    hub.reachable = false;
    hub.tokens["e.v.e"].organizations.clear();
    timers.advance(61 * second);
    hub.tell(booked(1));
    EXPECT_EQ(eve.changes(), "INSERT bookings;") << "nobody can be asked";
    EXPECT_EQ(all.changes(), "INSERT bookings;");
    hub.reachable = true;
    timers.advance(61 * second);
    EXPECT_EQ(eve.received.back().heading.event, "phx_close");
    EXPECT_EQ(eve.taken("system").size(), 1U);
    EXPECT_EQ(eve.connection->channels(), 0U);
    hub.tell(booked(2));
    EXPECT_EQ(all.changes(), "") << "of whatever is theirs: only a customer's now";
    EXPECT_EQ(all.connection->channels(), 1U);
    EXPECT_EQ(visitor.connection->channels(), 1U) << "a key that is no token is not asked about";
    hub.tokens.erase("e.v.e");
    timers.advance(61 * second);
    const auto told = all.taken("system");
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].at("message"), "Unauthorized: the token is not valid");
    EXPECT_EQ(rechecks.watched(), 0U);
}

TEST_F(Supabase, PrivateChannelsWithTheNameOfARoomAreForThoseWhomItIsFor) {
    hub.tokens["s.r.v"].service = true;
    const auto joins = [&](const std::string& name, const char* token) {
        Client client(shared, {Version::arrays, "anon", ""});
        client.join(json::array(), {{"private", true}, {"access_token", token}}, "1", "realtime:" + name);
        return client.answer();
    };
    const std::string refused = "Unauthorized: this private channel is not for whoever has this token";
    const std::string ours = "0190aaaa-0000-8000-8000-000000000007";
    const std::string booking_of_8 = "0190aaaa-0000-8000-8000-000000000008";
    for (const char* name : {"organization:7", "provider:7"}) {
        EXPECT_EQ(joins(name, "e.v.e"), "ok");
        EXPECT_EQ(joins(name, "s.r.v"), "ok");
        EXPECT_EQ(joins(name, "a.d.a"), refused) << name;
    }
    for (const char* name : {"customer:ada", "student:ada", "user:ada"}) {
        EXPECT_EQ(joins(name, "a.d.a"), "ok");
        EXPECT_EQ(joins(name, "e.v.e"), refused) << name;
    }
    for (const std::string& name : {"court:" + court, std::string("chat:9"), std::string("x")}) {
        EXPECT_EQ(joins(name, "a.d.a"), "ok") << name;
    }
    // One of a booking is for the members of the organization that its id names, servers, and who has its token.
    hub.booking_tokens["one.7"].booking = ours;
    EXPECT_EQ(joins("booking:" + ours, "e.v.e"), "ok");
    EXPECT_EQ(joins("booking:" + ours, "s.r.v"), "ok");
    EXPECT_EQ(joins("booking:" + ours, "one.7"), "ok");
    for (const std::string& theirs : {booking, booking_of_8}) {
        EXPECT_EQ(joins("booking:" + theirs, "e.v.e"), refused) << theirs;
        EXPECT_EQ(joins("booking:" + theirs, "one.7"), refused) << theirs;
    }
    EXPECT_EQ(joins("booking:" + ours, "a.d.a"), refused) << "an id is no secret";
    for (const std::string& name : {"court:" + court, std::string("chat:9"), std::string("x")}) {
        EXPECT_EQ(joins(name, "one.7"), refused) << "the token of a booking makes nobody a user: " << name;
    }
    EXPECT_EQ(joins("public", ""), "Unauthorized: a private channel needs a token");
}

TEST_F(Supabase, APrivateChannelOfAnOrganizationEndsWithTheMembership) {
    rechecks.start();
    Client eve(shared, {Version::arrays, "anon", ""});
    eve.join(json::array(), {{"private", true}, {"access_token", "e.v.e"}}, "1", "realtime:provider:7");
    hub.tokens["e.v.e"].organizations.clear();
    timers.advance(61 * second);
    const auto told = eve.taken("system");
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].at("message"), "Unauthorized: this private channel is not for whoever has this token");
    EXPECT_EQ(eve.connection->channels(), 0U);
}

TEST_F(Supabase, ANewIdentityHasItsOwnRooms) {
    Client client(shared, {Version::arrays, "anon", ""});
    client.join({binding("booking_events")}, {{"access_token", "a.d.a"}});
    client.say("5", "realtime:bookings:court_123", "access_token", {{"access_token", "e.v.e"}});
    Event event = booked(1);
    event.rooms = {"organization:7"};
    hub.tell(event);
    EXPECT_EQ(client.changes(), "INSERT booking_events;");
    event.rooms = {"customer:ada"};
    hub.tell(event);
    EXPECT_EQ(client.changes(), "");
}

TEST_F(Supabase, ResumesAfterWhatWasHeardForCertain) {
    std::optional<Client> client(std::in_place, shared, Connection::Hello{Version::arrays, "anon", ""});
    client->join({binding("bookings", "user_id=eq.ada")}, {{"access_token", "a.d.a"}});
    hub.tell(booked(1));
    client->beat("2"); // its answer follows the first event
    hub.tell(booked(2));
    client->beat("3"); // the answer has arrived, so the first event has
    hub.tell(booked(3));
    client.reset();
    hub.tell(booked(4));

    hub.long_ago = 4;
    Client again(shared, {Version::arrays, "anon", ""});
    again.join({binding("bookings", "user_id=eq.ada")}, {{"access_token", "a.d.a"}}, "7");
    EXPECT_EQ(again.changes(), "INSERT bookings;INSERT bookings;INSERT bookings;") << "2, 3 and 4";
    Client stranger(shared, {Version::arrays, "anon", ""});
    stranger.join({binding("bookings", "court_id=eq." + court)}, {{"access_token", "e.v.e"}}, "1");
    EXPECT_EQ(stranger.changes(), "") << "somebody else, and new";
}

TEST_F(Supabase, TellsWhoComesBackWhatHappenedOfLate) {
    for (int seq = 1; seq <= 5; ++seq) {
        hub.tell(booked(seq));
    }
    hub.long_ago = 3;
    Client back(shared, {Version::arrays, "anon", ""});
    back.join({binding("bookings", "court_id=eq." + court)}, {{"access_token", "e.v.e"}}, "5");
    EXPECT_EQ(back.changes(), "INSERT bookings;INSERT bookings;") << "its first message here is not its first";
    hub.reachable = false;
    Client early(shared, {Version::arrays, "anon", ""});
    early.join({binding("activities")}, {}, "5");
    EXPECT_EQ(early.answer(), "the database cannot be asked now");
    EXPECT_EQ(early.connection->channels(), 0U);
}

TEST_F(Supabase, SaysWhatIsNotKept) {
    hub.tell(booked(1));
    hub.oldest = 1;
    Client back(shared, {Version::arrays, "anon", ""});
    back.join({binding("bookings", "court_id=eq." + court)}, {{"access_token", "e.v.e"}}, "5");
    const auto told = back.taken("system");
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[1].at("status"), "error");
}

TEST_F(Supabase, ReplacesAChannelOfTheSameTopic) {
    Client client(shared, {Version::arrays, "anon", ""});
    client.join({binding("bookings", "court_id=eq." + court)}, {{"access_token", "e.v.e"}}, "1");
    hub.tell(booked(1));
    client.received.clear();
    client.join({binding("bookings", "court_id=eq." + court)}, {{"access_token", "e.v.e"}}, "2");
    EXPECT_EQ(client.received[0].heading.event, "phx_close");
    EXPECT_EQ(client.received[0].heading.join_ref, "1");
    EXPECT_EQ(client.changes(), "INSERT bookings;") << "what the first has not heard for certain";
    EXPECT_EQ(client.connection->channels(), 1U);
}

TEST_F(Supabase, SaysWhenItIsCongested) {
    Client client(shared, {Version::arrays, "anon", ""});
    const auto channel = std::make_shared<Channel>(*client.connection, Heading{"1", "1", "realtime:a", "phx_join"},
                                                   Join(), std::nullopt);
    EXPECT_FALSE(channel->congested());
    client.queue = 600'000;
    EXPECT_TRUE(channel->congested());
}

TEST_F(Supabase, PassesBroadcastsOn) {
    Client first(shared, {Version::arrays, "anon", ""});
    Client second_client(shared, {Version::objects, "anon", ""});
    Client elsewhere(shared, {Version::arrays, "anon", ""});
    Client apart(shared, {Version::arrays, "anon", ""});
    const std::string topic = "realtime:room";
    first.join(json::array(), {{"broadcast", {{"ack", true}, {"self", true}}}}, "1", topic);
    second_client.join(json::array(), {}, "1", topic);
    elsewhere.join(json::array(), {}, "1", "realtime:hall");
    apart.join(json::array(), {{"private", true}, {"access_token", "a.d.a"}}, "1", topic);
    for (Client* const client : {&first, &second_client, &elsewhere, &apart}) {
        client->received.clear();
    }
    second_client.say("2", topic, "broadcast", {{"type", "broadcast"}, {"event", "move"}, {"payload", {{"x", 1}}}});
    EXPECT_TRUE(second_client.received.empty()) << "neither itself nor an answer";
    const auto told = first.taken("broadcast");
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0], (json::value{{"type", "broadcast"}, {"event", "move"}, {"payload", {{"x", 1}}}}));
    first.connection->take_bytes(std::string("\x03\x01\x01\x0d\x04", 5) + std::string("\0\x01", 2) + "12" + topic +
                                 "move{\"x\":2}");
    EXPECT_EQ(first.received.size(), 2U) << "the answer, and itself";
    EXPECT_EQ(second_client.taken("broadcast").size(), 1U);
    first.connection->take_bytes(std::string("\x03\x01\x01\x0d\x04", 5) + std::string("\0\0", 2) + "13" + topic +
                                 "move\xff");
    EXPECT_EQ(first.binary.size(), 1U);
    EXPECT_TRUE(second_client.received.empty()) << "bytes have no place in its version";
    first.received.clear();
    first.connection->take_bytes(std::string("\x03\x01\x01\x0d\x04", 5) + std::string("\0\x01", 2) + "14" + topic +
                                 "move{x");
    EXPECT_EQ(first.answer(), "the payload is no JSON");
    EXPECT_TRUE(second_client.received.empty());
    second_client.queue = 600'000;
    first.say("15", topic, "broadcast", {{"event", "move"}, {"payload", {{"x", 3}}}});
    EXPECT_TRUE(second_client.received.empty()) << "who reads too slowly is not closed for it";
    EXPECT_TRUE(elsewhere.received.empty());
    EXPECT_TRUE(apart.received.empty()) << "a private channel of the same name";
}

TEST_F(Supabase, TellsWhoReadsSlowlyWhoIsPresentWhenItHasRead) {
    const std::string topic = "realtime:room";
    const json::object looking{{"presence", {{"key", ""}, {"enabled", true}}}};
    Client slow(shared, {Version::arrays, "anon", ""});
    slow.join(json::array(), looking, "1", topic);
    slow.received.clear();
    Client other(shared, {Version::arrays, "anon", ""});
    other.join(json::array(), looking, "1", topic);
    const auto track = [&](const std::string& ref, const std::string& place) {
        other.say(ref, topic, "presence", {{"event", "track"}, {"payload", {{"at", place}}}});
    };
    slow.queue = 600'000;
    track("2", "court");
    EXPECT_TRUE(slow.received.empty());
    slow.queue = 0;
    track("3", "bar");
    ASSERT_EQ(slow.received.size(), 1U);
    EXPECT_EQ(slow.received[0].heading.event, "presence_state");
    EXPECT_NE(json::serialize(slow.received[0].payload).find("bar"), std::string::npos);
    slow.received.clear();
    track("4", "court");
    EXPECT_EQ(slow.taken("presence_diff").size(), 1U);
}

TEST_F(Supabase, SaysWhoIsPresent) {
    const json::object looking{{"presence", {{"key", "ada"}, {"enabled", true}}}};
    const std::string topic = "realtime:room";
    Client first(shared, {Version::arrays, "anon", ""});
    first.join(json::array(), looking, "1", topic);
    EXPECT_EQ(first.taken("presence_state").size(), 1U);
    std::optional<Client> other(std::in_place, shared, Connection::Hello{Version::arrays, "anon", ""});
    other->join(json::array(), {}, "1", topic);
    other->say("2", topic, "presence", {{"type", "presence"}, {"event", "track"}, {"payload", {{"at", "court"}}}});
    EXPECT_EQ(other->answer(), "ok");
    const auto joined = first.taken("presence_diff");
    ASSERT_EQ(joined.size(), 1U);
    EXPECT_EQ(joined[0].at("joins").as_object().size(), 1U);
    other->say("3", topic, "presence", {{"event", "track"}, {"payload", 1}});
    EXPECT_NE(other->answer(), "ok");
    other->say("4", topic, "presence", {{"event", "track"}, {"payload", {{"at", std::string(1'100, 'a')}}}});
    EXPECT_NE(other->answer(), "ok");
    other.reset();
    const auto left = first.taken("presence_diff");
    ASSERT_EQ(left.size(), 1U) << "who is gone is not present";
    EXPECT_EQ(left[0].at("leaves").as_object().size(), 1U);
}

TEST_F(Supabase, TakesTheTokenOfABooking) {
    hub.booking_tokens["one.7"].booking = booking;
    Client holder(shared, {Version::arrays, "anon", ""});
    holder.join({binding("bookings", "id=eq." + booking), binding("booking_events")}, {{"access_token", "one.7"}});
    hub.tell(booked(1));
    EXPECT_EQ(holder.changes(), "INSERT booking_events;INSERT bookings;");
    Event other = booked(2);
    other.booking = "0190aaaa-0000-8000-8000-0000000000b2";
    other.customer = "bob";
    hub.tell(other);
    EXPECT_EQ(holder.changes(), "") << "of another booking";
    holder.join({binding("bookings", "id=eq.0190aaaa-0000-8000-8000-0000000000b2")}, {{"access_token", "one.7"}}, "2");
    EXPECT_EQ(holder.answer().substr(0, 13), "Unauthorized:");
    holder.join(json::array(), {{"access_token", "two.7"}}, "3");
    EXPECT_EQ(holder.answer(), "Unauthorized: there is no booking with this token");
}

TEST_F(Supabase, ATrustedServerSaysWhose) {
    hub.tokens["s.r.v"].service = true;
    Client server(shared, {Version::arrays, "s.r.v", ""});
    server.join({binding("bookings")});
    EXPECT_EQ(server.answer(), "a trusted server says whose changes it wants: filter by organization_id");
    server.join({binding("bookings", "organization_id=eq.7")}, {}, "2");
    EXPECT_EQ(server.answer(), "ok") << "the API key is its token";
    hub.tell(booked(1));
    EXPECT_EQ(server.changes(), "INSERT bookings;");
}

TEST_F(Supabase, OneThatIsPoisonousHarmsOnlyItself) {
    for (const char* sub : {"null", "'; DROP TABLE", "[1]", "0"}) {
        Identity identity;
        identity.user = sub;
        hub.tokens[std::string("p.o.") + sub] = identity;
    }
    Client good(shared, {Version::arrays, "anon", ""});
    good.join({binding("bookings", "user_id=eq.ada")}, {{"access_token", "a.d.a"}});
    Client bad(shared, {Version::arrays, "anon", ""});
    bad.join({binding("bookings")}, {{"access_token", "p.o.null"}}, "1", "realtime:1");
    bad.join({binding("bookings")}, {{"access_token", "p.o.[1]"}}, "2", "realtime:2");
    bad.received.clear();
    hub.tell(booked(1));
    EXPECT_EQ(good.changes(), "INSERT bookings;");
    EXPECT_EQ(bad.changes(), "");
    bad.connection->take_text("[1,2");
    EXPECT_EQ(bad.closed, websocket::policy);
    EXPECT_EQ(good.closed, 0);
}

} // namespace

} // namespace pgbk::relay::supabase
