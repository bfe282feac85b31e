#include "providers/airwallex.hpp"
#include "talk.hpp"

namespace pgbk::relay {

namespace {

const Airwallex airwallex;

ProviderAccount account() {
    ProviderAccount account;
    account.organization = 7;
    account.provider = "airwallex";
    account.base_url = "https://api-demo.airwallex.com";
    account.keys["client_id"] = "client-1";
    account.keys["api_key"] = "very-secret-key";
    account.site_url = "https://shop.example";
    account.access_token = "token-of-the-login";
    return account;
}

constexpr const char* purchase = R"({"amount_minor": 1666, "currency": "USD", "title": "Single \"Session\"",
    "reference": "ACDE3467", "expires_at": "2026-11-21T10:10:00Z", "customer_email": "ada@example.com",
    "return_token": "tok.7", "metadata": {"booking_id": "01a1fd8c-0000-8000-8000-000000000007"}})";

Talk making(std::string_view request = purchase) {
    return Talk{airwallex, call_of("create_payment", request), account()};
}

std::string link(std::string_view more = "") {
    return R"({"id":"link-1","url":"https://pay-demo.airwallex.com/1","active":true,"reusable":false,)"
           R"("status":"UNPAID","amount":16.66,"currency":"USD","expires_at":"2026-11-21T10:10:00+0000",)"
           R"("metadata":{"payment_call":"01a1fd8c-6900-8000-8000-000000000007"})" +
           std::string(more) + "}";
}

Talk about_link(const char* action) {
    return Talk{airwallex,
                call_of(action, R"({"provider_ref":"link-1","reference":"ACDE3467","payment_call_id":")" +
                                    std::string(call_id) + R"(","amount_minor":1666,"currency":"USD"})"),
                account()};
}

constexpr const char* paid = R"(,"status":"PAID","latest_successful_payment_intent_id":"int_1")";
constexpr const char* intent =
    R"({"id":"int_1","status":"SUCCEEDED","amount":16.66,"captured_amount":16.66,"currency":"USD"})";

TEST(AirwallexRequest, HasEveryField) {
    const Talk talk = making().begin();
    const ProviderRequest& request = talk.request();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/api/v1/pa/payment_links/create");
    EXPECT_EQ(header_of(request, "Authorization"), "Bearer token-of-the-login");
    EXPECT_EQ(header_of(request, "Content-Type"), "application/json");
    EXPECT_EQ(request.headers.size(), 2U);
    EXPECT_EQ(request.body, R"({"request_id":"key-of-the-call","reusable":false,"title":"Single \"Session\"",)"
                            R"("amount":16.66,"currency":"USD","metadata":)"
                            R"({"booking_id":"01a1fd8c-0000-8000-8000-000000000007",)"
                            R"("payment_call":"01a1fd8c-6900-8000-8000-000000000007"},"reference":"ACDE3467",)"
                            R"("expires_at":"2026-11-21T10:10:00Z",)"
                            R"("return_url":"https://shop.example/book?token=tok.7&payment=success"})");
}

TEST(AirwallexRequest, HasAmountsInMajorUnits) {
    const auto amount = [](const char* money) {
        Talk talk = making(std::string(R"({"metadata":{"reservation_id":"x"},)") + money + "}").begin();
        const auto* const request = std::get_if<ProviderRequest>(&talk.step);
        const auto at = request == nullptr ? std::string::npos : request->body.find("\"amount\":");
        return at == std::string::npos ? std::string("refused")
                                       : request->body.substr(at + 9, request->body.find(',', at) - at - 9);
    };
    EXPECT_EQ(amount(R"("amount_minor":29,"currency":"EUR")"), "0.29");
    EXPECT_EQ(amount(R"("amount_minor":7,"currency":"EUR")"), "0.07");
    EXPECT_EQ(amount(R"("amount_minor":500,"currency":"JPY")"), "500");
    EXPECT_EQ(amount(R"("amount_minor":1235,"currency":"KWD")"), "1.235");
    EXPECT_EQ(amount(R"("amount_minor":999999999999999,"currency":"EUR")"), "9999999999999.99");
    EXPECT_EQ(amount(R"("amount_minor":0,"currency":"EUR")"), "refused");
    EXPECT_EQ(amount(R"("amount_minor":-1,"currency":"EUR")"), "refused");
    EXPECT_EQ(amount(R"("amount_minor":1,"currency":"XXX")"), "refused");
}

