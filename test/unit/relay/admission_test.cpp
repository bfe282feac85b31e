#include "inbound/admission.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

TEST(Bears, TheExactSecretOnly) {
    EXPECT_TRUE(bears("Bearer s3cret", "s3cret"));
    EXPECT_TRUE(bears("bearer s3cret", "s3cret")) << "schemes have no case";
    for (const char* header : {"", "Bearer", "Bearer ", "s3cret", "Basic s3cret", "Bearer s3cre", "Bearer s3crets",
                               "Bearer S3cret", "Bearer  s3cret", "Bearer s3cret ", "Bearers3cret"}) {
        EXPECT_FALSE(bears(header, "s3cret")) << header;
    }
    EXPECT_FALSE(bears("Bearer ", "")) << "no secret, no entry";
}

TEST(IsJson, WithParametersOrWithout) {
    for (const char* type : {"application/json", "Application/JSON", "application/json; charset=utf-8",
                             "application/json ;charset=utf-8"}) {
        EXPECT_TRUE(is_json(type)) << type;
    }
    for (const char* type : {"", "text/json", "application/jsonp", "application/x-www-form-urlencoded",
                             "application/json, text/plain", " application/json"}) {
        EXPECT_FALSE(is_json(type)) << type;
    }
}

TEST(StatusOfRefusal, TellsTheEventFromTheDay) {
    for (const char* code : {"BK001", "BK103", "BK212", "BK301", "BK612", "22P02", "22P05", "22023"}) {
        EXPECT_EQ(status_of_refusal(code), 400) << code;
    }
    for (const char* code : {"BK401", "BK901", "57014", "40001", "42883", "42501", "53300", "", "XX000", "BK"}) {
        EXPECT_EQ(status_of_refusal(code), 503) << code;
    }
}

TEST(StatusOfWebhookRefusal, SaysWhetherToSendItAgain) {
    for (const char* malformed : {"BK701", "BK703", "BK799", "22P02", "22P05"}) {
        EXPECT_EQ(status_of_webhook_refusal(malformed), 400) << malformed;
    }
    EXPECT_EQ(status_of_webhook_refusal("BK702"), 404) << "the source has gone";
    for (const char* later : {"", "BK401", "BK001", "BK201", "BK301", "BK901", "BK7", "40001", "42501", "42883",
                              "53300", "55P03", "57014", "57P01", "XX000"}) {
        EXPECT_EQ(status_of_webhook_refusal(later), 503) << later;
    }
}

} // namespace

} // namespace pgbk::relay
