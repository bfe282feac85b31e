#include "core/provider_event.hpp"

#include "unit/json_text.hpp"
#include "unit/refused.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace pgbk::core {

namespace {

// The document lives as long as what was read from it.
struct Read {
    std::unique_ptr<test::JsonText> document;
    ProviderEvent event;

    const PaymentNews& payment() const { return event.payment.value(); }
    const CalendarNews& calendar() const { return event.calendar.value(); }
};

SourceOptions options(Payload payload) {
    SourceOptions made{};
    made.payload = payload;
    made.refund_on_received = payload == Payload::payment;
    return made;
}

Read read(const SourceOptions& made, const std::string& json) {
    Read result{std::make_unique<test::JsonText>(json), {}};
    result.event = read_provider_event(result.document->root(), made);
    return result;
}

std::string outcome(Payload payload, const std::string& json) {
    return test::outcome_of([&] { (void)read(options(payload), json); });
}

Read stripe(const std::string& type, const std::string& object) {
    return read(options(Payload::stripe), R"({"id":"evt_1","object":"event","type":")" + type +
                                              R"(","created":1795263375,"livemode":true,"data":{"object":)" + object +
                                              "}}");
}

Read airwallex(const std::string& name, const std::string& object, SourceOptions made = options(Payload::airwallex)) {
    return read(made, R"({"id":"evt_1","name":")" + name +
                          R"(","account_id":"acct_1","created_at":"2026-11-21T12:00:00+0000","data":{"object":)" +
                          object + "}}");
}

Read calcom(const std::string& trigger, const std::string& payload) {
    return read(options(Payload::calcom), R"({"triggerEvent":")" + trigger +
                                              R"(","createdAt":"2026-11-21T12:00:00.000Z","payload":)" + payload + "}");
}

Read simple(const std::string& type, const std::string& data, SourceOptions made = options(Payload::payment)) {
    return read(made, R"({"id":"e1","type":")" + type + R"(","data":)" + data + "}");
}

const std::string refused = "malformed_event";

// Stripe

TEST(StripeEvent, CarriesWhoAndWhen) {
    const Read read = stripe("payment_intent.succeeded",
                             R"({"id":"pi_1","amount":900,"amount_received":1000,"currency":"usd",
                                 "metadata":{"booking_token":"t","booking_id":"b","reservation_id":"r"}})");
    EXPECT_EQ(read.event.external_id, "evt_1");
    EXPECT_EQ(read.event.occurred_at, "2026-11-21T12:16:15Z");
    EXPECT_EQ(read.event.livemode, true);
    EXPECT_EQ(read.event.subject.booking_token, "t");
    EXPECT_EQ(read.event.subject.booking_id, "b");
    EXPECT_EQ(read.event.subject.reservation_id, "r");
    EXPECT_EQ(read.payment().ref, "pi_1");
    EXPECT_EQ(read.payment().captured, (Money{1000, "USD"})) << "what was received, not what was asked";
}

TEST(StripeEvent, ACheckoutIsPaidWhereStripeSaysSo) {
    const auto checkout = [](const std::string& status) {
        return R"({"id":"cs_1","payment_intent":"pi_1","amount_total":1000,"currency":"usd","payment_status":")" +
               status + R"("})";
    };
    EXPECT_EQ(stripe("checkout.session.completed", checkout("paid")).payment().captured, (Money{1000, "USD"}));
    const Read unpaid = stripe("checkout.session.completed", checkout("unpaid"));
    EXPECT_EQ(unpaid.payment().captured, std::nullopt);
    EXPECT_FALSE(unpaid.payment().failed);
    EXPECT_EQ(unpaid.payment().ref, "pi_1");
    EXPECT_EQ(stripe("checkout.session.completed", checkout("no_payment_required")).event.payment, std::nullopt);
    EXPECT_EQ(stripe("checkout.session.async_payment_succeeded", checkout("paid")).payment().captured,
              (Money{1000, "USD"}));
    EXPECT_TRUE(stripe("checkout.session.async_payment_failed", checkout("unpaid")).payment().failed);
    const Read expired = stripe("checkout.session.expired", R"({"id":"cs_1","payment_intent":null})");
    EXPECT_TRUE(expired.payment().failed);
    EXPECT_EQ(expired.payment().ref, "cs_1");
}

