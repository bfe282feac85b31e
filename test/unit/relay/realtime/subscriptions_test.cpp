#include "realtime/subscriptions.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace pgbk::relay {

namespace {

TEST(Subscriptions, OfAUserAreCountedOverAllConnections) {
    Subscriptions subscriptions(2);
    Identity ada;
    ada.user = "ada";
    Identity bob;
    bob.user = "bob";
    auto first = subscriptions.take(ada, 0);
    const auto second = subscriptions.take(ada, 0);
    EXPECT_TRUE(first && second);
    EXPECT_FALSE(subscriptions.take(ada, 0));
    EXPECT_TRUE(subscriptions.take(bob, 0)) << "others have their own";
    first.reset();
    EXPECT_TRUE(subscriptions.take(ada, 0)) << "what is given up is free again";
}

TEST(Subscriptions, OfAVisitorAreCountedByConnection) {
    Subscriptions subscriptions(2);
    EXPECT_TRUE(subscriptions.take(Identity(), 0));
    EXPECT_TRUE(subscriptions.take(Identity(), 1));
    EXPECT_FALSE(subscriptions.take(Identity(), 2));
    EXPECT_EQ(subscriptions.users(), 0U);
}

TEST(Subscriptions, OfTrustedServersHaveNoLimit) {
    Subscriptions subscriptions(1);
    Identity service;
    service.service = true;
    service.user = "server";
    EXPECT_TRUE(subscriptions.take(service, 5000));
    EXPECT_EQ(subscriptions.users(), 0U);
}

TEST(Subscriptions, NobodyIsRememberedWhoHasNone) {
    Subscriptions subscriptions(1);
    Identity ada;
    ada.user = "ada";
    auto slot = subscriptions.take(ada, 0);
    EXPECT_EQ(subscriptions.users(), 1U);
    slot.reset();
    EXPECT_EQ(subscriptions.users(), 0U);
}

TEST(Subscriptions, SlotsMayOutliveTheCounter) {
    Identity ada;
    ada.user = "ada";
    Subscriptions::Slot slot;
    {
        Subscriptions subscriptions(1);
        slot = subscriptions.take(ada, 0);
    }
    slot.reset();
}

} // namespace

} // namespace pgbk::relay
