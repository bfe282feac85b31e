#include "core/unit_state.hpp"

#include "core/transitions.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace pgbk::core {

namespace {

constexpr std::array statuses{"booked", "checked_in", "checked_out", "no_show"};
constexpr std::array actions{UnitAction::check_in,      UnitAction::check_out,      UnitAction::mark_no_show,
                             UnitAction::undo_check_in, UnitAction::undo_check_out, UnitAction::undo_no_show};

UnitCounts counts_of(const std::vector<std::string>& units) {
    UnitCounts counts{};
    for (const std::string& unit : units) {
        counts.booked += unit == "booked" ? 1 : 0;
        counts.checked_in += unit == "checked_in" ? 1 : 0;
        counts.checked_out += unit == "checked_out" ? 1 : 0;
        counts.no_show += unit == "no_show" ? 1 : 0;
    }
    return counts;
}

} // namespace

TEST(Units, GoInAndOutAndBack) {
    EXPECT_EQ(unit_after(UnitAction::check_in, "booked").status, "checked_in");
    EXPECT_EQ(unit_after(UnitAction::check_in, "no_show").status, "checked_in");
    EXPECT_EQ(unit_after(UnitAction::check_in, "checked_in").outcome, UnitOutcome::already);
    EXPECT_EQ(unit_after(UnitAction::check_in, "checked_out").outcome, UnitOutcome::impossible);
    EXPECT_EQ(unit_after(UnitAction::check_out, "booked").outcome, UnitOutcome::impossible);
    EXPECT_EQ(unit_after(UnitAction::mark_no_show, "checked_in").outcome, UnitOutcome::impossible);
    EXPECT_EQ(unit_after(UnitAction::undo_no_show, "booked").outcome, UnitOutcome::already);
    EXPECT_EQ(unit_after(UnitAction::undo_check_in, "checked_out").outcome, UnitOutcome::impossible);
}

TEST(Units, WhatIsRepeatedChangesNothing) {
    for (const UnitAction action : actions) {
        for (const std::string_view status : statuses) {
            const UnitStep step = unit_after(action, status);
            if (step.outcome == UnitOutcome::changed) {
                EXPECT_EQ(unit_after(action, step.status).outcome, UnitOutcome::already) << status;
            } else {
                EXPECT_EQ(step.status, status);
            }
        }
    }
}

// Every action on every party of three: the booking only goes where the table of transitions leads.
TEST(Units, LeadTheBookingByLegalTransitions) {
    constexpr std::size_t party = 3;
    for (std::size_t code = 0; code < statuses.size() * statuses.size() * statuses.size(); ++code) {
        std::vector<std::string> units;
        for (std::size_t i = 0, rest = code; i < party; ++i, rest /= statuses.size()) {
            units.emplace_back(statuses.at(rest % statuses.size()));
        }
        const std::string before(booking_status_of(counts_of(units), "confirmed"));
        for (const UnitAction action : actions) {
            for (std::size_t which = 0; which <= party; ++which) { // the last: all that can be
                std::vector<std::string> after = units;
                for (std::size_t i = 0; i < party; ++i) {
                    if (which == i || which == party) {
                        after.at(i) = unit_after(action, after.at(i)).status;
                    }
                }
                const std::string_view status = booking_status_of(counts_of(after), before);
                EXPECT_TRUE(may_become(StatusColumn::booking_status, before, status)) << before << " to " << status;
            }
        }
    }
}

TEST(Units, NobodyHereIsAsBefore) {
    EXPECT_EQ(booking_status_of({2, 0, 0, 0}, "scheduled"), "scheduled");
    EXPECT_EQ(booking_status_of({1, 0, 0, 1}, "checked_in"), "confirmed");
    EXPECT_EQ(booking_status_of({0, 0, 0, 2}, "confirmed"), "no_show");
    EXPECT_EQ(booking_status_of({1, 0, 1, 0}, "checked_in"), "checked_in");
    EXPECT_EQ(booking_status_of({0, 0, 1, 1}, "checked_in"), "checked_out");
}

} // namespace pgbk::core
