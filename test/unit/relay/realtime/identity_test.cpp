#include "realtime/identity.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

Event event_of(int organization, std::initializer_list<View> views) {
    Event event;
    event.organization = organization;
    event.customer = "ada";
    event.booking = "b-1";
    for (const View view : views) {
        event.bodies[static_cast<std::size_t>(view)].emplace();
    }
    return event;
}

Identity user(std::string name) {
    Identity identity;
    identity.user = std::move(name);
    return identity;
}

Identity member_of(int organization) {
    Identity identity = user("eve");
    identity.organizations[organization] = "staff";
    return identity;
}

Identity service() {
    Identity identity;
    identity.service = true;
    return identity;
}

const auto all = {View::everybody, View::customer, View::member};

TEST(Identities, ExpireAtTheirTime) {
    const std::chrono::system_clock::time_point now{std::chrono::seconds(100)};
    Identity ada = user("ada");
    EXPECT_FALSE(ada.expired_by(now)) << "a visitor, or the token of a booking";
    ada.expires = now + std::chrono::milliseconds(1);
    EXPECT_FALSE(ada.expired_by(now));
    ada.expires = now;
    EXPECT_TRUE(ada.expired_by(now));
}

TEST(ViewOf, IsTheWidestThatIsTheirs) {
    const Event event = event_of(7, all);
    EXPECT_EQ(Identity().view_of(event), View::everybody);
    EXPECT_EQ(user("bob").view_of(event), View::everybody);
    EXPECT_EQ(user("ada").view_of(event), View::customer);
    EXPECT_EQ(member_of(7).view_of(event), View::member);
    EXPECT_EQ(service().view_of(event), View::member);
    EXPECT_EQ(member_of(8).view_of(event), View::everybody) << "another organization's";
}

TEST(ViewOf, IsNothingWhereNothingIsShown) {
    const Event event = event_of(7, {View::member, View::customer});
    EXPECT_EQ(Identity().view_of(event), std::nullopt);
    EXPECT_EQ(user("bob").view_of(event), std::nullopt);
    EXPECT_EQ(member_of(8).view_of(event), std::nullopt);
    EXPECT_EQ(user("ada").view_of(event), View::customer);
    EXPECT_EQ(user("ada").view_of(event_of(7, {View::member})), std::nullopt);
    EXPECT_EQ(member_of(7).view_of(event_of(7, {View::everybody})), View::everybody) << "a narrower one will do";
}

TEST(ViewOf, OfTheBookingsHolder) {
    Identity holder;
    holder.booking = "b-1";
    EXPECT_EQ(holder.view_of(event_of(7, all)), View::customer);
    holder.booking = "b-2";
    EXPECT_EQ(holder.view_of(event_of(7, all)), View::everybody);
}

TEST(ViewOf, EmptyNamesMatchNobody) {
    Event event = event_of(7, {View::customer});
    event.customer.clear();
    event.booking.clear();
    EXPECT_EQ(Identity().view_of(event), std::nullopt);
}

TEST(MayJoin, OrganizationsAreForTheirMembers) {
    EXPECT_TRUE(member_of(7).may_join("organization:7"));
    EXPECT_TRUE(service().may_join("organization:7"));
    EXPECT_FALSE(member_of(7).may_join("organization:8"));
    EXPECT_FALSE(Identity().may_join("organization:7"));
    for (const char* room : {"organization:", "organization:7x", "organization: 7", "organization:99999999999"}) {
        EXPECT_FALSE(member_of(7).may_join(room)) << room;
        EXPECT_FALSE(service().may_join(room)) << room;
    }
}

TEST(MayJoin, CustomersAreForThemselves) {
    EXPECT_TRUE(user("ada").may_join("customer:ada"));
    EXPECT_TRUE(service().may_join("customer:ada"));
    EXPECT_FALSE(user("bob").may_join("customer:ada"));
    EXPECT_FALSE(Identity().may_join("customer:"));
}

TEST(MayJoin, TheOthersAreForEverybody) {
    for (const char* room : {"public", "venue:v", "activity:a", "session:s", "booking:b"}) {
        EXPECT_TRUE(Identity().may_join(room)) << room;
    }
}

TEST(MayTalkIn, ABookingIsForItsOrganizationAndTheHolderOfItsToken) {
    const std::string of_7 = "0190aaaa-0000-8000-8000-000000000007";
    Identity holder;
    holder.booking = of_7;
    EXPECT_TRUE(member_of(7).may_talk_in("booking:" + of_7));
    EXPECT_TRUE(service().may_talk_in("booking:" + of_7));
    EXPECT_TRUE(holder.may_talk_in("booking:" + of_7));
    EXPECT_FALSE(member_of(8).may_talk_in("booking:" + of_7));
    EXPECT_FALSE(user("ada").may_talk_in("booking:" + of_7));
    EXPECT_FALSE(Identity().may_talk_in("booking:"));
    EXPECT_FALSE(holder.may_talk_in("booking:0190aaaa-0000-8000-8000-000000000107"));
    // Not of our making, and no uuid: of no organization.
    for (const char* id : {"0190aaaa-0000-4000-8000-000000000007", "7", "0190aaaa-0000-8000-8000-000000000007x"}) {
        EXPECT_FALSE(member_of(7).may_talk_in("booking:" + std::string(id))) << id;
    }
}

TEST(MayTalkIn, ElsewhereWhoMayJoin) {
    for (const char* room : {"public", "venue:v", "activity:a", "session:s"}) {
        EXPECT_TRUE(user("ada").may_talk_in(room)) << room;
    }
    EXPECT_TRUE(member_of(7).may_talk_in("organization:7"));
    EXPECT_FALSE(member_of(7).may_talk_in("organization:8"));
    EXPECT_FALSE(user("ada").may_talk_in("customer:bob"));
}

} // namespace

} // namespace pgbk::relay
