#include "outbound/delivery.hpp"
#include "outbound/facts.hpp"
#include "outbound/request.hpp"
#include "outbound/signature.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>

namespace pgbk::relay {

namespace {

using namespace std::chrono_literals;

ClaimedRow row(const std::string& id, const std::string& request_id, bool batched, const std::string& body) {
    ClaimedRow out;
    out.delivery_id = id;
    out.lease_token = "7";
    out.request_id = request_id;
    out.batched = batched;
    out.timeout_ms = 20'000;
    out.event_type = "booking.created";
    out.attempt = 1;
    out.occurred_at = 100;
    out.body = body;
    return out;
}

Dispatch dispatch(const std::string& secrets, const std::string& headers = "{}") {
    Dispatch out;
    out.request_id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    out.url = "https://example.com/hook";
    out.event_type = "booking.created";
    out.attempt = 2;
    out.body = R"({"test": 2432232314})";
    out.secrets = secrets;
    out.headers = headers;
    out.allowed_networks = "[]";
    return out;
}

std::string header(const PreparedRequest& request, const std::string& name) {
    std::string found;
    for (const auto& line : request.headers) {
        if (line.starts_with(name + ": ")) {
            EXPECT_EQ(found, "") << name << " twice";
            found = line.substr(name.size() + 2);
        }
    }
    return found;
}

constexpr const char* standard = R"({"scheme":"standard","secret":"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})";

TEST(Dispatches, AreOneForEachRowThatIsNoBatch) {
    const auto out = group_into_dispatches({row("a", "1", false, "{}"), row("b", "2", false, "{}")});
    ASSERT_EQ(out.size(), 2U);
    EXPECT_EQ(out[0].leases.at(0).delivery_id, "a");
    EXPECT_EQ(out[0].body, "{}");
    EXPECT_EQ(out[1].leases.at(0).token, "7");
}

TEST(Dispatches, JoinABatch) {
    auto rows = std::vector{row("a", "1", true, "{\"n\":1}"), row("b", "1", true, "{\"n\":2}"),
                            row("c", "2", true, "{\"n\":3}"), row("d", "3", false, "{\"n\":4}")};
    rows[1].occurred_at = 50;
    rows[1].attempt = 3;
    const auto out = group_into_dispatches(rows);
    ASSERT_EQ(out.size(), 3U);
    EXPECT_EQ(out[0].body, R"([{"n":1},{"n":2}])");
    EXPECT_EQ(out[0].leases.size(), 2U);
    EXPECT_EQ(out[0].occurred_at, 50);
    EXPECT_EQ(out[0].attempt, 3);
    EXPECT_EQ(out[0].event_type, "booking.created");
    EXPECT_EQ(out[1].body, R"([{"n":3}])") << "a batch of one is an array as well";
    EXPECT_EQ(out[2].body, R"({"n":4})");
}

TEST(Dispatches, CallAMixedBatchABatch) {
    auto rows = std::vector{row("a", "1", true, "1"), row("b", "1", true, "2")};
    rows[1].event_type = "booking.paid";
    EXPECT_EQ(group_into_dispatches(rows).at(0).event_type, "batch");
    EXPECT_TRUE(group_into_dispatches({}).empty());
}

