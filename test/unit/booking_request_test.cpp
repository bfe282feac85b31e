#include "core/booking_request.hpp"

#include "core/package.hpp"
#include "core/refusal.hpp"
#include "unit/json_text.hpp"
#include "unit/refused.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <string>

namespace pgbk::core {

namespace {

using Json = nlohmann::ordered_json;

const std::string token = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk.7";

Json booking() {
    return {{"packageId", "single"}, {"customerName", "Ada"}, {"customerEmail", "ada@example.org"}};
}

Json schedule() {
    return {{"bookingToken", token}, {"startTime", "2027-03-03T09:00:00Z"}, {"endTime", "2027-03-03T10:00:00Z"}};
}

// "accepted", or code, field and message.
template <class Read> std::string outcome(const Json& document, Read read) {
    const test::JsonText text(document.dump());
    const auto refusal = test::refusal_of([&] { (void)read(text.root()); });
    return refusal.has_value()
               ? std::string(refusal->code().sqlstate) + " " + refusal->field() + ": " + refusal->message()
               : "accepted";
}

std::string booked(const Json& document) {
    return outcome(document, read_booking_request);
}

std::string scheduled(const Json& document) {
    return outcome(document, read_schedule_request);
}

std::string booked_with(const std::string& field, const Json& value) {
    Json document = booking();
    document[field] = value;
    return booked(document);
}

std::string scheduled_with(const std::string& field, const Json& value) {
    Json document = schedule();
    document[field] = value;
    return scheduled(document);
}

std::string repeated(const std::string& text, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) {
        out += text;
    }
    return out;
}

// 64 + 1 + the rest; the domain in labels of at most 63.
std::string email_of(std::size_t size) {
    std::string domain = std::string(63, 'b') + "." + std::string(63, 'c') + "." + std::string(56, 'd') + ".";
    domain += std::string(size - 65 - domain.size(), 'e');
    return std::string(64, 'a') + "@" + domain;
}

TEST(BookingRequest, TakesWhatItNeedsAndKeepsItAsGiven) {
    const test::JsonText text(R"({"packageId": "monthly", "customerName": "<b>Ada</b> 'x'", "customerEmail": "A@b.de",
        "customerPhone": "+49 30 1234", "notes": "one\ntwo\t<script>", "metadata": {"a": [1, {"b": null}]},
        "idempotencyKey": "0123456789abcdef", "amountCents": 1, "price": {"free": true}})");
    const BookingRequest request = read_booking_request(text.root());
    EXPECT_EQ(request.package_id, "monthly");
    EXPECT_EQ(request.customer_name, "<b>Ada</b> 'x'");
    EXPECT_EQ(request.customer_email, "A@b.de");
    EXPECT_EQ(request.customer_phone, "+49 30 1234");
    EXPECT_EQ(request.notes, "one\ntwo\t<script>");
    ASSERT_NE(request.metadata, nullptr);
    EXPECT_EQ(request.idempotency_key, "0123456789abcdef");
}

TEST(BookingRequest, TakesNullAndEmptyTextForWhatIsNotGiven) {
    for (const char* const field : {"customerPhone", "notes", "idempotencyKey"}) {
        EXPECT_EQ(booked_with(field, ""), "accepted") << field;
        EXPECT_EQ(booked_with(field, nullptr), "accepted") << field;
    }
    EXPECT_EQ(booked_with("metadata", nullptr), "accepted");
}

TEST(BookingRequest, TakesUnitsByTheNameOfTheMember) {
    const Json adult = Json::object({{"unit", "adult"}, {"quantity", 2}});
    EXPECT_EQ(booked_with("units", Json::array({adult})), "accepted");
    EXPECT_EQ(booked_with("units", nullptr), "accepted");
    EXPECT_EQ(booked_with("units", 7), "BK260 units: units must be a list");
    EXPECT_EQ(booked_with("units", Json::array()), "BK260 units: units must name at least one unit");
    EXPECT_EQ(booked_with("units", Json::array({adult, 1})), "BK260 units: units[1] must be an object");
}

TEST(BookingRequest, NamesWhatIsMissing) {
    for (const char* const field : {"packageId", "customerName", "customerEmail"}) {
        Json document = booking();
        document.erase(field);
        EXPECT_EQ(booked(document), std::string("BK015 ") + field + ": " + field + " is missing");
        EXPECT_EQ(booked_with(field, nullptr), std::string("BK015 ") + field + ": " + field + " is missing");
        EXPECT_EQ(booked_with(field, 1), std::string("BK015 ") + field + ": " + field + " must be a string");
        EXPECT_EQ(booked_with(field, Json::array({"single"})),
                  std::string("BK015 ") + field + ": " + field + " must be a string");
    }
    EXPECT_EQ(booked(Json::array()), "BK015 request: request must be a JSON object");
    EXPECT_EQ(booked(Json("x")), "BK015 request: request must be a JSON object");
    EXPECT_EQ(booked(nullptr), "BK015 request: request must be a JSON object");
}

