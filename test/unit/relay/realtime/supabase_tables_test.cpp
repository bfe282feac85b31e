#include "realtime/supabase/tables.hpp"

#include "core/event_kinds.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <string>

namespace pgbk::relay::supabase {

namespace {

namespace json = boost::json;

// "INSERT booking_events, UPDATE bookings"
std::string told_of(std::string_view kind) {
    std::string out;
    for (const RowChange& change : changes_of(kind)) {
        out += (out.empty() ? "" : ", ") + std::string(change_name(change.change)) + " " +
               std::string(change.table->name) + (change.of_seats ? " of seats" : "");
    }
    return out;
}

TEST(Tables, KnowWhatEachKindChanges) {
    struct Row {
        const char* kind;
        const char* told;
    };
    for (const Row& row : {
             Row{"booking.created", "INSERT booking_events, INSERT bookings"},
             Row{"booking.checked_in", "INSERT booking_events, UPDATE bookings"},
             Row{"booking.cancelled", "INSERT booking_events, UPDATE bookings"},
             Row{"reservation.held", "INSERT booking_events, INSERT slot_reservations"},
             Row{"reservation.expired", "INSERT booking_events, UPDATE slot_reservations"},
             Row{"venue.created", "INSERT booking_events, INSERT venues"},
             Row{"venue.deleted", "INSERT booking_events, DELETE venues"},
             Row{"activity.updated", "INSERT booking_events, UPDATE activities"},
             Row{"pricing.updated", "INSERT booking_events, UPDATE activities"},
             Row{"sessions.generated", "INSERT booking_events, INSERT activity_sessions"},
             Row{"sessions.removed", "INSERT booking_events, DELETE activity_sessions"},
             Row{"payment.paid", "INSERT booking_events"},
             Row{"session.availability", "UPDATE activity_sessions, UPDATE bookings of seats"},
         }) {
        EXPECT_EQ(told_of(row.kind), row.told) << row.kind;
    }
    for (const core::EventKind& kind : core::event_kinds()) {
        EXPECT_EQ(told_of(kind.kind).substr(0, 21), "INSERT booking_events") << kind.kind;
    }
}

TEST(Tables, HaveNamesThatMeanOneThing) {
    EXPECT_EQ(find_table("courts"), find_table("activities"));
    EXPECT_EQ(find_table("libraries"), find_table("venues"));
    EXPECT_EQ(find_table("sessions"), find_table("activity_sessions"));
    EXPECT_EQ(find_table("customers"), nullptr);
    EXPECT_EQ(find_table(""), nullptr);
    for (const Table& table : tables()) {
        ASSERT_NE(table.find_column("id"), nullptr) << table.name;
        for (const Column& column : table.columns) {
            EXPECT_EQ(table.find_column(column.name), &column) << table.name << "." << column.name << " is there twice";
            for (const Table& other : tables()) {
                const auto* const same = other.find_column(column.name);
                EXPECT_TRUE(same == nullptr || same->type == column.type)
                    << column.name << " of " << table.name << " and of " << other.name;
            }
        }
    }
}

Event event_with(json::object body, View view) {
    Event event;
    event.kind = "booking.updated";
    event.customer = "ada";
    event.bodies[static_cast<std::size_t>(view)] = std::move(body);
    return event;
}

TEST(Records, HaveTheRowAndItsAliases) {
    const Event event = event_with({{"booking_id", "b"},
                                    {"activity_id", "a"},
                                    {"organization_id", 7},
                                    {"row", {{"id", "b"}, {"status", "paid"}, {"secret", "x"}}}},
                                   View::customer);
    const Record record = record_of(changes_of("booking.updated").back(), event, View::customer);
    EXPECT_EQ(json::value(record.members), (json::value{{"id", "b"},
                                                        {"organization_id", 7},
                                                        {"provider_id", 7},
                                                        {"activity_id", "a"},
                                                        {"court_id", "a"},
                                                        {"user_id", "ada"},
                                                        {"client_id", "ada"},
                                                        {"customer_id", "ada"},
                                                        {"status", "paid"}}));
    EXPECT_EQ(record.columns.size(), record.members.size());
}

TEST(Records, HaveNoRowOfSomethingElse) {
    // Of several sessions: the row is that of their activity.
    const Event event = event_with({{"session_id", nullptr},
                                    {"activity_id", "a"},
                                    {"row", {{"id", "a"}, {"status", "active"}, {"organization_id", 7}}}},
                                   View::everybody);
    const Record record = record_of(changes_of("sessions.generated").back(), event, View::everybody);
    EXPECT_EQ(json::value(record.members), (json::value{{"id", nullptr}, {"activity_id", "a"}, {"court_id", "a"}}));
}

TEST(Records, OfDeletionsAreKeys) {
    const Event event =
        event_with({{"venue_id", "v"}, {"organization_id", 7}, {"row", {{"id", "v"}, {"name", "Hall"}}}}, View::member);
    const Record record = record_of(changes_of("venue.deleted").back(), event, View::member);
    EXPECT_EQ(json::value(record.members), (json::value{{"id", "v"}, {"organization_id", 7}, {"provider_id", 7}}));
}

TEST(Records, OfSeatsAreOfNoBooking) {
    Event event = event_with({{"session_id", "s"},
                              {"activity_id", "a"},
                              {"seats_available", 3},
                              {"status", "open"},
                              {"booking_id", "b"},
                              {"organization_id", 7}},
                             View::everybody);
    event.kind = "session.availability";
    const auto changes = changes_of(event.kind);
    EXPECT_EQ(json::value(record_of(changes.back(), event, View::everybody).members),
              (json::value{{"id", nullptr},
                           {"activity_id", "a"},
                           {"court_id", "a"},
                           {"session_id", "s"},
                           {"seat_id", "s"},
                           {"seats_available", 3}}));
    EXPECT_EQ(record_of(changes.front(), event, View::everybody).members.at("id"), "s");
}

} // namespace

} // namespace pgbk::relay::supabase
