#include "core/event_kinds.hpp"
#include "realtime/socketio/event_frames.hpp"
#include "realtime/socketio/payloads.hpp"
#include "realtime/socketio/session_name.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <set>

namespace pgbk::relay::socketio {

namespace {

namespace json = boost::json;

Event event(const std::string& kind, const char* body, std::int64_t seq = 7) {
    Event out;
    out.seq = seq;
    out.id = "e";
    out.kind = kind;
    out.occurred_at = "2026-01-01T00:00:00.000Z";
    out.bodies[static_cast<std::size_t>(View::member)] = json::parse(body).as_object();
    return out;
}

std::string sent(const std::string& kind, const char* body) {
    auto emission = emission_of(event(kind, body), View::member);
    emission->payload.erase("event");
    return emission->name + " " + json::serialize(emission->payload);
}

constexpr const char* booked = R"({"description":"Booking A was made","booking_id":"b","subject_id":"b",
    "venue_id":"v","activity_id":"a","session_id":"s","facts":{"status":"confirmed","party_size":1},
    "row":{"id":"b","status":"checked_in","booking_number":"A","customer_name":"John Doe","customer_email":null,
           "metadata":{"a_b":1}}})";

TEST(Emissions, OfBookingsHaveWhatThePagesRead) {
    const std::string shape =
        R"({"status":"checked_in","partySize":1,"id":"b","bookingNumber":"A","customerName":"John Doe",)"
        R"("customerEmail":null,"metadata":{"a_b":1},"venueId":"v","libraryId":"v","activityId":"a","courtId":"a",)"
        R"("sessionId":"s","seatId":"s","bookingId":"b","studentName":"John Doe"})";
    EXPECT_EQ(sent("booking.created", booked), "booking:created " + shape);
    EXPECT_EQ(sent("booking.checked_in", booked), "booking:checkin " + shape);
    EXPECT_EQ(sent("booking.checked_out", booked), "booking:checkout " + shape);
    for (const char* kind : {"booking.paid", "booking.scheduled", "booking.confirmed", "booking.updated",
                             "booking.rescheduled", "booking.no_show"}) {
        EXPECT_EQ(sent(kind, booked), "booking:updated " + shape);
    }
}

TEST(Emissions, OfACancelledBookingNameIt) {
    EXPECT_EQ(sent("booking.cancelled", booked),
              R"(booking:cancelled {"status":"cancelled","venueId":"v","libraryId":"v","activityId":"a",)"
              R"("courtId":"a","sessionId":"s","seatId":"s","id":"b","bookingId":"b"})");
}

TEST(Emissions, OfVenuesAreOfLibraries) {
    EXPECT_EQ(sent("venue.created", R"({"subject_id":"v","venue_id":"v","facts":{"name":"Old"},
                                        "row":{"id":"v","name":"Reading room","embed_key":"k"}})"),
              R"(library:created {"name":"Reading room","id":"v","embedKey":"k"})");
    EXPECT_EQ(sent("venue.updated", R"({"subject_id":"v","venue_id":"v","facts":{"name":"Hall"},"row":null})"),
              R"(library:updated {"name":"Hall","id":"v"})");
    EXPECT_EQ(sent("venue.deleted", R"({"subject_id":"v","venue_id":null,"facts":{},"row":null})"),
              R"(library:deleted {"id":"v"})");
}

TEST(Emissions, OfPricesHaveThemInBothUnits) {
    EXPECT_EQ(sent("pricing.updated", R"({"subject_id":"a","activity_id":"a","venue_id":"v",
                                          "facts":{"price_minor":7500,"price_basis":"seat","currency":"INR",
                                                   "previous_price_minor":5000},
                                          "row":{"id":"a","name":"Desk","price_minor":7550,"currency":"INR"}})"),
              R"(pricing:updated {"libraryId":"v","venueId":"v","pricing":{"activityId":"a","courtId":"a",)"
              R"("name":"Desk","priceMinor":7550,"priceBasis":"seat","currency":"INR","previousPriceMinor":5000,)"
              R"("price":7.55E1}})");
    EXPECT_EQ(json::parse("7.55E1").as_double(), 75.5);
}