TEST(BookingRequest, LimitsTheName) {
    EXPECT_EQ(booked_with("customerName", "A"),
              "BK015 customerName: customerName must have 2 to 100 characters, got 1");
    EXPECT_EQ(booked_with("customerName", "Al"), "accepted");
    EXPECT_EQ(booked_with("customerName", "\u00e9"),
              "BK015 customerName: customerName must have 2 to 100 characters, got 1");
    EXPECT_EQ(booked_with("customerName", repeated("\u00e9", 100)), "accepted");
    EXPECT_EQ(booked_with("customerName", std::string(101, 'a')),
              "BK015 customerName: customerName must have 2 to 100 characters, got 101");
    EXPECT_EQ(booked_with("customerName", "   "), "BK015 customerName: customerName must not be blank");
    EXPECT_EQ(booked_with("customerName", "Ada\nBcc: x"),
              "BK015 customerName: customerName must not contain control characters");
}

TEST(BookingRequest, LimitsTheEmail) {
    EXPECT_EQ(email_of(255).size(), 255U);
    EXPECT_EQ(booked_with("customerEmail", email_of(255)), "accepted");
    EXPECT_EQ(booked_with("customerEmail", email_of(256)),
              "BK015 customerEmail: customerEmail must have at most 255 bytes, got 256");
    EXPECT_EQ(booked_with("customerEmail", "ada"), "BK015 customerEmail: customerEmail must be an e-mail address");
    EXPECT_EQ(booked_with("customerEmail", ""), "BK015 customerEmail: customerEmail must be an e-mail address");
}

TEST(BookingRequest, LimitsPhoneAndNotes) {
    EXPECT_EQ(booked_with("customerPhone", "12"), "BK015 customerPhone: customerPhone must be a telephone number");
    EXPECT_EQ(booked_with("customerPhone", "123"), "accepted");
    EXPECT_EQ(booked_with("customerPhone", std::string(40, '1')), "accepted");
    EXPECT_EQ(booked_with("customerPhone", std::string(41, '1')).substr(0, 34), "BK015 customerPhone: customerPhone");
    EXPECT_EQ(booked_with("notes", repeated("\u20ac", 1000)), "accepted");
    EXPECT_EQ(booked_with("notes", std::string(1001, 'n')),
              "BK015 notes: notes must have at most 1000 characters, got 1001");
    EXPECT_EQ(booked_with("notes", "a\u0007b"), "BK015 notes: notes must not contain control characters");
}

TEST(BookingRequest, LimitsMetadata) {
    EXPECT_EQ(booked_with("metadata", Json::object()), "accepted");
    EXPECT_EQ(booked_with("metadata", Json::array()), "BK015 metadata: metadata must be an object");
    EXPECT_EQ(booked_with("metadata", "x"), "BK015 metadata: metadata must be an object");
    // "metadata" and "k" and one byte for each of the two.
    EXPECT_EQ(booked_with("metadata", {{"k", std::string(16384 - 11, 'v')}}), "accepted");
    EXPECT_EQ(booked_with("metadata", {{"k", std::string(16384 - 10, 'v')}}),
              "BK015 metadata: metadata must have at most 16384 bytes and 16 levels");
    const auto nested = [](int levels) {
        Json value = 1;
        for (int i = 1; i < levels; ++i) {
            value = Json{{"k", value}};
        }
        return value;
    };
    EXPECT_EQ(booked_with("metadata", nested(16)), "accepted");
    EXPECT_EQ(booked_with("metadata", nested(17)),
              "BK015 metadata: metadata must have at most 16384 bytes and 16 levels");
}

TEST(BookingRequest, ChecksTheIdempotencyKeyAsForHolds) {
    EXPECT_EQ(booked_with("idempotencyKey", std::string(16, 'k')), "accepted");
    EXPECT_EQ(booked_with("idempotencyKey", std::string(15, 'k')),
              "BK005 idempotencyKey: invalid idempotency key of 15 bytes");
    EXPECT_EQ(booked_with("idempotencyKey", std::string(256, 'k')),
              "BK005 idempotencyKey: invalid idempotency key of 256 bytes");
}

