#include "core/received_event.hpp"
#include "core/relay_result.hpp"
#include "core/timestamp_text.hpp"
#include "core/uuid_text.hpp"

#include "unit/json_text.hpp"
#include "unit/refused.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pgbk::core {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view id = "01900000-0000-8000-8000-00010000004d";

std::string result(const std::string& rest) {
    return R"([{"delivery_id": ")" + std::string(id) + R"(", "lease_token": 3)" + rest + "}]";
}

std::string outcome(const std::string& json) {
    const test::JsonText document(json);
    return test::outcome_of([&] { (void)read_relay_results(document.root()); });
}

std::string message(const std::string& json) {
    const test::JsonText document(json);
    const auto refusal = test::refusal_of([&] { (void)read_relay_results(document.root()); });
    return refusal.has_value() ? refusal->message() : "accepted";
}

TEST(RelayResults, AreRead) {
    const test::JsonText document(result(R"(, "started_at": "2026-11-21T10:00:00.123Z", "http_status": 503,
        "error_class": "reset", "error": "broken", "dns_ms": 1.5, "connect_ms": 2, "tls_ms": null, "first_byte_ms": 1e1,
        "total_ms": 20, "remote_address": "192.0.2.1", "response_headers": {"a": "b"}, "response_body": "no",
        "response_truncated": true, "retry_after_seconds": 7)"));
    const auto results = read_relay_results(document.root());
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(results[0].delivery, parse_uuid(id));
    EXPECT_EQ(results[0].lease_token, 3);
    EXPECT_FALSE(results[0].returned);
    EXPECT_EQ(results[0].facts.http_status, 503);
    EXPECT_EQ(results[0].facts.error, ErrorClass::reset);
    EXPECT_EQ(results[0].facts.body, "no");
    EXPECT_EQ(results[0].facts.retry_after, 7s);
    EXPECT_EQ(results[0].error_text, "broken");
}

TEST(RelayResults, MayBeNoneOrReturned) {
    EXPECT_EQ(outcome("[]"), "accepted");
    EXPECT_EQ(outcome(result(R"(, "returned": true)")), "accepted");
    EXPECT_EQ(outcome(result(R"(, "returned": false)")), "invalid_relay_call") << "nothing is said of it";
}

TEST(RelayResults, SayWhereTheyAreWrong) {
    EXPECT_EQ(message("{}"), "invalid results: $ is not an array");
    EXPECT_EQ(message("[1]"), "invalid results: $[0] is not an object");
    EXPECT_EQ(message("[{}]"), "invalid results: $[0].delivery_id is not a uuid");
    EXPECT_EQ(message(R"([{"delivery_id": ")" + std::string(id) + R"("}])"),
              "invalid results: $[0].lease_token is missing");
    EXPECT_EQ(message(result("")), "invalid results: $[0] has neither http_status nor error_class");
    EXPECT_EQ(message(result(R"(, "error_class": "dnss")")),
              "invalid results: $[0].error_class is not a class of errors: \"dnss\"");
    for (const auto* const bad :
         {R"("http_status": 99)", R"("http_status": "200")", R"("http_status": 1000)", R"("http_status": 200.5)",
          R"("retry_after_seconds": -1)", R"("total_ms": -1)", R"("total_ms": "1")", R"("lease_token": "1")",
          R"("lease_token": 99999999999999999999)", R"("started_at": "yesterday")", R"("started_at": 1)",
          R"("response_headers": [])", R"("response_body": {})", R"("response_truncated": "no")", R"("error": 1)",
          R"("returned": 1)", R"("remote_address": 4)"}) {
        // The last of equal keys counts, as in jsonb.
        const std::string json =
            R"([{"delivery_id": ")" + std::string(id) + R"(", "lease_token": 3, "error_class": "tls", )" + bad + "}]";
        const test::JsonText document(json);
        EXPECT_EQ(test::outcome_of([&] { (void)read_relay_results(document.root()); }), "invalid_relay_call") << bad;
    }
}

TEST(UuidText, IsExact) {
    EXPECT_TRUE(parse_uuid(id).has_value());
    EXPECT_EQ(parse_uuid("0190ABCD-0000-8000-8000-00010000004d"), parse_uuid("0190abcd-0000-8000-8000-00010000004D"));
    for (const auto* const bad : {"", "01900000000080008000000100000004d", "{01900000-0000-8000-8000-00010000004d}",
                                  "01900000-0000-8000-8000-00010000004", "01900000-0000-8000-8000-00010000004dd",
                                  "0190000g-0000-8000-8000-00010000004d", "01900000_0000-8000-8000-00010000004d"}) {
        EXPECT_FALSE(parse_uuid(bad).has_value()) << bad;
    }
}

TEST(TimestampText, IsRfc3339AndAlike) {
    for (const auto* const good : {"2026-11-21T10:00:00Z", "2026-11-21 10:00:00", "2026-11-21T10:00:00.123456+00:00",
                                   "2026-11-21T10:00:00+0000", "2026-11-21T10:00:00-05"}) {
        EXPECT_TRUE(looks_like_timestamp(good)) << good;
    }
    for (const auto* const bad : {"", "now", "2026-11-21", "2026-11-21T10:00", "2026-11-21T10:00:00.",
                                  "2026-11-21T10:00:00+", "2026-11-21T10:00:00 UTC", "2026-11-21T10:00:00+1",
                                  "2026-11-21T10:00:00.1234567890Z", "infinity", "2026-11-21T10:00:00ZZ"}) {
        EXPECT_FALSE(looks_like_timestamp(bad)) << bad;
    }
}

ReceivedEvent received(const test::JsonText& document) {
    return read_received_event(document.root());
}

std::string refused(const std::string& json) {
    const test::JsonText document(json);
    const auto refusal = test::refusal_of([&] { (void)read_received_event(document.root()); });
    return refusal.has_value() ? refusal->message() : "accepted";
}

const std::string booking = R"("booking_id": "01900000-0000-8000-8000-00010000004d")";

TEST(ReceivedEvent, AsOthersWriteIt) {
    const test::JsonText document(R"({"id": "evt_1", "event_type": "booking:checkin", )" + booking + R"(,
        "created_at": "2026-11-21T10:00:00Z", "description": "here", "old_status": "confirmed", "new_status": "checked_in",
        "metadata": {"client_email": "a@b.de"}})");
    const ReceivedEvent event = received(document);
    EXPECT_EQ(event.external_id, "evt_1");
    EXPECT_EQ(event.kind, "booking.checked_in");
    EXPECT_EQ(event.booking, parse_uuid(id));
    EXPECT_EQ(event.occurred_at, "2026-11-21T10:00:00Z");
    EXPECT_EQ(event.description, "here");
    EXPECT_EQ(event.old_status, "confirmed");
    EXPECT_EQ(event.new_status, "checked_in");
}