TEST(Emissions, OfSeatsSayWhetherOneIsFree) {
    const auto seat = [](const char* body) {
        return emission_of(event("session.availability", body, 0), View::member)->payload;
    };
    EXPECT_EQ(seat(R"({"session_id":"s","venue_id":"v","activity_id":"a","start_time":"t","end_time":"u",
                       "capacity_total":5,"seats_available":2,"status":"open"})"),
              json::parse(R"({"sessionId":"s","seatId":"s","venueId":"v","libraryId":"v","activityId":"a",
                              "courtId":"a","startTime":"t","endTime":"u","capacityTotal":5,"seatsAvailable":2,
                              "status":"open","available":true})"));
    EXPECT_EQ(seat(R"({"session_id":"s","row":{"seats_available":1}})").at("available"), true);
    EXPECT_EQ(seat(R"({"session_id":"s","seats_available":0,"status":"open"})").at("available"), false);
    EXPECT_EQ(seat(R"({"session_id":"s","seats_available":2,"status":"closed"})").at("available"), false);
    EXPECT_EQ(seat(R"({"session_id":"s"})").at("available"), false);
}

TEST(Emissions, OfOtherKindsGoByTheirOwnName) {
    EXPECT_EQ(sent("payment.failed", R"({"subject_id":"p","booking_id":"b","facts":{"amount_minor":1}})"),
              R"(payment:failed {"amountMinor":1,"bookingId":"b","id":"p"})");
}

TEST(Emissions, SayWhatHappened) {
    const auto emission = emission_of(event("booking.paid", booked), View::member);
    EXPECT_EQ(emission->payload.at("event"), json::parse(R"({"id":"e","type":"booking.paid",
        "occurredAt":"2026-01-01T00:00:00.000Z","description":"Booking A was made"})"));
}

TEST(Emissions, AreOfWhatTheViewShows) {
    EXPECT_EQ(emission_of(event("booking.created", booked), View::everybody), std::nullopt);
    EXPECT_EQ(emission_of(event("booking.created", booked), View::customer), std::nullopt);
}

// What one page is told in several words, another in none, is a mistake in the table.
TEST(Emissions, CoverTheTenEventsOfThePages) {
    std::set<std::string> names{emission_of(event("session.availability", "{}", 0), View::member)->name};
    for (const auto& kind : core::event_kinds()) {
        names.insert(emission_of(event(std::string(kind.kind), "{}"), View::member)->name);
    }
    for (const char* name :
         {"booking:created", "booking:updated", "booking:cancelled", "booking:checkin", "booking:checkout",
          "library:created", "library:updated", "library:deleted", "pricing:updated", "seat:availability"}) {
        EXPECT_TRUE(names.contains(name)) << name;
    }
}

TEST(EventFrames, AreMadeOnceForAView) {
    EventFrames frames;
    const auto shared = std::make_shared<const Event>(event("booking.cancelled", booked));
    const auto packet = frames.of(shared, View::member);
    EXPECT_EQ(frames.of(shared, View::member), packet);
    EXPECT_EQ(frames.of(shared, View::everybody), nullptr);
    EXPECT_TRUE(packet->text.ends_with(R"(,"7"])")) << packet->text;
    EXPECT_TRUE(frames.of(shared, View::member, 3)->text.ends_with(R"(,"3"])"));
    const auto other = std::make_shared<const Event>(event("booking.cancelled", booked, 8));
    EXPECT_TRUE(frames.of(other, View::member)->text.ends_with(R"(,"8"])"));
    EXPECT_EQ(frames.cursor(9), frames.cursor(9));
    EXPECT_EQ(frames.cursor(10)->text, R"(42["_cursor","10"])");
}

TEST(SessionNames, AreOfOneUser) {
    const std::string name = session_name("random", "ada");
    EXPECT_TRUE(is_session_name_of(name, "ada"));
    EXPECT_FALSE(is_session_name_of(name, "bob"));
    EXPECT_FALSE(is_session_name_of(name, ""));
    EXPECT_FALSE(is_session_name_of(name + "0", "ada"));
    EXPECT_FALSE(is_session_name_of("", ""));
    EXPECT_FALSE(is_session_name_of("random", "ada"));
    EXPECT_NE(session_name("other", "ada"), name);
}

} // namespace

} // namespace pgbk::relay::socketio