TEST(AirwallexRequest, IsMadeAgainOnlyIfThereIsNoLink) {
    Talk talk = making();
    talk.call.uncertain = true;
    EXPECT_EQ(talk.begin().request().path,
              "/api/v1/pa/payment_links?from_created_at=2026-11-21T09%3A55%3A00Z&page_num=0&page_size=100");
    EXPECT_EQ(talk.request().method, "GET");
    Talk other = making();
    other.call.uncertain = true;
    EXPECT_EQ(other.begin().answer(200, R"({"items":[],"has_more":false})").request().body,
              making().begin().request().body);
    EXPECT_TRUE(other.answer(400, "{}").end<Refused>().is_certain);
    EXPECT_EQ(
        talk.answer(200, R"({"items":[{"id":"link-0","url":"https://a/","metadata":{"payment_call":"another"}},)" +
                             link() + "]}")
            .facts(),
        making().begin().answer(201, link()).facts());
}

TEST(AirwallexSearch, GoesOnThroughTheList) {
    Talk talk = making();
    talk.call.uncertain = true;
    talk.begin();
    for (int i = 1; i < 5; ++i) {
        talk.answer(200, R"({"items":[{"id":"link-0"}],"has_more":true})");
        EXPECT_NE(talk.request().path.find("page_num=" + std::to_string(i) + "&"), std::string::npos);
    }
    talk.answer(200, R"({"items":[{"id":"link-0"}],"has_more":true})");
    EXPECT_NO_FATAL_FAILURE(talk.end<Ambiguous>());
}

TEST(AirwallexSearch, ThatFailsSaysNothing) {
    for (const auto& [status, body] : {std::pair(429, std::string()), std::pair(500, std::string()),
                                       std::pair(400, std::string("{}")), std::pair(200, std::string("{}"))}) {
        Talk talk = making();
        talk.call.uncertain = true;
        talk.begin().answer(status, body);
        EXPECT_NO_FATAL_FAILURE(talk.end<Ambiguous>()) << status << body;
    }
}