TEST(ReceivedEvent, InADatabaseWebhook) {
    const test::JsonText document(
        R"({"type": "INSERT", "table": "booking_events", "schema": "public", "old_record": null,
        "record": {"id": "e", "event_type": "booking.paid", )" +
        booking + "}}");
    EXPECT_EQ(received(document).kind, "booking.paid");
    EXPECT_EQ(received(document).external_id, "e");
}

TEST(ReceivedEvent, ARowOfBookings) {
    const auto row = [](const std::string& type, const std::string& status, const std::string& before) {
        const test::JsonText document(R"({"type": ")" + type + R"(", "table": "bookings", "record": {"id": ")" +
                                      std::string(id) + R"(", "status": ")" + status +
                                      R"(", "updated_at": "2026-11-21T10:00:00"}, "old_record": )" + before + "}");
        const ReceivedEvent event = received(document);
        EXPECT_EQ(event.external_id, "bookings:" + type + ":" + std::string(id) + ":2026-11-21T10:00:00");
        return std::string(event.kind);
    };
    EXPECT_EQ(row("INSERT", "confirmed", "null"), "booking.created");
    EXPECT_EQ(row("UPDATE", "cancelled", R"({"status": "confirmed"})"), "booking.cancelled");
    EXPECT_EQ(row("UPDATE", "confirmed", R"({"status": "confirmed"})"), "booking.updated");
    EXPECT_EQ(row("UPDATE", "unheard_of", R"({"status": "confirmed"})"), "booking.updated");
}

TEST(ReceivedEvent, SaysWhatIsWrong) {
    EXPECT_EQ(refused("[]"), "invalid event: $ is not an object");
    EXPECT_EQ(refused("{}"), "invalid event: $.event_type is missing");
    EXPECT_EQ(refused(R"({"event_type": "booking.paid"})"), "invalid event: $.booking_id is missing");
    EXPECT_EQ(refused(R"({"event_type": "booking.paid", "booking_id": "7"})"),
              "invalid event: $.booking_id is not a uuid");
    EXPECT_EQ(refused(R"({"event_type": "booking.*", )" + booking + "}"),
              "invalid event: $.event_type is not a kind of event: \"booking.*\"");
    EXPECT_EQ(refused(R"({"event_type": "webhook.test", )" + booking + "}"),
              "invalid event: $.event_type is not a kind of event: \"webhook.test\"");
    EXPECT_EQ(refused(R"({"event_type": 7, )" + booking + "}"),
              "invalid event: $.event_type is not a string of at most 100 printable characters");
    EXPECT_EQ(refused(R"({"id": ")" + std::string(201, 'x') + R"(", "event_type": "booking.paid", )" + booking + "}"),
              "invalid event: $.id is not a string of at most 200 printable characters");
    EXPECT_EQ(refused(R"({"event_type": "booking.paid", "created_at": "soon", )" + booking + "}"),
              "invalid event: $ has a time that is not one: \"soon\"");
    EXPECT_EQ(refused(R"({"type": "INSERT", "table": "users", "record": {}})"),
              "invalid event: $.table is not booking_events or bookings: \"users\"");
    EXPECT_EQ(refused(R"({"type": "DELETE", "table": "bookings", "record": {"id": "1"}})"),
              "invalid event: $.type is not INSERT or UPDATE: \"DELETE\"");
    EXPECT_EQ(refused(R"({"type": "INSERT", "table": "bookings", "record": []})"),
              "invalid event: $.record is not an object");
}

} // namespace

} // namespace pgbk::core
