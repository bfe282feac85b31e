#include "realtime/sse_text.hpp"

#include "realtime/identity.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace pgbk::relay::sse {

namespace {

using Rooms = std::vector<std::string>;

Request asking(Query query, std::multimap<std::string, std::string, std::less<>> headers = {}) {
    Request request;
    request.method = "GET";
    request.query = std::move(query);
    request.headers = std::move(headers);
    return request;
}

TEST(SseWish, IsReadFromQueryAndHeaders) {
    const auto wish = read_wish(asking({{"topics", "public"}, {"since", "41"}, {"access_token", "a.b.c"}}));
    EXPECT_EQ(wish.problem, "");
    EXPECT_EQ(wish.rooms, Rooms{"public"});
    EXPECT_EQ(wish.after, 41);
    EXPECT_EQ(wish.token, "a.b.c");
    EXPECT_FALSE(wish.booking);
    EXPECT_EQ(read_wish(asking({}, {{"authorization", "bearer  a.b.c"}})).token, "a.b.c");
    EXPECT_EQ(read_wish(asking({{"token", "t"}})).booking, "t");
    const auto visitor = read_wish(asking({}));
    EXPECT_EQ(visitor.problem, "");
    EXPECT_EQ(visitor.token, "");
    EXPECT_FALSE(visitor.after);
}

TEST(SseWish, GoesOnFromWhereTheBrowserStands) {
    const auto wish = read_wish(asking({{"since", "41"}}, {{"last-event-id", "99"}}));
    EXPECT_EQ(wish.after, 99);
    EXPECT_FALSE(wish.unknown_cursor);
    for (const std::string cursor : {"", "x", "-1", "12x", " 12", "99999999999999999999", "1, 2"}) {
        const auto unknown = read_wish(asking({{"since", "41"}}, {{"last-event-id", cursor}}));
        EXPECT_EQ(unknown.problem, "") << "an error would be the last that the browser asks";
        EXPECT_FALSE(unknown.after) << cursor;
        EXPECT_TRUE(unknown.unknown_cursor) << cursor;
    }
}

TEST(SseWish, IsRefusedWhereItIsUnclear) {
    const std::vector<Request> unclear{asking({{"since", "x"}}),
                                       asking({{"since", "-1"}}),
                                       asking({{"since", "1"}, {"since", "2"}}),
                                       asking({{"topics", "public"}, {"topics", "public"}}),
                                       asking({{"topics", "nonsense"}}),
                                       asking({{"access_token", "a"}, {"token", "b"}}),
                                       asking({{"access_token", "a"}, {"access_token", "b"}}),
                                       asking({{"token", "a"}}, {{"authorization", "Bearer b"}}),
                                       asking({}, {{"authorization", "Basic b"}})};
    for (std::size_t i = 0; i < unclear.size(); ++i) {
        EXPECT_NE(read_wish(unclear[i]).problem, "") << i;
    }
}

TEST(SseTopics, AreByDefaultTheAskersOwn) {
    Identity identity;
    EXPECT_EQ(identity.own_rooms(), Rooms{}) << "a visitor has none";
    identity.user = "ada";
    identity.organizations = {{2, "staff"}, {1, "owner"}};
    EXPECT_EQ(identity.own_rooms(), (Rooms{"customer:ada", "organization:1", "organization:2"}));
    Identity holder;
    holder.booking = "b";
    EXPECT_EQ(holder.own_rooms(), Rooms{"booking:b"});
}

TEST(SseText, HasAnIdOnlyWhereThereIsSomethingToResume) {
    const auto body = boost::json::parse(R"({"seq":7,"description":"two\nlines"})").get_object();
    EXPECT_EQ(event(7, "booking.created", body),
              "id: 7\nevent: booking.created\ndata: {\"seq\":7,\"description\":\"two\\nlines\"}\n\n");
    EXPECT_EQ(event(0, "session.availability", {}), "event: session.availability\ndata: {}\n\n");
    EXPECT_EQ(start(std::chrono::milliseconds(1500), 41), "retry: 1500\nid: 41\n\n");
    EXPECT_EQ(cursor(42), "id: 42\n\n") << "without data, or the page would be told of a message";
}

TEST(SseHead, NamesThePageOnlyIfItIsAllowed) {
    const auto request = asking({}, {{"origin", "https://site.example"}});
    const std::string allowed = head(request, true);
    EXPECT_TRUE(allowed.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"));
    EXPECT_TRUE(allowed.ends_with("\r\n\r\n"));
    EXPECT_NE(allowed.find("\r\nAccess-Control-Allow-Origin: https://site.example\r\n"), std::string::npos);
    EXPECT_EQ(head(request, false).find("site.example"), std::string::npos);
    EXPECT_NE(head(request, false).find("\r\nVary: Origin\r\n"), std::string::npos);
}

} // namespace

} // namespace pgbk::relay::sse