TEST(StripeEvent, FailuresAndWaiting) {
    EXPECT_TRUE(stripe("payment_intent.payment_failed", R"({"id":"pi_1"})").payment().failed);
    EXPECT_TRUE(stripe("payment_intent.canceled", R"({"id":"pi_1"})").payment().failed);
    const Read processing = stripe("payment_intent.processing", R"({"id":"pi_1"})");
    EXPECT_FALSE(processing.payment().failed);
    EXPECT_EQ(processing.payment().captured, std::nullopt);
    EXPECT_TRUE(stripe("charge.dispute.created", R"({"id":"dp_1","payment_intent":"pi_1"})").payment().disputed);
}

TEST(StripeEvent, Refunds) {
    const Read charge = stripe("charge.refunded", R"({"id":"ch_1","payment_intent":{"id":"pi_1"},"amount":1000,
                                                      "amount_refunded":400,"currency":"usd"})");
    EXPECT_EQ(charge.payment().refunded_total, (Money{400, "USD"}));
    EXPECT_EQ(charge.payment().ref, "pi_1") << "an expanded intent";
    EXPECT_EQ(stripe("charge.refunded", R"({"id":"ch_1","amount_refunded":400,"currency":"usd"})").payment().ref,
              "ch_1");
    const auto stage = [](const std::string& type, const std::string& status) {
        return stripe(type, R"({"id":"re_1","charge":"ch_1","payment_intent":"pi_1","amount":400,"currency":"usd",
                               "status":")" +
                                status + R"("})")
            .payment()
            .refund.value()
            .stage;
    };
    EXPECT_EQ(stage("refund.created", "pending"), RefundStage::pending);
    EXPECT_EQ(stage("refund.created", "requires_action"), RefundStage::pending);
    EXPECT_EQ(stage("refund.updated", "succeeded"), RefundStage::done);
    EXPECT_EQ(stage("charge.refund.updated", "failed"), RefundStage::failed);
    EXPECT_EQ(stage("refund.updated", "canceled"), RefundStage::failed);
    EXPECT_EQ(stage("refund.failed", "succeeded"), RefundStage::failed);
}

TEST(StripeEvent, AReferenceOfTheShopCountsIfItIsOurs) {
    const auto token = std::string(43, 'A') + ".1";
    const auto reference = [&](const std::string& text) {
        return stripe("checkout.session.expired", R"({"id":"cs_1","client_reference_id":")" + text + R"("})");
    };
    EXPECT_EQ(reference(token).event.subject.booking_token, token);
    EXPECT_EQ(reference("01900000-0000-8000-8000-000000000001").event.subject.booking_id,
              "01900000-0000-8000-8000-000000000001");
    EXPECT_FALSE(reference("order 17").event.subject.is_named());
}

TEST(StripeEvent, IgnoresWhatChangesNothing) {
    EXPECT_NE(stripe("customer.created", "{}").event.ignored, "");
    EXPECT_NE(
        read(options(Payload::stripe), R"({"id":"evt_1","object":"v2.core.event","type":"payment_intent.succeeded"})")
            .event.ignored,
        "");
}

TEST(StripeEvent, RefusesWhatIsNone) {
    EXPECT_EQ(outcome(Payload::stripe, "[]"), refused);
    EXPECT_EQ(outcome(Payload::stripe, R"({"type":"a"})"), refused);
    EXPECT_EQ(outcome(Payload::stripe, R"({"id":"evt_1"})"), refused);
    EXPECT_EQ(outcome(Payload::stripe, R"({"id":"evt_1","type":"payment_intent.succeeded"})"), refused);
    EXPECT_EQ(outcome(Payload::stripe, R"({"id":"e","type":"payment_intent.succeeded","data":{"object":[]}})"),
              refused);
    EXPECT_EQ(outcome(Payload::stripe, R"({"id":"e","type":"payment_intent.succeeded","data":{"object":{}}})"),
              refused);
    EXPECT_EQ(outcome(Payload::stripe, R"({"id":"e","type":"refund.created","data":{"object":{"id":"re_1"}}})"),
              refused);
    EXPECT_EQ(
        outcome(Payload::stripe, R"({"id":"e","type":"refund.created","data":{"object":{"payment_intent":"pi_1"}}})"),
        refused);
}

