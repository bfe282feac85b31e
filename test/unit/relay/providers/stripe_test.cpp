#include "providers/stripe.hpp"
#include "talk.hpp"

namespace pgbk::relay {

namespace {

const Stripe stripe;
constexpr const char* key = "sk_test_verysecretkey";

ProviderAccount account() {
    ProviderAccount account;
    account.organization = 7;
    account.provider = "stripe";
    account.base_url = "https://api.stripe.com";
    account.keys["secret_key"] = key;
    account.site_url = "https://shop.example";
    return account;
}

constexpr const char* purchase =
    R"({"amount_minor": 2500, "currency": "EUR", "title": "Court & more", "reference": "ACDE3467",
    "expires_at": "2026-11-21T10:10:00Z", "customer_email": "ada@example.com", "return_token": "tok.7",
    "metadata": {"booking_id": "01a1fd8c-0000-8000-8000-000000000007"}})";

Talk making(std::string_view request = purchase) {
    return Talk{stripe, call_of("create_payment", request), account()};
}

std::string page(std::string_view more = "", std::string_view id = "cs_test_1") {
    return R"({"id":")" + std::string(id) +
           R"(","object":"checkout.session","url":"https://checkout.stripe.com/c/pay/cs_test_1","status":"open",)"
           R"("payment_status":"unpaid","amount_total":2500,"currency":"eur","expires_at":1795257660)" +
           std::string(more) + "}";
}

std::string page_of_call(std::string_view more = "") {
    return page(R"(,"metadata":{"payment_call":")" + std::string(call_id) + "\"}" + std::string(more));
}

std::string error(std::string_view message, std::string_view type = "invalid_request_error") {
    return R"({"error":{"type":")" + std::string(type) + R"(","message":")" + std::string(message) + "\"}}";
}

Talk about_page(const char* action) {
    return Talk{stripe,
                call_of(action, R"({"provider_ref":"cs_test_1","reference":"ACDE3467","payment_call_id":")" +
                                    std::string(call_id) + R"(","amount_minor":2500,"currency":"EUR"})"),
                account()};
}

TEST(StripeRequest, IsAFormWithEveryField) {
    const Talk talk = making().begin();
    const ProviderRequest& request = talk.request();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/v1/checkout/sessions");
    EXPECT_EQ(header_of(request, "Authorization"), std::string("Bearer ") + key);
    EXPECT_EQ(header_of(request, "Stripe-Version"), "2026-07-29.dahlia");
    EXPECT_EQ(header_of(request, "Content-Type"), "application/x-www-form-urlencoded");
    EXPECT_EQ(header_of(request, "Idempotency-Key"), "key-of-the-call");
    EXPECT_EQ(request.headers.size(), 4U);
    EXPECT_EQ(request.body, "mode=payment"
                            "&success_url=https%3A%2F%2Fshop.example%2Fbook%3Ftoken%3Dtok.7%26payment%3Dsuccess"
                            "&cancel_url=https%3A%2F%2Fshop.example%2Fbook%3Ftoken%3Dtok.7%26payment%3Dcancelled"
                            "&client_reference_id=01a1fd8c-0000-8000-8000-000000000007"
                            "&customer_email=ada%40example.com"
                            "&expires_at=1795257660"
                            "&metadata[booking_id]=01a1fd8c-0000-8000-8000-000000000007"
                            "&metadata[payment_call]=01a1fd8c-6900-8000-8000-000000000007"
                            "&payment_intent_data[metadata][booking_id]=01a1fd8c-0000-8000-8000-000000000007"
                            "&payment_intent_data[metadata][payment_call]=01a1fd8c-6900-8000-8000-000000000007"
                            "&line_items[0][price_data][currency]=eur"
                            "&line_items[0][price_data][unit_amount]=2500"
                            "&line_items[0][price_data][product_data][name]=Court%20%26%20more"
                            "&line_items[0][quantity]=1");
}