TEST(AirwallexAnswer, WithALinkIsDone) {
    EXPECT_EQ(making().begin().answer(201, link()).facts(),
              R"({"provider_ref":"link-1","url":"https://pay-demo.airwallex.com/1",)"
              R"("expires_at":"2026-11-21T10:10:00Z"})");
    EXPECT_EQ(making().begin().answer(201, R"({"id":"l","url":"https://a/"})").facts(),
              R"({"provider_ref":"l","url":"https://a/"})");
}

TEST(AirwallexAnswer, ThatNobodyCanReadIsAmbiguous) {
    for (const std::string body : {"", "OK", "[]", "{}", R"({"id":"l"})", R"({"id":"l","url":"http://a/"})"}) {
        EXPECT_NO_FATAL_FAILURE(making().begin().answer(201, body).end<Ambiguous>()) << body;
    }
    EXPECT_NO_FATAL_FAILURE(making().begin().answer(503, "").end<Ambiguous>());
    EXPECT_NO_FATAL_FAILURE(making().begin().answer(409, "").end<Ambiguous>());
    EXPECT_NO_FATAL_FAILURE(making().begin().silence(true).end<Ambiguous>());
    EXPECT_NO_FATAL_FAILURE(making().begin().silence(false).end<Retry>());
}

TEST(AirwallexAnswer, ThatRefusesIsInItsWordsWithoutSecrets) {
    EXPECT_EQ(making()
                  .begin()
                  .answer(400, R"({"code":"validation_error","message":"no very-secret-key, token-of-the-login"})")
                  .end<Refused>()
                  .reason,
              "it answered 400: validation_error: no ****, ****");
}

TEST(AirwallexAnswer, WithoutAValidTokenAsksForAnother) {
    EXPECT_NO_FATAL_FAILURE(making().begin().answer(401, "{}").end<NeedsLogin>());
    EXPECT_FALSE(making().begin().answer(403, "{}").end<Retry>().holds_account) << "another request may be allowed";
}

TEST(AirwallexLogin, SendsTheKeysInHeaders) {
    const auto request = airwallex.login(account());
    ASSERT_TRUE(request.has_value());
    EXPECT_EQ(request->method, "POST");
    EXPECT_EQ(request->path, "/api/v1/authentication/login");
    EXPECT_EQ(header_of(*request, "x-client-id"), "client-1");
    EXPECT_EQ(header_of(*request, "x-api-key"), "very-secret-key");
    EXPECT_EQ(header_of(*request, "Content-Type"), "application/json");
    EXPECT_EQ(request->headers.size(), 3U);
    EXPECT_EQ(request->body, "");
}

TEST(AirwallexLogin, HasATokenUntilATime) {
    const auto login = [](int status, std::string body) {
        ProviderAnswer answer;
        answer.status = status;
        answer.body = std::move(body);
        answer.complete = true;
        return airwallex.read_login(answer);
    };
    const auto good = login(201, R"({"token":"abc","expires_at":"2026-11-21T10:00:00+0000"})");
    ASSERT_TRUE(std::holds_alternative<ProviderLogin>(good));
    EXPECT_EQ(std::get<ProviderLogin>(good).access_token, "abc");
    EXPECT_EQ(std::get<ProviderLogin>(good).valid_until, static_cast<double>(made_at));
    for (const char* const body :
         {"", "{}", R"({"token":"abc"})", R"({"token":"","expires_at":"2026-11-21T10:00:00Z"})",
          R"({"token":"a\r\nb","expires_at":"2026-11-21T10:00:00Z"})", R"({"token":"abc","expires_at":"soon"})"}) {
        EXPECT_TRUE(std::holds_alternative<Retry>(login(201, body))) << body;
    }
    for (const int status : {0, 302, 401, 403, 429, 500}) {
        EXPECT_TRUE(std::holds_alternative<Retry>(login(status, ""))) << status;
    }
    EXPECT_TRUE(std::get<Retry>(login(403, "")).holds_account) << "nothing goes without a login";
    EXPECT_EQ(std::get<Retry>(login(401, "very-secret-key")).reason, "login: it answered 401: are the keys right?");
}

TEST(AirwallexLookUp, TellsThePaymentAsItsWebhookDoes) {
    Talk talk = about_link("look_up_payment");
    EXPECT_EQ(talk.begin().request().path, "/api/v1/pa/payment_links/link-1");
    EXPECT_EQ(talk.answer(200, link(paid)).request().path, "/api/v1/pa/payment_intents/int_1");
    EXPECT_EQ(talk.answer(200, intent).facts(),
              R"({"status":"paid","provider_ref":"link-1","payment_ref":"int_1","amount_minor":1666,)"
              R"("currency":"USD"})");
}

TEST(AirwallexLookUp, ReadsAmountsExactly) {
    const auto read = [](const std::string& amount) {
        Talk talk = about_link("look_up_payment");
        talk.begin().answer(200, link(paid));
        talk.answer(200, R"({"id":"int_1","status":"SUCCEEDED","currency":"USD","captured_amount":)" + amount + "}");
        const auto* const done = std::get_if<Done>(&talk.step);
        return done == nullptr ? -1 : done->facts.at("amount_minor").as_int64();
    };
    EXPECT_EQ(read("0.29"), 29);
    EXPECT_EQ(read("1.150"), 115);
    EXPECT_EQ(read("9999999999999.99"), 999999999999999);
    EXPECT_EQ(read("25"), 2500);
    for (const char* const amount : {"16.665", "1e2", "-1", "1e400", "\"x\"", "null", "[]"}) {
        EXPECT_EQ(read(amount), -1) << amount;
    }
}

TEST(AirwallexLookUp, InventsNothing) {
    const auto status = [](const std::string& more) {
        Talk talk = about_link("look_up_payment");
        return std::string(talk.begin().answer(200, link(more)).end<Done>().facts.at("status").as_string());
    };
    EXPECT_EQ(status(""), "open");
    EXPECT_EQ(status(R"(,"active":false)"), "expired");
    EXPECT_EQ(status(R"(,"status":"EXPIRED")"), "expired");
    EXPECT_EQ(status(R"(,"expires_at":"2026-11-21T09:59:00+0000")"), "expired");
    const auto of_intent = [](const char* now) {
        Talk talk = about_link("look_up_payment");
        talk.begin().answer(200, link(paid));
        talk.answer(200, R"({"id":"int_1","amount":16.66,"currency":"USD","status":")" + std::string(now) + "\"}");
        return std::string(talk.end<Done>().facts.at("status").as_string());
    };
    EXPECT_EQ(of_intent("PENDING"), "open");
    EXPECT_EQ(of_intent("CANCELLED"), "failed");
    EXPECT_EQ(of_intent("SUCCEEDED"), "paid");
    EXPECT_NO_FATAL_FAILURE(
        about_link("look_up_payment").begin().answer(200, link(R"(,"status":"PAID")")).end<Ambiguous>());
}

TEST(AirwallexExpire, DeactivatesTheLink) {
    Talk talk = about_link("expire_payment");
    EXPECT_EQ(talk.begin().request().path, "/api/v1/pa/payment_links/link-1/deactivate");
    EXPECT_EQ(talk.request().body, "{}");
    EXPECT_EQ(talk.answer(200, link(R"(,"active":false)")).facts(), R"({"status":"expired","provider_ref":"link-1"})");
}

TEST(AirwallexExpire, FindsOutWhatCannotBeClosed) {
    Talk talk = about_link("expire_payment");
    talk.begin().answer(400, R"({"code":"invalid_status","message":"already paid"})").answer(200, link(paid));
    EXPECT_EQ(talk.answer(200, intent).facts(),
              R"({"status":"paid","provider_ref":"link-1","payment_ref":"int_1","amount_minor":1666,)"
              R"("currency":"USD"})");
    EXPECT_EQ(about_link("expire_payment").begin().answer(200, link()).end<Retry>().reason, "it can still be paid");
}

} // namespace

} // namespace pgbk::relay