TEST(ScheduleRequest, TakesWhatItNeeds) {
    Json document = schedule();
    document["endTime"] = "2027-03-03T11:30:00.25+01:00";
    document["timezone"] = "America/Vancouver";
    document["additionalNotes"] = "by the door";
    document["sessionId"] = "01A1fe10-9abd-847f-9dc2-07ca00000001";
    const test::JsonText text(document.dump());
    const ScheduleRequest request = read_schedule_request(text.root());
    EXPECT_EQ(request.token.organization, 7);
    EXPECT_EQ(request.end - request.start, (90LL * 60 * 1000 + 250) * 1000);
    EXPECT_EQ(request.time_zone, "America/Vancouver");
    EXPECT_EQ(request.additional_notes, "by the door");
    EXPECT_TRUE(request.session.has_value());
    EXPECT_FALSE(request.booking.has_value());
}

TEST(ScheduleRequest, NamesWhatIsMissingOrMalformed) {
    for (const char* const field : {"bookingToken", "startTime", "endTime"}) {
        Json document = schedule();
        document.erase(field);
        EXPECT_EQ(scheduled(document), std::string("BK015 ") + field + ": " + field + " is missing");
        EXPECT_EQ(scheduled_with(field, 5), std::string("BK015 ") + field + ": " + field + " must be a string");
    }
    EXPECT_EQ(scheduled_with("bookingToken", token.substr(1)),
              "BK015 bookingToken: bookingToken is not a booking token");
    EXPECT_EQ(scheduled_with("startTime", "2027-03-03T09:00:00"),
              "BK015 startTime: startTime must be a date and time with its offset, got \"2027-03-03T09:00:00\"");
    EXPECT_EQ(scheduled_with("endTime", "2027-02-29T10:00:00Z"),
              "BK015 endTime: endTime must be a date and time with its offset, got \"2027-02-29T10:00:00Z\"");
    EXPECT_EQ(scheduled_with("sessionId", "1"), "BK015 sessionId: sessionId must be a uuid");
    EXPECT_EQ(scheduled_with("bookingId", "1"), "BK015 bookingId: bookingId must be a uuid");
    EXPECT_EQ(scheduled_with("timezone", "EST5EDT4"),
              "BK015 timezone: timezone must be the IANA name of a time zone, got \"EST5EDT4\"");
}

TEST(ScheduleRequest, LimitsLengthAndNotes) {
    EXPECT_EQ(scheduled_with("endTime", "2027-03-03T09:00:00Z"), "BK015 endTime: endTime must be after startTime");
    EXPECT_EQ(scheduled_with("endTime", "2027-03-03T09:00:00.000001Z"), "accepted");
    EXPECT_EQ(scheduled_with("endTime", "2027-03-04T09:00:00Z"), "accepted");
    EXPECT_EQ(scheduled_with("endTime", "2027-03-04T09:00:00.000001Z"),
              "BK015 endTime: endTime must be at most 24 hours after startTime");
    EXPECT_EQ(scheduled_with("additionalNotes", std::string(500, 'n')), "accepted");
    EXPECT_EQ(scheduled_with("additionalNotes", std::string(501, 'n')),
              "BK015 additionalNotes: additionalNotes must have at most 500 characters, got 501");
}

TEST(Package, IsCheckedBeforeItIsOffered) {
    const auto outcome_of = [](std::int64_t price, std::string_view currency, std::int32_t sessions) {
        const auto refusal = test::refusal_of([&] {
            check_package({"monthly", "Monthly", price, "monthly_price", currency, sessions, 60});
        });
        return refusal.has_value() ? std::string(refusal->code().sqlstate) + " " + refusal->field() : "accepted";
    };
    EXPECT_EQ(outcome_of(0, "EUR", 1), "accepted");
    EXPECT_EQ(outcome_of(1'000'000'000'000, "EUR", 1000), "accepted");
    EXPECT_EQ(outcome_of(-1, "EUR", 1), "BK016 monthly_price");
    EXPECT_EQ(outcome_of(1'000'000'000'001, "EUR", 1), "BK016 monthly_price");
    EXPECT_EQ(outcome_of(1, "EURO", 1), "BK016 currency");
    EXPECT_EQ(outcome_of(1, "eur", 1), "BK016 currency");
    EXPECT_EQ(outcome_of(1, "", 1), "BK016 currency");
    EXPECT_EQ(outcome_of(1, "EUR", 0), "BK016 monthly_sessions");
    EXPECT_EQ(outcome_of(1, "EUR", 1001), "BK016 monthly_sessions");
}