TEST(StripeEvent, AnAmountThatIsNoneIsAProblem) {
    for (const std::string amount : {"\"x\"", "-5", "1.5", "true", "null"}) {
        const Read read =
            stripe("payment_intent.succeeded", R"({"id":"pi_1","amount_received":)" + amount + R"(,"currency":"usd"})");
        EXPECT_EQ(read.payment().captured, std::nullopt) << amount;
        EXPECT_NE(read.payment().problem, "") << amount;
    }
    EXPECT_NE(stripe("payment_intent.succeeded", R"({"id":"pi_1","amount":5})").payment().problem, "");
}

// Airwallex

TEST(AirwallexEvent, ReadsMajorUnitsExactly) {
    const Read read = airwallex("payment_intent.succeeded",
                                R"({"id":"int_1","amount":20.5,"captured_amount":16.66,"currency":"USD"})");
    EXPECT_EQ(read.payment().captured, (Money{1666, "USD"}));
    EXPECT_EQ(read.payment().ref, "int_1");
    EXPECT_EQ(read.event.account, "acct_1");
    EXPECT_EQ(read.event.occurred_at, "2026-11-21T12:00:00+0000");
    EXPECT_EQ(
        airwallex("payment_intent.succeeded", R"({"id":"int_1","amount":16.66,"currency":"USD"})").payment().captured,
        (Money{1666, "USD"}));
    EXPECT_NE(
        airwallex("payment_intent.succeeded", R"({"id":"int_1","amount":16.655,"currency":"USD"})").payment().problem,
        "");
}

TEST(AirwallexEvent, TheOtherSpellings) {
    const Read read = core::read(
        options(Payload::airwallex),
        R"({"id":"evt_1","name":"payment_intent.cancelled","accountId":"acct_2","createdAt":"2026-11-21T12:00:00Z",
            "data":{"id":"int_1","merchant_order_id":"01900000-0000-8000-8000-000000000001"}})");
    EXPECT_EQ(read.event.account, "acct_2");
    EXPECT_TRUE(read.payment().failed);
    EXPECT_EQ(read.event.subject.booking_id, "01900000-0000-8000-8000-000000000001");
}

TEST(AirwallexEvent, WhatEachNameMeans) {
    EXPECT_TRUE(airwallex("payment_intent.payment_failed", R"({"id":"int_1"})").payment().failed);
    EXPECT_FALSE(airwallex("payment_intent.pending", R"({"id":"int_1"})").payment().failed);
    EXPECT_TRUE(airwallex("payment_dispute.requires_response", R"({"id":"dst_1","payment_intent_id":"int_1"})")
                    .payment()
                    .disputed);
    EXPECT_EQ(airwallex("payment_link.paid", R"({"id":"pl_1","latest_successful_payment_intent_id":"int_1",
                                                 "amount":10,"currency":"USD"})")
                  .payment()
                  .ref,
              "int_1");
    const Read link = airwallex("payment_link.paid", R"({"id":"pl_1","amount":10,"currency":"USD"})");
    EXPECT_EQ(link.payment().ref, "") << "a link is no payment";
    EXPECT_FALSE(link.payment().captured.has_value()) << "its intent tells what has arrived";
    for (const std::string name : {"payment_attempt.authorization_failed", "payment_attempt.paid", "customer.created",
                                   "payment_intent.created", "payment.succeeded", "payment.failed", "payment.new"}) {
        EXPECT_NE(airwallex(name, R"({"id":"x"})").event.ignored, "") << name;
    }
}

TEST(AirwallexEvent, LegacyNamesOnDemand) {
    SourceOptions legacy = options(Payload::airwallex);
    legacy.legacy_event_names = true;
    EXPECT_EQ(
        airwallex("payment.succeeded", R"({"id":"int_1","amount":10,"currency":"USD"})", legacy).payment().captured,
        (Money{1000, "USD"}));
    EXPECT_TRUE(airwallex("payment.failed", R"({"id":"int_1"})", legacy).payment().failed);
    EXPECT_NE(airwallex("payment.new", R"({"id":"int_1"})", legacy).event.ignored, "");
}