TEST(StripeRequest, OfAHoldNamesNoBooking) {
    const Talk talk = making(R"({"amount_minor":5000,"currency":"USD","expires_at":"2026-11-21T10:10:00Z","quantity":2,
        "stripe_price_id":"price_1","metadata":{"reservation_id":"01a1fd8c-0000-8000-8000-000000000007"}})")
                          .begin();
    const std::string& body = talk.request().body;
    EXPECT_NE(body.find("&metadata[reservation_id]=01a1fd8c-0000-8000-8000-000000000007"), std::string::npos);
    EXPECT_NE(body.find("&line_items[0][price]=price_1&line_items[0][quantity]=2"), std::string::npos);
    EXPECT_NE(body.find("book%3Freservation%3D01a1fd8c"), std::string::npos);
    for (const char* const absent : {"client_reference_id", "booking_id", "price_data", "customer_email"}) {
        EXPECT_EQ(body.find(absent), std::string::npos) << absent;
    }
}

TEST(StripeRequest, IsTheSameForEachAttempt) {
    Talk later = making();
    later.call.attempt = 5;
    later.call.uncertain = true;
    later.call.now += 900;
    EXPECT_EQ(making().begin().request().body, later.begin().request().body);
    EXPECT_EQ(header_of(later.request(), "Idempotency-Key"), "key-of-the-call");
}

TEST(StripeRequest, HasTheAmountsOfStripe) {
    const auto amount = [](const char* money) {
        Talk talk = making(std::string(R"({"metadata":{"booking_id":"x"},)") + money + "}").begin();
        const auto* const request = std::get_if<ProviderRequest>(&talk.step);
        const auto at = request == nullptr ? std::string::npos : request->body.find("[unit_amount]=");
        return at == std::string::npos ? std::string("refused")
                                       : request->body.substr(at + 14, request->body.find('&', at) - at - 14);
    };
    EXPECT_EQ(amount(R"("amount_minor":500,"currency":"JPY")"), "500");
    EXPECT_EQ(amount(R"("amount_minor":500,"currency":"ISK")"), "50000");
    EXPECT_EQ(amount(R"("amount_minor":500,"currency":"MGA")"), "5");
    EXPECT_EQ(amount(R"("amount_minor":550,"currency":"MGA")"), "refused");
    EXPECT_EQ(amount(R"("amount_minor":0,"currency":"EUR")"), "refused");
    EXPECT_EQ(amount(R"("amount_minor":500,"currency":"XXX")"), "refused");
    EXPECT_EQ(amount(R"("amount_minor":"500")"), "refused");
}

TEST(StripeRequest, WaitsForAnAddressToComeBackTo) {
    Talk talk = making();
    talk.account.site_url.clear();
    EXPECT_EQ(talk.begin().end<Retry>().reason, "site_url is not set, so buyers could not come back");
}

TEST(StripeExpiry, IsThatOfTheHoldAsFarAsStripeAllows) {
    PaymentOrder order;
    order.created_at = made_at;
    const auto minutes = [&](std::optional<std::int64_t> wanted) {
        order.valid_until = wanted ? std::optional(made_at + *wanted * 60) : std::nullopt;
        return (stripe_expiry(order) - made_at) / 60;
    };
    EXPECT_EQ(minutes(10), 41) << "made in ten minutes, it has half an hour to live";
    EXPECT_EQ(minutes(2), 33);
    EXPECT_EQ(minutes(-5), 31);
    EXPECT_EQ(minutes(45), 45);
    EXPECT_EQ(minutes(600), 600);
    EXPECT_EQ(minutes(24 * 60), 24 * 60 - 5);
    EXPECT_EQ(minutes(8760 * 60), 24 * 60 - 5);
    EXPECT_EQ(minutes(std::nullopt), 24 * 60 - 5);
}

TEST(StripeAnswer, WithAPageIsDone) {
    EXPECT_EQ(making().begin().answer(200, page()).facts(),
              R"({"provider_ref":"cs_test_1","url":"https://checkout.stripe.com/c/pay/cs_test_1",)"
              R"("expires_at":"2026-11-21T10:41:00Z"})");
}