const std::string hold_token = token.substr(0, 43);
const std::string id = "01900000-0000-8000-8000-000a00000007";

TEST(ChangeRequest, NamesTheBookingByItsToken) {
    const test::JsonText text(R"({"bookingToken": ")" + token + R"(", "reason": "ill\nagain", "expectedVersion": 12})");
    const ChangeRequest request = read_cancel_request(text.root());
    EXPECT_EQ(request.token, token);
    ASSERT_TRUE(request.booking_token.has_value());
    EXPECT_EQ(request.booking_token->organization, 7);
    EXPECT_FALSE(request.booking.has_value());
    EXPECT_EQ(request.reason, "ill\nagain");
    EXPECT_EQ(request.expected_version, 12);
}

TEST(ChangeRequest, NamesTheBookingByItsIdWithTheTokenOfAHold) {
    const test::JsonText text(R"({"bookingToken": ")" + hold_token + R"(", "bookingId": ")" + id + R"("})");
    const ChangeRequest request = read_cancel_request(text.root());
    EXPECT_EQ(request.token, hold_token);
    EXPECT_FALSE(request.booking_token.has_value());
    EXPECT_TRUE(request.booking.has_value());
    EXPECT_EQ(outcome({{"bookingToken", hold_token}}, read_cancel_request), "BK015 bookingId: bookingId is missing");
}

TEST(ChangeRequest, RefusesATokenThatIsNone) {
    for (const auto& wrong : {token + ".", hold_token + "A", std::string("x"), token.substr(1)}) {
        EXPECT_EQ(outcome({{"bookingToken", wrong}, {"bookingId", id}}, read_cancel_request),
                  "BK015 bookingToken: bookingToken is not a booking token");
    }
    EXPECT_EQ(outcome(Json::object(), read_cancel_request), "BK015 bookingToken: bookingToken is missing");
    EXPECT_EQ(outcome(Json::array(), read_cancel_request), "BK015 request: request must be a JSON object");
}

TEST(ChangeRequest, TakesWholeNumbersOnly) {
    const auto changed = [](const Json& number) {
        return outcome({{"bookingToken", token}, {"partySize", number}}, read_party_request);
    };
    EXPECT_EQ(changed(1), "accepted");
    EXPECT_EQ(changed(2147483647), "accepted");
    for (const Json& wrong : {Json(0), Json(-1), Json(1.5), Json("2"), Json(true), Json(2147483648), Json(1e30)}) {
        EXPECT_EQ(changed(wrong), "BK015 partySize: partySize must be a whole number from 1 to 2147483647");
    }
    EXPECT_EQ(changed(nullptr), "BK015 partySize: partySize is missing");
    EXPECT_EQ(outcome({{"bookingToken", token}, {"expectedVersion", 0}}, read_cancel_request),
              "BK015 expectedVersion: expectedVersion must be a whole number from 1 to 9223372036854775807");
}

TEST(ChangeRequest, NeedsWhereToMove) {
    EXPECT_EQ(outcome({{"bookingToken", token}, {"sessionId", id}}, read_reschedule_request), "accepted");
    EXPECT_EQ(
        outcome({{"bookingToken", token}, {"startTime", "2027-03-10T10:00:00Z"}, {"endTime", "2027-03-10T11:00:00Z"}},
                read_reschedule_request),
        "accepted");
    EXPECT_EQ(outcome({{"bookingToken", token}, {"startTime", "2027-03-10T10:00:00Z"}}, read_reschedule_request),
              "BK015 endTime: endTime is missing");
    EXPECT_EQ(outcome({{"bookingToken", token}, {"startTime", "soon"}, {"endTime", "2027-03-10T11:00:00Z"}},
                      read_reschedule_request)
                  .substr(0, 17),
              "BK015 startTime: ");
    EXPECT_EQ(outcome({{"bookingToken", token}}, read_reschedule_request), "BK015 sessionId: sessionId is missing");
    EXPECT_EQ(outcome({{"bookingToken", token}, {"sessionId", "1"}}, read_reschedule_request),
              "BK015 sessionId: sessionId must be a uuid");
}

TEST(ChangeRequest, HasAReasonOf500Characters) {
    const auto reason = [](const std::string& text) {
        return outcome({{"bookingToken", token}, {"reason", text}}, read_cancel_request);
    };
    EXPECT_EQ(reason(repeated("\u00e4", 500)), "accepted");
    EXPECT_EQ(reason(repeated("x", 501)), "BK015 reason: reason must have at most 500 characters, got 501");
}

} // namespace

} // namespace pgbk::core