TEST(AirwallexEvent, Refunds) {
    const auto stage = [](const std::string& name, SourceOptions made = options(Payload::airwallex)) {
        const Read read =
            airwallex(name, R"({"id":"rfd_1","payment_intent_id":"int_1","amount":4,"currency":"USD"})", made);
        EXPECT_EQ(read.payment().ref, "int_1");
        EXPECT_EQ(read.payment().refund.value().ref, "rfd_1");
        EXPECT_EQ(read.payment().refund.value().amount, (Money{400, "USD"}));
        return read.payment().refund.value().stage;
    };
    EXPECT_EQ(stage("refund.received"), RefundStage::pending);
    EXPECT_EQ(stage("refund.accepted"), RefundStage::pending);
    EXPECT_EQ(stage("refund.processing"), RefundStage::pending);
    EXPECT_EQ(stage("refund.settled"), RefundStage::done);
    EXPECT_EQ(stage("refund.succeeded"), RefundStage::done);
    EXPECT_EQ(stage("refund.failed"), RefundStage::failed);
    SourceOptions at_once = options(Payload::airwallex);
    at_once.refund_on_received = true;
    EXPECT_EQ(stage("refund.received", at_once), RefundStage::done);
    EXPECT_EQ(stage("refund.accepted", at_once), RefundStage::pending);
}

TEST(AirwallexEvent, RefusesWhatIsNone) {
    EXPECT_EQ(outcome(Payload::airwallex, R"({"id":"e"})"), refused);
    EXPECT_EQ(outcome(Payload::airwallex, R"({"name":"payment_intent.succeeded","data":{"id":"x"}})"), refused);
    EXPECT_EQ(outcome(Payload::airwallex, R"({"id":"e","name":"payment_intent.succeeded"})"), refused);
    EXPECT_EQ(outcome(Payload::airwallex, R"({"id":"e","name":"payment_intent.succeeded","data":{"object":{}}})"),
              refused);
    EXPECT_EQ(outcome(Payload::airwallex, R"({"id":"e","name":"refund.settled","data":{"object":{"id":"r"}}})"),
              refused);
}

// Cal.com

const std::string appointment = R"("uid":"u1","bookingId":17,"startTime":"2026-12-01T10:00:00Z",
    "endTime":"2026-12-01T11:00:00Z","metadata":{"booking_token":"t","videoCallUrl":"https://meet.example/1"})";

TEST(CalcomEvent, WhatEachTriggerMeans) {
    const auto status = [](const std::string& trigger) {
        return calcom(trigger, "{" + appointment + "}").calendar().status;
    };
    EXPECT_EQ(status("BOOKING_CREATED"), CalendarStatus::accepted);
    EXPECT_EQ(status("BOOKING_RESCHEDULED"), CalendarStatus::accepted);
    EXPECT_EQ(status("BOOKING_REQUESTED"), CalendarStatus::requested);
    EXPECT_EQ(status("BOOKING_REJECTED"), CalendarStatus::rejected);
    EXPECT_EQ(status("BOOKING_CANCELLED"), CalendarStatus::cancelled);
    for (const std::string trigger : {"BOOKING_PAID", "BOOKING_PAYMENT_INITIATED", "MEETING_ENDED", "PING"}) {
        EXPECT_NE(calcom(trigger, "{" + appointment + "}").event.ignored, "") << trigger;
    }
}

