#include "core/transitions.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <tuple>

namespace pgbk::core {

namespace {

using Names = std::set<std::string>;

constexpr std::array columns{StatusColumn::reservation_status, StatusColumn::booking_status,
                             StatusColumn::payment_status, StatusColumn::refund_status, StatusColumn::waitlist_status};

std::string migrations() {
    std::string sql;
    for (const auto* const name : {"0004_customers_and_bookings.sql", "0021_waitlist.sql"}) {
        std::ifstream file(std::string(PGBK_SOURCE_DIR "/extension/schema/migrations/") + name);
        sql.append(std::istreambuf_iterator<char>(file), {});
    }
    return sql;
}

// The quoted words of CONSTRAINT name CHECK (column IN ('...', '...')).
Names allowed_by_check(const std::string& constraint) {
    const std::string sql = migrations();
    const auto begin = sql.find("CONSTRAINT " + constraint + " CHECK");
    if (begin == std::string::npos) {
        return {};
    }
    const auto end = sql.find("))", begin);
    Names names;
    for (auto quote = sql.find('\'', begin); quote < end;) {
        const auto closing = sql.find('\'', quote + 1);
        names.insert(sql.substr(quote + 1, closing - quote - 1));
        quote = sql.find('\'', closing + 1);
    }
    return names;
}

Names states(StatusColumn column) {
    Names names;
    for (const auto& transition : transitions()) {
        if (transition.column == column) {
            names.emplace(transition.from);
            names.emplace(transition.to);
        }
    }
    names.erase("");
    return names;
}

Names followers(StatusColumn column, std::string_view from) {
    Names names;
    for (const auto& transition : transitions()) {
        if (transition.column == column && transition.from == from) {
            names.emplace(transition.to);
        }
    }
    return names;
}

Names reachable(StatusColumn column, const std::string& from) {
    Names seen;
    Names open = followers(column, from);
    while (!open.empty()) {
        const std::string state = *open.begin();
        open.erase(open.begin());
        if (seen.insert(state).second) {
            open.merge(followers(column, state));
        }
    }
    return seen;
}

Names terminal(StatusColumn column) {
    Names names;
    for (const auto& state : states(column)) {
        if (followers(column, state).empty()) {
            names.insert(state);
        }
    }
    return names;
}

TEST(Transitions, HaveTheStatesOfTheCheckConstraints) {
    EXPECT_EQ(states(StatusColumn::reservation_status), allowed_by_check("slot_reservations_status_check"));
    EXPECT_EQ(states(StatusColumn::booking_status), allowed_by_check("bookings_status_check"));
    EXPECT_EQ(states(StatusColumn::payment_status), allowed_by_check("bookings_payment_status_check"));
    EXPECT_EQ(states(StatusColumn::refund_status), allowed_by_check("bookings_refund_status_check"));
    EXPECT_EQ(states(StatusColumn::waitlist_status), allowed_by_check("waitlist_entries_status_check"));
}

TEST(Transitions, ReachEveryStateFromANewRow) {
    for (const auto column : columns) {
        EXPECT_FALSE(states(column).empty());
        EXPECT_EQ(reachable(column, ""), states(column));
    }
}

TEST(Transitions, EndInTheIntendedStatesOnly) {
    EXPECT_EQ(terminal(StatusColumn::reservation_status), Names{"cancelled"});
    EXPECT_EQ(terminal(StatusColumn::booking_status), Names{}) << "a calendar may take back that it was called off";
    EXPECT_EQ(terminal(StatusColumn::payment_status), Names{}) << "a bank may send a refund back";
    EXPECT_EQ(terminal(StatusColumn::refund_status), Names{}) << "a further part may always be refunded";
    EXPECT_EQ(terminal(StatusColumn::waitlist_status), (Names{"taken", "left", "closed"}));
}

TEST(Transitions, BeginInTheIntendedStatesOnly) {
    EXPECT_EQ(followers(StatusColumn::reservation_status, ""), (Names{"pending", "confirmed"}));
    EXPECT_EQ(followers(StatusColumn::booking_status, ""), (Names{"pending", "paid", "confirmed", "scheduled"}));
    EXPECT_EQ(followers(StatusColumn::payment_status, ""), (Names{"not_required", "pending", "paid"}));
    EXPECT_EQ(followers(StatusColumn::refund_status, ""), Names{"none"});
    EXPECT_EQ(followers(StatusColumn::waitlist_status, ""), Names{"waiting"});
}

TEST(Transitions, AreListedOnceWithAReasonAndNeverToThemselves) {
    std::set<std::tuple<StatusColumn, std::string_view, std::string_view>> seen;
    for (const auto& transition : transitions()) {
        EXPECT_TRUE(seen.emplace(transition.column, transition.from, transition.to).second)
            << transition.from << " to " << transition.to;
        EXPECT_NE(transition.from, transition.to);
        EXPECT_FALSE(transition.to.empty());
        EXPECT_FALSE(transition.why.empty());
    }
}

TEST(Transitions, NeverMakeASettledReservationAHoldAgain) {
    for (const std::string settled : {"confirmed", "expired", "cancelled"}) {
        EXPECT_FALSE(reachable(StatusColumn::reservation_status, settled).contains("pending")) << settled;
    }
    EXPECT_FALSE(reachable(StatusColumn::reservation_status, "confirmed").contains("expired"));
    EXPECT_EQ(followers(StatusColumn::reservation_status, "expired"), Names{"confirmed"});
}

TEST(Transitions, NeverForgetThatARowWasPaidOrThatARefundIsDue) {
    EXPECT_EQ(reachable(StatusColumn::payment_status, "paid"), (Names{"paid", "partially_refunded", "refunded"}));
    for (const std::string asked :
         {"pending", "done", "failed"}) { // what is only due may be no longer, if the price rises
        EXPECT_FALSE(may_become(StatusColumn::refund_status, asked, "none")) << asked;
    }
}

TEST(Transitions, AllowToUndoACheckInButNotToSkipIt) {
    EXPECT_TRUE(may_become(StatusColumn::booking_status, "checked_in", "confirmed"));
    EXPECT_TRUE(may_become(StatusColumn::booking_status, "checked_out", "checked_in"));
    EXPECT_FALSE(may_become(StatusColumn::booking_status, "confirmed", "checked_out"));
    EXPECT_FALSE(may_become(StatusColumn::booking_status, "pending", "checked_in"));
}

TEST(MayBecome, IsTheTableAndStandingStill) {
    for (const auto column : columns) {
        Names from = states(column);
        from.insert("");
        for (const auto& before : from) {
            for (const auto& after : states(column)) {
                EXPECT_EQ(may_become(column, before, after),
                          before == after || followers(column, before).contains(after))
                    << before << " to " << after;
            }
        }
    }
}

TEST(MayBecome, KeepsTheColumnsApart) {
    EXPECT_TRUE(may_become(StatusColumn::refund_status, "none", "due"));
    EXPECT_TRUE(may_become(StatusColumn::refund_status, "due", "none"));
    EXPECT_FALSE(may_become(StatusColumn::payment_status, "none", "due"));
    EXPECT_FALSE(may_become(StatusColumn::booking_status, "pending", "expired"));
    EXPECT_FALSE(may_become(StatusColumn::reservation_status, "pending", "paid"));
    EXPECT_FALSE(may_become(StatusColumn::booking_status, "pending", "no such status"));
}

TEST(ColumnName, IsThatOfTheTable) {
    EXPECT_EQ(column_name(StatusColumn::reservation_status), "status");
    EXPECT_EQ(column_name(StatusColumn::booking_status), "status");
    EXPECT_EQ(column_name(StatusColumn::payment_status), "payment_status");
    EXPECT_EQ(column_name(StatusColumn::refund_status), "refund_status");
    EXPECT_EQ(column_name(StatusColumn::waitlist_status), "status");
}

} // namespace

} // namespace pgbk::core
