// What providers of payments answer: any bytes, and pieces that belong there, to each step of a call.
#include "fuzz/fuzzing.hpp"
#include "providers/airwallex.hpp"
#include "providers/foreign_json.hpp"
#include "providers/stripe.hpp"

#include <algorithm>
#include <array>

namespace {

using namespace pgbk;        // NOLINT(google-build-using-namespace): a program of its own
using namespace pgbk::relay; // NOLINT(google-build-using-namespace)
using test::Choices;
using test::require;
namespace json = boost::json;

constexpr const char* secret = "sk_live_secret";
constexpr int most_steps = 8; // that the machinery takes

std::string a_document(Choices& choices) {
    static constexpr std::array pieces{
        std::string_view(R"({"id":"cs_1",)"),
        std::string_view(R"("url":"https://pay.example/1",)"),
        std::string_view(R"("status":"open",)"),
        std::string_view(R"("status":"complete",)"),
        std::string_view(R"("status":"PAID",)"),
        std::string_view(R"("status":"SUCCEEDED",)"),
        std::string_view(R"("payment_status":"paid",)"),
        std::string_view(R"("payment_intent":"pi_1",)"),
        std::string_view(R"("payment_intent":{"id":"pi_1","status":"processing"},)"),
        std::string_view(R"("latest_successful_payment_intent_id":"int_1",)"),
        std::string_view(R"("amount_total":2500,)"),
        std::string_view(R"("amount":25.00,)"),
        std::string_view(R"("captured_amount":1e2,)"),
        std::string_view(R"("currency":"eur",)"),
        std::string_view(R"("active":false,)"),
        std::string_view(R"("expires_at":"2026-11-21T10:00:00+0000",)"),
        std::string_view(R"("expires_at":99999999999999,)"),
        std::string_view(R"("has_more":true,)"),
        std::string_view(R"("metadata":{"payment_call":"01a1fd8c-6900-8000-8000-7"},)"),
        std::string_view(R"("data":[{"id":"cs_1","metadata":{"payment_call":"a"}}],)"),
        std::string_view(R"("items":[{"id":"l-1"}],)"),
        std::string_view(R"("error":{"type":"idempotency_error","message":"sk_live_secret"},)"),
        std::string_view(R"("message":"a\u0000b sk_live_secret",)")};
    std::string text = "{";
    for (int count = choices.below(10); count > 0; --count) {
        text += pieces.at(static_cast<std::size_t>(choices.below(static_cast<int>(pieces.size()))));
    }
    if (choices.rarely()) {
        return text;
    }
    text += R"("z":0)";
    const auto depth =
        static_cast<std::size_t>(std::count(text.begin(), text.end(), '{') - std::count(text.begin(), text.end(), '}'));
    return text.append(depth, '}');
}

ProviderAnswer an_answer(Choices& choices, const std::string& bytes) {
    static constexpr std::array statuses{200, 201, 400, 401, 404, 409, 429, 500, 503, 302, 0, 402, 102};
    ProviderAnswer answer;
    answer.status = statuses.at(static_cast<std::size_t>(choices.below(statuses.size())));
    answer.complete = !choices.rarely();
    answer.sent = !choices.rarely();
    answer.body = choices.rarely() ? bytes : a_document(choices);
    if (choices.rarely()) {
        answer.headers = {{"idempotent-replayed", "true"}};
    }
    return answer;
}

bool is_clean(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c > '~'; });
}

void check_request(const ProviderRequest& request) {
    require(request.path.starts_with('/') && is_clean(request.path), "a path is a path: " + request.path);
    require(request.method == "GET" || request.method == "POST", "a method is GET or POST");
    require(request.method == "POST" || request.body.empty(), "who looks brings nothing");
    for (const auto& [name, value] : request.headers) {
        require(is_clean(name) && !test::has_control(value), "a header is one line: " + name);
    }
}

void check_reason(const std::string& reason) {
    require(reason.size() <= 500 && test::is_utf8(reason) && !test::has_control(reason),
            "a reason is short: " + reason);
    require(reason.find(secret) == std::string::npos, "a reason has no secret in it: " + reason);
}