TEST(CalcomEvent, CarriesTheAppointment) {
    const Read read = calcom("BOOKING_RESCHEDULED", "{" + appointment + R"(,"rescheduleUid":"u0"})");
    EXPECT_EQ(read.event.external_id, "BOOKING_RESCHEDULED:u1:2026-11-21T12:00:00.000Z");
    EXPECT_EQ(read.event.subject.booking_token, "t");
    EXPECT_EQ(read.event.subject.booking_id, "") << "ids are no secret";
    EXPECT_EQ(read.event.subject.reservation_id, "");
    EXPECT_EQ(read.calendar().uid, "u1");
    EXPECT_EQ(read.calendar().old_uid, "u0");
    EXPECT_EQ(read.calendar().id, "17");
    EXPECT_EQ(read.calendar().start, "2026-12-01T10:00:00Z");
    EXPECT_EQ(read.calendar().meeting_url, "https://meet.example/1");
    EXPECT_FALSE(read.calendar().wants_another_time);
    EXPECT_TRUE(
        calcom("BOOKING_CANCELLED", "{" + appointment + R"(,"requestReschedule":true})").calendar().wants_another_time);
    EXPECT_EQ(calcom("BOOKING_CREATED", R"({"uid":"u","startTime":"2026-12-01T10:00:00Z",
        "endTime":"2026-12-01T11:00:00Z","location":"https://zoom.example/2"})")
                  .calendar()
                  .meeting_url,
              "https://zoom.example/2");
    for (const std::string url :
         {"javascript:alert(1)", "http://meet.example/1", "https://a b", "https://a'b", "HTTPS:/x"}) {
        EXPECT_EQ(calcom("BOOKING_CREATED", R"({"uid":"u","startTime":"2026-12-01T10:00:00Z",
            "endTime":"2026-12-01T11:00:00Z","location":"x","metadata":{"videoCallUrl":")" +
                                                url + R"("}})")
                      .calendar()
                      .meeting_url,
                  "")
            << url;
    }
    EXPECT_EQ(calcom("BOOKING_CREATED", R"({"uid":"u","startTime":"2026-12-01T10:00:00Z",
        "endTime":"2026-12-01T11:00:00Z","location":"integrations:daily"})")
                  .calendar()
                  .meeting_url,
              "");
}

TEST(CalcomEvent, APingIsIgnored) {
    EXPECT_NE(calcom("BOOKING_CREATED", R"({"title":"test"})").event.ignored, "");
    EXPECT_NE(read(options(Payload::calcom), R"({"triggerEvent":"PING","createdAt":"x"})").event.ignored, "");
}

TEST(CalcomEvent, RefusesWhatIsNone) {
    EXPECT_EQ(outcome(Payload::calcom, "{}"), refused);
    EXPECT_EQ(outcome(Payload::calcom, R"({"triggerEvent":"BOOKING_CREATED","payload":{"uid":"u"}})"), refused);
    EXPECT_EQ(outcome(Payload::calcom, R"({"triggerEvent":"BOOKING_CREATED","createdAt":"2026-11-21T12:00:00Z",
        "payload":{"uid":"u","startTime":"tomorrow","endTime":"2026-12-01T11:00:00Z"}})"),
              refused);
}

// The simple form

TEST(PaymentEvent, UnderstandsItsWords) {
    for (const std::string word : {"succeeded", "paid", "completed"}) {
        EXPECT_EQ(simple("payment." + word, R"({"id":"p1","amount":"10.50","currency":"EUR"})").payment().captured,
                  (Money{1050, "EUR"}))
            << word;
    }
    for (const std::string word : {"failed", "cancelled", "canceled", "expired", "declined"}) {
        EXPECT_TRUE(simple("payment." + word, R"({"id":"p1"})").payment().failed) << word;
    }
    EXPECT_FALSE(simple("payment.pending", R"({"id":"p1"})").payment().failed);
    EXPECT_NE(simple("payment.shipped", R"({"id":"p1"})").event.ignored, "");
    EXPECT_NE(simple("refund.shipped", R"({"id":"p1"})").event.ignored, "");
    EXPECT_NE(simple("invoice.paid", R"({"id":"p1"})").event.ignored, "");
    EXPECT_NE(simple("payment", R"({"id":"p1"})").event.ignored, "");
}

TEST(PaymentEvent, TakesMajorOrMinorUnitsWithOrWithoutAnObject) {
    EXPECT_EQ(
        simple("payment.succeeded", R"({"object":{"id":"p1","amount":10.5,"currency":"EUR"}})").payment().captured,
        (Money{1050, "EUR"}));
    EXPECT_EQ(simple("payment.succeeded", R"({"id":"p1","amount_minor":1050,"amount":99,"currency":"EUR"})")
                  .payment()
                  .captured,
              (Money{1050, "EUR"}));
    EXPECT_NE(simple("payment.succeeded", R"({"id":"p1","currency":"EUR"})").payment().problem, "");
}

