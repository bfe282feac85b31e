#include "providers/custom.hpp"

namespace pgbk::relay {

namespace json = boost::json;

ProviderStep Custom::begin(const ProviderCall& call, const ProviderAccount& account) const {
    json::object body{{"call_id", call.id},
                      {"organization_id", call.organization},
                      {"action", call.action},
                      {"site_url", account.site_url},
                      {"request", call.request}};
    ProviderRequest request;
    request.step = call.action;
    request.path = "/calls";
    request.headers = {{"Authorization", "Bearer " + std::string(account.key("secret"))},
                       {"Content-Type", "application/json"},
                       {"Idempotency-Key", call.idempotency_key}};
    request.body = json::serialize(body);
    return request;
}

// Repeating a request under its key is safe, so that nothing has to be looked up first.
ProviderStep Custom::proceed(const ProviderCall& /*call*/, const ProviderAccount& /*account*/,
                             const ProviderRequest& /*asked*/, const ProviderAnswer& answer) const {
    const std::string status = "it answered with " + std::to_string(answer.status);
    if (answer.status == 0) {
        return answer.sent ? ProviderStep(Ambiguous{answer.error}) : ProviderStep(Retry{answer.error});
    }
    if (answer.status == 429 || answer.status == 503) {
        return Retry{status, answer.retry_after, true};
    }
    if (answer.status == 401 || answer.status == 403 || answer.status == 404) {
        return Retry{status}; // a key or an address that people put right
    }
    if (answer.status >= 400 && answer.status < 500 && answer.status != 408 && answer.status != 409) {
        return Refused{status};
    }
    if (answer.status < 200 || answer.status >= 300 || !answer.complete) {
        return Ambiguous{status, answer.retry_after};
    }
    json::error_code problem;
    json::value facts = json::parse(answer.body, problem);
    if (problem || !facts.is_object()) {
        return Ambiguous{"its answer is no JSON object"};
    }
    return Done{std::move(facts.get_object())};
}

} // namespace pgbk::relay