TEST(Lease, MustLastForTheTimeoutAndFiveSeconds) {
    EXPECT_TRUE(lease_suffices(20s, 25s));
    EXPECT_FALSE(lease_suffices(20s, 24'999ms));
    EXPECT_TRUE(lease_suffices(2s, 7s));
    EXPECT_EQ(timeout_within(20s, 60s), 20s);
    EXPECT_EQ(timeout_within(60s, 60s), 50s) << "what would never fit is cut";
    EXPECT_TRUE(lease_suffices(timeout_within(600s, 60s), 59s));
}

TEST(Request, IsSignedWithEveryKey) {
    const std::string other = R"({"scheme":"standard","secret":"whsec_AAAA"})";
    const auto request =
        prepare_request(dispatch(std::string("[") + standard + "," + other + "]"), "1.2.3", 1'614'265'330);
    EXPECT_EQ(request.error_class, "");
    const std::string second = standard_signature(std::string(3, '\0'), "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
                                                  R"({"test": 2432232314})");
    EXPECT_EQ(header(request, "webhook-signature"), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= " + second);
    EXPECT_EQ(header(request, "webhook-id"), "msg_p5jXN8AQM9LWM0D4loKWxJek");
    EXPECT_EQ(header(request, "webhook-timestamp"), "1614265330");
    EXPECT_EQ(header(request, "webhook-attempt"), "2");
    EXPECT_EQ(header(request, "webhook-event"), "booking.created");
    EXPECT_EQ(header(request, "user-agent"), "booking-relay/1.2.3");
    EXPECT_EQ(header(request, "content-type"), "application/json");
}

TEST(Request, CarriesTheOtherSchemes) {
    const auto request = prepare_request(
        dispatch(R"([{"scheme":"bearer","secret":"new"},{"scheme":"bearer","secret":"old"},)"
                 R"({"scheme":"make_apikey","secret":"key"},)"
                 R"({"scheme":"hmac","secret":"s","header":"X-Hub-Signature-256","prefix":"sha256=","encoding":"hex"},)"
                 R"({"scheme":"hmac","secret":"s","header":"X-Other","prefix":"","encoding":"base64"}])"),
        "1", 0);
    EXPECT_EQ(request.error_class, "");
    EXPECT_EQ(header(request, "authorization"), "Bearer new") << "one value only: the newest";
    EXPECT_EQ(header(request, "x-make-apikey"), "key");
    EXPECT_EQ(header(request, "X-Hub-Signature-256"),
              "sha256=" + body_signature("s", R"({"test": 2432232314})", DigestEncoding::hex));
    EXPECT_EQ(header(request, "X-Other"), body_signature("s", R"({"test": 2432232314})", DigestEncoding::base64));
    EXPECT_EQ(header(request, "webhook-signature"), "");
}

TEST(Request, KeepsItsOwnHeadersBeforeTheEndpoints) {
    const auto request = prepare_request(
        dispatch("[]",
                 R"({"X-Tenant":"7","Webhook-Id":"forged","HOST":"elsewhere","Content-Length":"1","X-Empty":""})"),
        "1", 0);
    EXPECT_EQ(request.error_class, "");
    EXPECT_EQ(header(request, "X-Tenant"), "7");
    EXPECT_EQ(header(request, "webhook-id"), "msg_p5jXN8AQM9LWM0D4loKWxJek");
    const auto has = [&](const std::string& line) {
        return std::find(request.headers.begin(), request.headers.end(), line) != request.headers.end();
    };
    EXPECT_FALSE(has("Webhook-Id: forged"));
    EXPECT_FALSE(has("HOST: elsewhere"));
    EXPECT_FALSE(has("Content-Length: 1"));
    EXPECT_TRUE(has("X-Empty;"));
}

TEST(Request, IsNotMadeFromWhatWouldForgeHeaders) {
    const auto injected = prepare_request(dispatch("[]", R"({"X-A":"b\r\nX-C: hidden"})"), "1", 0);
    EXPECT_EQ(injected.error_class, "internal");
    EXPECT_EQ(injected.error, "the value of header X-A is not valid");
    EXPECT_EQ(prepare_request(dispatch("[]", R"({"X A":"b"})"), "1", 0).error_class, "internal");
    const auto secret = prepare_request(dispatch(R"([{"scheme":"bearer","secret":"hid\nden"}])"), "1", 0);
    EXPECT_EQ(secret.error_class, "internal");
    EXPECT_EQ(secret.error.find("hid"), std::string::npos);
    EXPECT_EQ(prepare_request(dispatch(R"([{"scheme":"standard","secret":"whsec_!"}])"), "1", 0).error_class,
              "internal");
    EXPECT_EQ(prepare_request(dispatch(R"([{"scheme":"rot13","secret":"x"}])"), "1", 0).error_class, "internal");
    EXPECT_EQ(prepare_request(dispatch("nonsense"), "1", 0).error_class, "internal");
}

TEST(Request, GoesToHttpAndHttpsOnly) {
    for (const char* url : {"", "nonsense", "http://", "file:///etc/passwd", "ftp://example.com/", "//example.com/"}) {
        auto given = dispatch("[]");
        given.url = url;
        EXPECT_EQ(prepare_request(given, "1", 0).error_class, "blocked") << url;
    }
}

TEST(Request, ReadsAllowedNetworks) {
    auto given = dispatch("[]");
    given.allowed_networks = R"(["127.0.0.0/8","::1/128"])";
    EXPECT_EQ(prepare_request(given, "1", 0).allowed.size(), 2U);
    given.allowed_networks = R"(["lan"])";
    EXPECT_EQ(prepare_request(given, "1", 0).error_class, "internal");
}

TEST(Request, HasFiveMebibytesAtMost) {
    auto given = dispatch("[]");
    given.body.assign(largest_request_body, 'x');
    EXPECT_EQ(prepare_request(given, "1", 0).error_class, "");
    given.body += 'x';
    EXPECT_EQ(prepare_request(given, "1", 0).error_class, "too_large");
}

TEST(Results, AreFactsOrReturned) {
    auto facts = std::make_shared<Facts>();
    facts->started_at = std::chrono::system_clock::time_point(1'700'000'000'123'456us);
    facts->http_status = 503;
    facts->total_ms = 12.3456789;
    facts->retry_after_seconds = 7;
    facts->remote_address = "1.2.3.4";
    facts->response_headers = {{"server", "x"}};
    facts->response_body = "busy \"now\"";
    const std::vector<Result> results{{{"a", "5"}, facts, {}}, {{"b", "6"}, nullptr, {}}};
    const auto json = boost::json::parse(results_json(results)).as_array();
    ASSERT_EQ(json.size(), 2U);
    EXPECT_EQ(boost::json::serialize(json[0]),
              R"({"started_at":"2023-11-14T22:13:20.123456Z","http_status":503,"error_class":null,"error":null,)"
              R"("dns_ms":null,"connect_ms":null,"tls_ms":null,"first_byte_ms":null,"total_ms":1.2346E1,)"
              R"("remote_address":"1.2.3.4","response_headers":{"server":"x"},"response_body":"busy \"now\"",)"
              R"("response_truncated":false,"retry_after_seconds":7,"delivery_id":"a","lease_token":5})");
    EXPECT_EQ(boost::json::serialize(json[1]), R"({"returned":true,"delivery_id":"b","lease_token":6})");
}

// A result for each number: that of its request.
std::deque<Result> of_requests(const std::vector<std::uint64_t>& requests) {
    std::deque<Result> out;
    for (const auto request : requests) {
        out.push_back({{"a", "5"}, nullptr, {}, 0, request});
    }
    return out;
}

TEST(Results, OfOneRequestAreReportedTogether) {
    EXPECT_EQ(results_to_report({}, 256), 0U);
    EXPECT_EQ(results_to_report(of_requests({1, 2, 3}), 256), 3U);
    EXPECT_EQ(results_to_report(of_requests({1, 2, 3}), 2), 2U);
    EXPECT_EQ(results_to_report(of_requests({1, 2, 2, 3}), 2), 1U) << "the batch would be cut";
    EXPECT_EQ(results_to_report(of_requests({1, 2, 2, 3}), 3), 3U);
    EXPECT_EQ(results_to_report(of_requests({2, 2, 2, 3}), 1), 3U) << "a batch is larger than the report";
    EXPECT_EQ(results_to_report(of_requests({2, 2, 2}), 1), 3U);
    EXPECT_EQ(results_to_report(of_requests({2, 2, 2, 3}), 256), 4U);
    EXPECT_EQ(results_to_report(of_requests({1, 2}), 1), 1U);
}

TEST(Results, ThatWaitHoldUpClaims) {
    const SteadyTime now{100s};
    const auto sent = std::make_shared<const Facts>();
    const Result good{{"a", "5"}, sent, now + 30s, 0, 1};
    const Result returned{{"b", "5"}, nullptr, now - 1s, 0, 2};
    Result refused{{"c", "5"}, sent, now + 30s, 1, 3, true};
    EXPECT_TRUE(may_claim_beside({}, now));
    EXPECT_FALSE(may_claim_beside({good}, now)) << "sent, and its lease may have run out on the server";
    EXPECT_TRUE(may_claim_beside({returned}, now)) << "never sent";
    EXPECT_TRUE(may_claim_beside({returned, refused}, now));
    EXPECT_FALSE(may_claim_beside({refused, good}, now)) << "the others are to be reported first";
    refused.lease_end = now;
    EXPECT_FALSE(may_claim_beside({refused}, now)) << "the next try may succeed";
    refused.tries = tries_before_giving_up;
    EXPECT_TRUE(may_claim_beside({refused}, now)) << "no try will";
    refused.alone = false;
    EXPECT_FALSE(may_claim_beside({refused}, now)) << "another may be to blame";
}

TEST(Results, HaveAClass) {
    Facts facts;
    facts.http_status = 204;
    EXPECT_EQ(result_class(facts), "2xx");
    facts.http_status = 599;
    EXPECT_EQ(result_class(facts), "5xx");
    facts.error_class = "dns";
    EXPECT_EQ(result_class(facts), "dns");
}

} // namespace

} // namespace pgbk::relay