TEST(PaymentEvent, ARefundNamesItsPaymentOrItsBooking) {
    const Read named = simple("refund.received", R"({"id":"r1","payment_id":"p1","amount":4,"currency":"EUR"})");
    EXPECT_EQ(named.payment().ref, "p1");
    EXPECT_EQ(named.payment().refund.value().stage, RefundStage::done);
    const Read by_token = simple("refund.received", R"({"id":"r1","metadata":{"booking_token":"t"}})");
    EXPECT_EQ(by_token.payment().ref, "");
    EXPECT_EQ(by_token.payment().refund.value().amount, std::nullopt) << "all of it";
    SourceOptions later = options(Payload::payment);
    later.refund_on_received = false;
    EXPECT_EQ(simple("refund.received", R"({"id":"r1","payment_id":"p1"})", later).payment().refund.value().stage,
              RefundStage::pending);
    EXPECT_EQ(simple("refund.failed", R"({"id":"r1","payment_id":"p1"})").payment().refund.value().stage,
              RefundStage::failed);
    EXPECT_EQ(simple("refund.processing", R"({"id":"r1","payment_id":"p1"})").payment().refund.value().stage,
              RefundStage::pending);
    EXPECT_EQ(outcome(Payload::payment, R"({"type":"refund.received","data":{"id":"r1"}})"), refused);
    EXPECT_EQ(outcome(Payload::payment, R"({"type":"refund.received","data":{"payment_id":"p1"}})"), refused);
    EXPECT_EQ(outcome(Payload::payment, R"({"type":"payment.succeeded","data":{"amount":1}})"), refused);
    EXPECT_EQ(outcome(Payload::payment, R"({"data":{"id":"p1"}})"), refused);
    EXPECT_EQ(outcome(Payload::payment, R"({"type":"payment.succeeded"})"), refused);
    EXPECT_EQ(outcome(Payload::payment, R"({"type":"payment.shipped"})"), "accepted") << "which says nothing";
}

// What every provider has in common

TEST(ProviderEvent, BelongsToItsModeAndAccount) {
    ProviderEvent event;
    SourceOptions made = options(Payload::stripe);
    EXPECT_EQ(mismatch_of(event, made), "");
    made.livemode = true;
    EXPECT_NE(mismatch_of(event, made), "") << "an event that does not say is not live";
    event.livemode = false;
    EXPECT_NE(mismatch_of(event, made), "");
    event.livemode = true;
    EXPECT_EQ(mismatch_of(event, made), "");
    made.account = "acct_1";
    EXPECT_NE(mismatch_of(event, made), "");
    event.account = "acct_1";
    EXPECT_EQ(mismatch_of(event, made), "");
}

TEST(ProviderEvent, TimesOfTheEpoch) {
    const auto at = [](const std::string& seconds) {
        return read(options(Payload::stripe), R"({"id":"e","type":"x","created":)" + seconds + "}").event.occurred_at;
    };
    EXPECT_EQ(at("0"), "1970-01-01T00:00:00Z");
    EXPECT_EQ(at("951782400"), "2000-02-29T00:00:00Z");
    EXPECT_EQ(at("4107542399"), "2100-02-28T23:59:59Z");
    EXPECT_EQ(at("4107542400"), "2100-03-01T00:00:00Z") << "2100 has no 29 February";
    EXPECT_EQ(at("253402300799"), "9999-12-31T23:59:59Z");
    EXPECT_EQ(at("253402300800"), "");
    EXPECT_EQ(at("-1"), "");
    EXPECT_EQ(at("1.5"), "");
}

TEST(ProviderEvent, TextsAreShortAndPrintable) {
    EXPECT_EQ(outcome(Payload::stripe, R"({"id":")" + std::string(501, 'a') + R"(","type":"x"})"), refused);
    EXPECT_EQ(outcome(Payload::stripe, R"({"id":")" + std::string(500, 'a') + R"(","type":"x"})"), "accepted");
    EXPECT_EQ(outcome(Payload::stripe, R"({"id":"a\nb","type":"x"})"), refused);
}

} // namespace

} // namespace pgbk::core
