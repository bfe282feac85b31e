#include "providers/custom.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

ProviderCall call() {
    ProviderCall out;
    out.id = "c1";
    out.organization = 3;
    out.action = "create_payment";
    out.request = {{"amount_minor", 5000}};
    out.idempotency_key = "key";
    return out;
}

ProviderAccount account() {
    return {3, "custom", "https://a", {{"secret", "s3cret"}}, "https://site", {}};
}

ProviderAnswer answer(int status, std::string body = {}) {
    ProviderAnswer out;
    out.status = status;
    out.body = std::move(body);
    out.complete = status != 0;
    return out;
}

std::string ending(const ProviderAnswer& answer) {
    const ProviderStep step = Custom().proceed(call(), account(), {}, answer);
    return std::holds_alternative<Done>(step)        ? "done"
           : std::holds_alternative<Retry>(step)     ? "retry"
           : std::holds_alternative<Ambiguous>(step) ? "ambiguous"
           : std::holds_alternative<Refused>(step)   ? "refused"
                                                     : "something else";
}

TEST(CustomProvider, TakesCallsAsTheyAre) {
    const ProviderStep step = Custom().begin(call(), account());
    const auto& request = std::get<ProviderRequest>(step);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/calls");
    EXPECT_EQ(request.headers, (std::vector<std::pair<std::string, std::string>>{{"Authorization", "Bearer s3cret"},
                                                                                 {"Content-Type", "application/json"},
                                                                                 {"Idempotency-Key", "key"}}));
    EXPECT_EQ(json::parse(request.body), (json::value{{"call_id", "c1"},
                                                      {"organization_id", 3},
                                                      {"action", "create_payment"},
                                                      {"site_url", "https://site"},
                                                      {"request", {{"amount_minor", 5000}}}}));
}

TEST(CustomProvider, AnswersWithFacts) {
    const ProviderStep step = Custom().proceed(call(), account(), {}, answer(200, R"({"url": "https://p"})"));
    EXPECT_EQ(std::get<Done>(step).facts, (json::object{{"url", "https://p"}}));
    EXPECT_EQ(ending(answer(200, "[]")), "ambiguous") << "it may have done it";
    EXPECT_EQ(ending(answer(200, "{")), "ambiguous");
    ProviderAnswer cut = answer(200, "{}");
    cut.complete = false;
    EXPECT_EQ(ending(cut), "ambiguous");
}

TEST(CustomProvider, MaySayNo) {
    EXPECT_EQ(ending(answer(422)), "refused");
    EXPECT_EQ(ending(answer(400)), "refused");
    EXPECT_EQ(ending(answer(401)), "retry") << "the key will be put right";
    EXPECT_EQ(ending(answer(404)), "retry");
    EXPECT_EQ(ending(answer(500)), "ambiguous");
    EXPECT_EQ(ending(answer(302)), "ambiguous");
    EXPECT_EQ(ending(answer(409)), "ambiguous");
    EXPECT_EQ(ending(answer(0)), "ambiguous");
    ProviderAnswer not_sent = answer(0);
    not_sent.sent = false;
    EXPECT_EQ(ending(not_sent), "retry");
}

TEST(CustomProvider, MayAskForTime) {
    ProviderAnswer busy = answer(429);
    busy.retry_after = 9s;
    const ProviderStep step = Custom().proceed(call(), account(), {}, busy);
    EXPECT_EQ(std::get<Retry>(step).after, 9s);
    EXPECT_TRUE(std::get<Retry>(step).holds_account);
}

} // namespace

} // namespace pgbk::relay