TEST(StripeAnswer, WithAnotherPriceIsUndone) {
    Talk talk = making();
    talk.begin().answer(200, page(R"(,"amount_total":2000)"));
    EXPECT_EQ(talk.request().path, "/v1/checkout/sessions/cs_test_1/expire");
    EXPECT_EQ(talk.answer(200, page()).end<Refused>().reason, "the page asks for 2000 eur, not for the price");
}

TEST(StripeAnswer, ThatNobodyCanReadIsAmbiguous) {
    for (const std::string& body :
         {std::string(), std::string("OK"), std::string("[]"), std::string("null"), std::string("{}"),
          std::string(R"({"id":"cs_1"})"), std::string(R"({"id":"../x","url":"https://a.b/"})"),
          page(R"(,"url":"javascript:alert")"), page(R"(,"url":"http://checkout.stripe.com/")"), page(R"(,"url":null)"),
          page(R"(,"url":"https://a b")"), page().substr(0, 60), page() + "x"}) {
        EXPECT_NO_FATAL_FAILURE(making().begin().answer(200, body).end<Ambiguous>()) << body;
    }
    ProviderAnswer cut;
    cut.status = 200;
    cut.body = page();
    EXPECT_EQ(making().begin().answer(cut).end<Ambiguous>().reason, "the answer was not read to its end");
}

TEST(StripeAnswer, ThatDidNotComeIsAmbiguousIfTheRequestWasSent) {
    EXPECT_EQ(making().begin().silence(true).end<Ambiguous>().reason, "no answer: timeout");
    EXPECT_EQ(making().begin().silence(false, "no such host").end<Retry>().reason, "no answer: no such host");
}

TEST(StripeAnswer, ThatRefusesAndIsCutMayMeanThatThePageIsThere) {
    ProviderAnswer cut;
    cut.status = 400;
    cut.body = R"({"error":{"type":"idempot)";
    EXPECT_NO_FATAL_FAILURE(making().begin().answer(cut).end<Ambiguous>());
}

TEST(StripeAnswer, ThatAsksToWaitHoldsTheAccount) {
    ProviderAnswer busy;
    busy.status = 429;
    busy.retry_after = std::chrono::seconds(7);
    const Talk talk = making().begin().answer(busy);
    EXPECT_EQ(talk.end<Retry>().after, std::chrono::seconds(7));
    EXPECT_TRUE(talk.end<Retry>().holds_account);
}

TEST(StripeAnswer, ThatPassesIsTriedAgain) {
    EXPECT_EQ(making().begin().answer(500, "").end<Ambiguous>().reason, "it answered 500");
    EXPECT_EQ(making().begin().answer(409, error("x", "idempotency_error")).end<Ambiguous>().reason,
              "it answered 409: another request is under way");
    for (const int status : {301, 302, 307}) {
        EXPECT_NE(making().begin().answer(status, "").end<Retry>().reason.find("redirects"), std::string::npos);
    }
    EXPECT_TRUE(making().begin().answer(401, error("Invalid key")).end<Retry>().holds_account);
    EXPECT_FALSE(making().begin().answer(403, error("No such right")).end<Retry>().holds_account)
        << "this request only";
}

TEST(StripeAnswer, ThatRefusesIsInItsWordsWithoutSecrets) {
    EXPECT_EQ(making().begin().answer(400, error("Invalid currency: eur")).end<Refused>().reason,
              "it answered 400: Invalid currency: eur");
    EXPECT_EQ(making().begin().answer(402, "<html>").end<Refused>().reason, "it answered 402");
    const std::string told =
        making()
            .begin()
            .answer(400, error(std::string("No ") + key + key + "\\u0000\\n for ada@example.com at tok.7"))
            .end<Refused>()
            .reason;
    EXPECT_EQ(told, "it answered 400: No ********   for **** at ****");
    EXPECT_LE(making().begin().answer(400, error(std::string(5000, 'x'))).end<Refused>().reason.size(), 300U);
}

TEST(StripeAnswer, ThatIsRememberedAsAnErrorLeadsToASearchAndAnotherKey) {
    Talk talk = making();
    talk.begin().answer(500, "", {{"idempotent-replayed", "true"}});
    EXPECT_EQ(talk.request().method, "GET");
    EXPECT_EQ(talk.request().path, "/v1/checkout/sessions?limit=100&created%5Bgte%5D=1795254900");
    EXPECT_EQ(header_of(talk.request(), "Idempotency-Key"), "");
    talk.answer(200, R"({"data":[],"has_more":false})");
    EXPECT_EQ(header_of(talk.request(), "Idempotency-Key"), "key-of-the-call-2");
    EXPECT_EQ(talk.request().body, making().begin().request().body);
    EXPECT_FALSE(talk.answer(200, page()).facts().empty());

    Talk again = making();
    again.begin().answer(500, "", {{"stripe-should-retry", "false"}}).answer(200, R"({"data":[],"has_more":false})");
    EXPECT_NO_FATAL_FAILURE(again.answer(500, "", {{"idempotent-replayed", "true"}}).end<Ambiguous>());
}

TEST(StripeAnswer, ThatRefusesTheAddressLeadsToAPageWithoutIt) {
    const std::string refusal =
        R"({"error":{"type":"invalid_request_error","param":"customer_email","message":"Invalid email address"}})";
    Talk talk = making();
    const std::string first = talk.begin().request().body;
    talk.answer(400, refusal);
    EXPECT_EQ(talk.request().body.size() + std::string("&customer_email=ada%40example.com").size(), first.size());
    EXPECT_EQ(talk.request().body.find("customer_email"), std::string::npos);
    EXPECT_EQ(header_of(talk.request(), "Idempotency-Key"), "key-of-the-call");
    EXPECT_NO_FATAL_FAILURE(Talk(talk).answer(200, page()).end<Done>());
    EXPECT_NO_FATAL_FAILURE(talk.answer(400, refusal).end<Refused>());
}

TEST(StripeSearch, FindsThePageThatWasMade) {
    Talk talk = making();
    talk.begin().answer(400, error("Keys for idempotent requests", "idempotency_error"));
    talk.answer(200, R"({"data":[)" + page("", "cs_other") + "," + page_of_call() + R"(],"has_more":true})");
    EXPECT_EQ(talk.facts(), making().begin().answer(200, page()).facts());
}

TEST(StripeSearch, GoesOnThroughTheList) {
    Talk talk = making();
    talk.begin().answer(400, error("Keys", "idempotency_error"));
    for (int i = 0; i < 4; ++i) {
        talk.answer(200, R"({"data":[)" + page("", "cs_" + std::to_string(i)) + R"(],"has_more":true})");
        EXPECT_NE(talk.request().path.find("&starting_after=cs_" + std::to_string(i)), std::string::npos);
    }
    talk.answer(200, R"({"data":[)" + page() + R"(],"has_more":true})");
    EXPECT_NO_FATAL_FAILURE(talk.end<Ambiguous>());
}

TEST(StripeSearch, ThatFailsSaysNothing) {
    for (const auto& [status, body] :
         {std::pair(429, std::string()), std::pair(500, std::string()), std::pair(400, std::string("{}")),
          std::pair(200, std::string("{}")), std::pair(200, std::string(R"({"data":{}})"))}) {
        Talk talk = making();
        talk.begin().answer(400, error("Keys", "idempotency_error")).answer(status, body);
        EXPECT_NO_FATAL_FAILURE(talk.end<Ambiguous>()) << status << body;
    }
}

// After a day a key means nothing any more, and the page of an attempt that was not answered has expired by then.
TEST(StripeSearch, ReplacesTheKeyAfterADay) {
    Talk talk = making();
    talk.call.uncertain = true;
    talk.call.now = static_cast<double>(made_at + 24 * 3600);
    EXPECT_EQ(talk.begin().request().method, "GET");
    const auto refused = talk.answer(200, R"({"data":[],"has_more":false})").end<Refused>();
    EXPECT_EQ(refused.reason, "no page was made in a day");
    EXPECT_TRUE(refused.is_certain);
}

// An attempt whose answer was lost may have made the page before what it costs was changed at Stripe.
TEST(StripeSearch, IsAllThatMakesARefusalCertain) {
    Talk talk = making();
    talk.call.uncertain = true;
    EXPECT_FALSE(talk.begin().answer(400, error("No such price")).end<Refused>().is_certain);
    Talk again = making();
    again.begin().answer(400, error("Keys", "idempotency_error")).answer(200, R"({"data":[],"has_more":false})");
    EXPECT_TRUE(again.answer(400, error("No such price")).end<Refused>().is_certain);
}

TEST(StripeLookUp, TellsThePaymentAsItsWebhookDoes) {
    Talk talk = about_page("look_up_payment");
    EXPECT_EQ(talk.begin().request().path, "/v1/checkout/sessions/cs_test_1?expand%5B%5D=payment_intent");
    EXPECT_EQ(talk.answer(200, page(R"(,"status":"complete","payment_status":"paid","payment_intent":{"id":"pi_1"})"))
                  .facts(),
              R"({"status":"paid","provider_ref":"cs_test_1","payment_ref":"pi_1","amount_minor":2500,)"
              R"("currency":"EUR"})");
}

TEST(StripeLookUp, InventsNothing) {
    const auto status = [](const std::string& more) {
        Talk talk = about_page("look_up_payment");
        return std::string(talk.begin().answer(200, page(more)).end<Done>().facts.at("status").as_string());
    };
    EXPECT_EQ(status(""), "open");
    EXPECT_EQ(status(R"(,"status":"expired")"), "expired");
    EXPECT_EQ(status(R"(,"status":"complete","payment_intent":{"id":"pi_1","status":"processing"})"), "open");
    EXPECT_EQ(status(R"(,"status":"complete","payment_intent":{"id":"pi_1","status":"canceled"})"), "failed");
    EXPECT_EQ(status(R"(,"status":"complete","payment_status":"no_payment_required")"), "open");
    Talk talk = about_page("look_up_payment");
    talk.begin().answer(200, page(R"(,"payment_status":"paid","amount_total":"much")"));
    EXPECT_NO_FATAL_FAILURE(talk.end<Ambiguous>());
    EXPECT_EQ(about_page("look_up_payment").begin().answer(404, error("No such session")).end<Refused>().reason,
              "it answered 404: No such session");
}

TEST(StripeExpire, ClosesThePage) {
    Talk talk = about_page("expire_payment");
    EXPECT_EQ(talk.begin().request().path, "/v1/checkout/sessions/cs_test_1/expire");
    EXPECT_EQ(header_of(talk.request(), "Idempotency-Key"), "");
    EXPECT_EQ(talk.answer(200, page(R"(,"status":"expired")")).facts(),
              R"({"status":"expired","provider_ref":"cs_test_1"})");
}

TEST(StripeExpire, FindsOutWhatCannotBeClosed) {
    const auto closing = [](const std::string& more) {
        Talk talk = about_page("expire_payment");
        talk.begin().answer(400, error("Only Checkout Sessions with a status in [\\\"open\\\"] can be expired."));
        EXPECT_EQ(talk.request().method, "GET");
        return talk.answer(200, page(more));
    };
    EXPECT_EQ(closing(R"(,"status":"expired")").facts(), R"({"status":"expired","provider_ref":"cs_test_1"})");
    EXPECT_EQ(closing(R"(,"status":"complete","payment_status":"paid","payment_intent":"pi_1")").facts(),
              R"({"status":"paid","provider_ref":"cs_test_1","payment_ref":"pi_1","amount_minor":2500,)"
              R"("currency":"EUR"})");
    EXPECT_EQ(closing(R"(,"status":"complete")").end<Retry>().reason, "a payment is under way");
    EXPECT_EQ(closing("").end<Retry>().reason, "it can still be paid");
}

TEST(StripeCall, OfAnotherKindIsRefused) {
    EXPECT_NO_FATAL_FAILURE((Talk{stripe, call_of("create_booking", "{}"), account()}.begin().end<Refused>()));
    EXPECT_NO_FATAL_FAILURE(
        (Talk{stripe, call_of("expire_payment", R"({"provider_ref":"a/b"})"), account()}.begin().end<Refused>()));
}

} // namespace

} // namespace pgbk::relay