void check_done(const ProviderCall& call, const ProviderAnswer& answer, const Done& done) {
    require(answer.status >= 200 && answer.status < 300 && answer.complete, "only an answer that says so is done");
    const json::object& facts = done.facts;
    if (call.action == "create_payment") {
        require(is_provider_id(string_in(facts, "provider_ref")), "a page has a name");
        require(is_page_url(string_in(facts, "url"), "https://api.example"), "a page has an address");
        return;
    }
    const std::string_view status = string_in(facts, "status");
    require(status == "paid" || status == "open" || status == "expired" || status == "failed", "a page has a status");
    require(call.action == "look_up_payment" || status == "paid" || status == "expired", "what was closed is closed");
    const bool has_money = facts.contains("amount_minor") || facts.contains("payment_ref");
    require(has_money == (status == "paid"), "money is there where it is paid, and nowhere else");
    if (status == "paid") {
        require(integer_in(facts, "amount_minor").value_or(-1) >= 0 && !string_in(facts, "payment_ref").empty() &&
                    core::currency_digits(string_in(facts, "currency")).has_value(),
                "money is an amount of a currency, of a payment");
    }
}

// Talks until the call has ended.
void fuzz_call(Choices& choices, const Provider& provider, const std::string& bytes) {
    static constexpr std::array actions{"create_payment", "look_up_payment", "expire_payment"};
    ProviderAccount account;
    account.base_url = "https://api.example";
    account.site_url = "https://site.example";
    account.keys = {{"secret_key", secret}, {"api_key", secret}, {"client_id", "client"}};
    account.access_token = "token";
    ProviderCall call;
    call.id = "01a1fd8c-6900-8000-8000-000000000007";
    call.action = actions.at(static_cast<std::size_t>(choices.below(actions.size())));
    call.request = {{"amount_minor", 2500}, {"currency", "EUR"}, {"metadata", {{"booking_id", "b"}}}};
    if (call.action != "create_payment" && !choices.rarely()) {
        call.request["provider_ref"] = choices.rarely() ? bytes : "cs_1";
    }
    call.idempotency_key = "key";
    call.uncertain = choices.below(2) == 1;
    call.now = choices.rarely() ? 4e9 : 1'795'255'201;
    ProviderStep step = provider.begin(call, account);
    ProviderAnswer answer;
    answer.status = 200;
    answer.complete = true;
    for (int steps = 0; std::holds_alternative<ProviderRequest>(step); ++steps) {
        require(steps < most_steps, "a call comes to its end");
        const ProviderRequest asked = std::get<ProviderRequest>(step);
        check_request(asked);
        answer = an_answer(choices, bytes);
        step = provider.proceed(call, account, asked, answer);
    }
    if (const auto* const done = std::get_if<Done>(&step)) {
        check_done(call, answer, *done);
    } else if (const auto* const retry = std::get_if<Retry>(&step)) {
        check_reason(retry->reason);
    } else if (const auto* const ambiguous = std::get_if<Ambiguous>(&step)) {
        check_reason(ambiguous->reason);
    } else if (const auto* const refused = std::get_if<Refused>(&step)) {
        check_reason(refused->reason);
    }
}

void fuzz_login(Choices& choices, const Airwallex& airwallex, const std::string& bytes) {
    ProviderAnswer answer = an_answer(choices, bytes);
    const auto result = airwallex.read_login(answer);
    if (const auto* const login = std::get_if<ProviderLogin>(&result)) {
        require(!login->access_token.empty() && is_clean(login->access_token), "a token can be a header");
    } else {
        check_reason(std::get<Retry>(result).reason);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Stripe stripe;
    static const Airwallex airwallex;
    const std::string bytes(data, data + size);
    if (const auto object = foreign_object(bytes)) {
        require(foreign_object(json::serialize(*object)) == object, "what was read is read again as the same");
    }
    Choices choices(data, size);
    if (choices.below(2) == 0) {
        fuzz_call(choices, stripe, bytes);
    } else {
        fuzz_call(choices, airwallex, bytes);
    }
    fuzz_login(choices, airwallex, bytes);
    return 0;
}
