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
    for (const char* code : {"BK001", "BK103", "BK212", "BK301", "22P02", "22P05", "22023"}) {
        EXPECT_EQ(status_of_refusal(code), 400) << code;
    }
    for (const char* code : {"BK401", "BK901", "57014", "40001", "42883", "42501", "53300", "", "XX000", "BK"}) {
        EXPECT_EQ(status_of_refusal(code), 503) << code;
    }
}

} // namespace

} // namespace pgbk::relay
