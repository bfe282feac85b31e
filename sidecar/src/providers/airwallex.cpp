#include "providers/airwallex.hpp"

#include "providers/foreign_json.hpp"
#include "providers/form.hpp"
#include "text/stored_text.hpp"

#include <algorithm>

namespace pgbk::relay {

namespace {

namespace json = boost::json;

constexpr std::int64_t clock_difference = 300;
constexpr std::int64_t shortest_link = 300; // what is over when the request arrives is no time to expire
constexpr int most_searched = 5;            // times a hundred links
constexpr std::size_t longest_title = 100;

ProviderRequest request_for(const PaymentWork& work, std::string step, std::string method, std::string path) {
    return bearer_request(std::move(step), std::move(method), std::move(path), work.account.access_token);
}

ProviderRequest post_for(const PaymentWork& work, std::string step, std::string path, std::string body) {
    ProviderRequest request = request_for(work, std::move(step), "POST", std::move(path));
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = std::move(body);
    return request;
}

std::string link_path(std::string_view id) {
    return "/api/v1/pa/payment_links/" + percent_encoded(id);
}

std::string quoted(std::string_view text) {
    return json::serialize(json::string(text));
}

// The amount goes in as its digits: a double would change them.
std::string link_text(const PaymentWork& work) {
    const PaymentOrder& order = work.order;
    json::object metadata;
    if (!order.booking_id.empty()) {
        metadata["booking_id"] = order.booking_id;
    }
    if (!order.reservation_id.empty()) {
        metadata["reservation_id"] = order.reservation_id;
    }
    metadata[call_in_metadata] = payment_call_of(work.call);
    std::string text = R"({"request_id":)" + quoted(work.call.idempotency_key);
    text += R"(,"reusable":false,"title":)" +
            quoted(storable_text(order.title.empty() ? "Booking" : order.title, longest_title));
    text += R"(,"amount":)" + *core::decimal_of(order.money) + R"(,"currency":)" + quoted(order.money.currency);
    text += R"(,"metadata":)" + json::serialize(metadata);
    if (!order.reference.empty()) {
        text += R"(,"reference":)" + quoted(order.reference);
    }
    if (order.valid_until) {
        const std::int64_t at = std::max(*order.valid_until, order.created_at + shortest_link);
        text += R"(,"expires_at":)" + quoted(time_of(at));
    }
    if (!order.success_url.empty()) {
        text += R"(,"return_url":)" + quoted(order.success_url);
    }
    return text + "}";
}

ProviderRequest make_link(const PaymentWork& work) {
    return post_for(work, "make", "/api/v1/pa/payment_links/create", link_text(work));
}

// memo: which page of the list.
ProviderRequest find_link(const PaymentWork& work, int page) {
    std::string path = "/api/v1/pa/payment_links?from_created_at=";
    path += percent_encoded(time_of(std::max<std::int64_t>(0, work.order.created_at - clock_difference)));
    path += "&page_num=" + std::to_string(page) + "&page_size=100";
    ProviderRequest request = request_for(work, "find", "GET", std::move(path));
    request.memo = std::to_string(page);
    return request;
}

ProviderRequest get_link(const PaymentWork& work, std::string_view id) {
    return request_for(work, "look up", "GET", link_path(id));
}

std::string words_of(const PaymentWork& work, const ProviderAnswer& answer) {
    const auto document = foreign_object(answer.body);
    std::string words = "it answered " + std::to_string(answer.status);
    for (const std::string_view name : {"code", "message"}) {
        if (document && !string_in(*document, name).empty()) {
            words += ": " + std::string(string_in(*document, name));
        }
    }
    return reason_text(words, work.call, work.account);
}

std::optional<ProviderStep> airwallex_end(const ProviderAnswer& answer) {
    if (answer.status == 401) {
        return NeedsLogin{};
    }
    if (answer.status == 409) {
        return Ambiguous{"it answered 409: another request is under way", answer.retry_after};
    }
    return common_end(answer);
}

// memo of the request for an intent: the link, whose payment it is.
ProviderStep read_link(const PaymentWork& work, const json::object& link) {
    PageState state;
    state.provider_ref = string_in(link, "id");
    if (!is_provider_id(state.provider_ref)) {
        return Ambiguous{"the answer has no link in it"};
    }
    const std::string_view intent = string_in(link, "latest_successful_payment_intent_id");
    if (is_provider_id(intent)) {
        ProviderRequest request =
            request_for(work, "intent", "GET", "/api/v1/pa/payment_intents/" + percent_encoded(intent));
        request.memo = state.provider_ref;
        return request;
    }
    const std::string_view status = string_in(link, "status");
    const auto expires_at = seconds_of(string_in(link, "expires_at"));
    if (status == "PAID") {
        state.status = PageStatus::paid; // by what, it does not say yet
    } else if (!boolean_in(link, "active").value_or(true) || status == "EXPIRED" ||
               (expires_at && work.call.now > static_cast<double>(*expires_at))) {
        state.status = PageStatus::expired;
    }
    return work.call.action == "expire_payment" ? expired(state) : looked_up(state);
}

ProviderStep made(const PaymentWork& work, const json::object& link) {
    const std::string_view id = string_in(link, "id");
    const std::string_view url = string_in(link, "url");
    if (!is_provider_id(id) || !is_page_url(url, work.account.base_url)) {
        return Ambiguous{"the answer has no link in it"};
    }
    Done done;
    done.facts["provider_ref"] = id;
    done.facts["url"] = url;
    if (const auto expires_at = seconds_of(string_in(link, "expires_at")); expires_at && *expires_at > 0) {
        done.facts["expires_at"] = time_of(*expires_at);
    }
    return done;
}

ProviderStep after_make(const PaymentWork& work, const ProviderAnswer& answer) {
    if (auto end = airwallex_end(answer)) {
        return *end;
    }
    if (answer.status >= 300) {
        return Refused{words_of(work, answer), true}; // what is uncertain is looked for first, and was not found
    }
    const auto link = foreign_object(answer.body);
    return link ? made(work, *link) : ProviderStep(Ambiguous{"the answer is not JSON"});
}

const json::object* link_of_call(const json::array& links, std::string_view call) {
    for (const auto& value : links) {
        const auto* const link = value.if_object();
        const auto* const metadata = link == nullptr ? nullptr : object_in(*link, "metadata");
        if (metadata != nullptr && string_in(*metadata, call_in_metadata) == call) {
            return link;
        }
    }
    return nullptr;
}

ProviderStep not_found(const PaymentWork& work) {
    if (work.call.action == "look_up_payment") {
        return Done{{{"status", "expired"}, {"provider_ref", nullptr}}};
    }
    return make_link(work);
}

ProviderStep after_find(const PaymentWork& work, const ProviderRequest& asked, const ProviderAnswer& answer) {
    if (auto end = airwallex_end(answer)) {
        // Looking does nothing, but what was before is still not known.
        return std::holds_alternative<Retry>(*end)
                   ? ProviderStep(Ambiguous{std::get<Retry>(*end).reason, std::get<Retry>(*end).after})
                   : *end;
    }
    const auto document = foreign_object(answer.body);
    const auto* const links = document ? array_in(*document, "items") : nullptr;
    if (answer.status >= 300 || links == nullptr) {
        return Ambiguous{words_of(work, answer)};
    }
    if (const auto* const link = link_of_call(*links, payment_call_of(work.call)); link != nullptr) {
        return work.call.action == "create_payment" ? made(work, *link) : read_link(work, *link);
    }
    if (links->empty() || !boolean_in(*document, "has_more").value_or(false)) {
        return not_found(work);
    }
    const int page = std::atoi(asked.memo.c_str()) + 1;
    return page < most_searched ? ProviderStep(find_link(work, page))
                                : ProviderStep(Ambiguous{"there are too many links to find out which one it was",
                                                         std::chrono::hours(1)});
}

ProviderStep after_look_up(const PaymentWork& work, const ProviderAnswer& answer) {
    if (auto end = airwallex_end(answer)) {
        return *end;
    }
    if (answer.status >= 300) {
        return Refused{words_of(work, answer)};
    }
    const auto link = foreign_object(answer.body);
    return link ? read_link(work, *link) : ProviderStep(Ambiguous{"the answer is not JSON"});
}

// What cannot be deactivated is paid, or is not active any more: 400.
ProviderStep after_deactivate(const PaymentWork& work, const ProviderRequest& asked, const ProviderAnswer& answer) {
    if (auto end = airwallex_end(answer)) {
        return *end;
    }
    return answer.status >= 300 ? ProviderStep(get_link(work, asked.memo)) : after_look_up(work, answer);
}

PageStatus status_of_intent(std::string_view status) {
    if (status == "SUCCEEDED") {
        return PageStatus::paid;
    }
    return status == "CANCELLED" ? PageStatus::failed : PageStatus::under_way;
}

ProviderStep after_intent(const PaymentWork& work, const ProviderRequest& asked, const ProviderAnswer& answer) {
    if (auto end = airwallex_end(answer)) {
        return *end;
    }
    const auto intent = foreign_object(answer.body);
    if (answer.status >= 300 || !intent) {
        return Ambiguous{words_of(work, answer)};
    }
    PageState state;
    state.provider_ref = asked.memo;
    state.status = status_of_intent(string_in(*intent, "status"));
    state.payment_ref = string_in(*intent, "id");
    const std::string captured = number_in(*intent, "captured_amount");
    state.money = core::money_of_decimal(captured.empty() ? number_in(*intent, "amount") : captured,
                                         string_in(*intent, "currency"));
    return work.call.action == "expire_payment" ? expired(state) : looked_up(state);
}

} // namespace

ProviderStep Airwallex::begin(const ProviderCall& call, const ProviderAccount& account) const {
    const PaymentWork work{call, account, payment_order(call, account)};
    if (call.action == "create_payment") {
        if (!core::decimal_of(work.order.money) || work.order.money.minor == 0) {
            return Refused{"Airwallex cannot be asked for the price"};
        }
        return call.uncertain ? find_link(work, 0) : make_link(work);
    }
    const std::string_view link = string_in(call.request, "provider_ref");
    if (call.action == "look_up_payment") {
        return link.empty() ? find_link(work, 0) : get_link(work, link);
    }
    if (call.action == "expire_payment" && is_provider_id(link)) {
        ProviderRequest request = post_for(work, "deactivate", link_path(link) + "/deactivate", "{}");
        request.memo = link;
        return request;
    }
    return Refused{"Airwallex is not asked for this"};
}

ProviderStep Airwallex::proceed(const ProviderCall& call, const ProviderAccount& account, const ProviderRequest& asked,
                                const ProviderAnswer& answer) const {
    const PaymentWork work{call, account, payment_order(call, account)};
    if (asked.step == "make") {
        return after_make(work, answer);
    }
    if (asked.step == "find") {
        return after_find(work, asked, answer);
    }
    if (asked.step == "deactivate") {
        return after_deactivate(work, asked, answer);
    }
    return asked.step == "intent" ? after_intent(work, asked, answer) : after_look_up(work, answer);
}

std::optional<ProviderRequest> Airwallex::login(const ProviderAccount& account) const {
    ProviderRequest request;
    request.step = "login";
    request.path = "/api/v1/authentication/login";
    request.headers = {{"x-client-id", std::string(account.key("client_id"))},
                       {"x-api-key", std::string(account.key("api_key"))},
                       {"Content-Type", "application/json"}};
    if (!account.key("login_as").empty()) {
        request.headers.emplace_back("x-login-as", std::string(account.key("login_as")));
    }
    return request;
}

ProviderLoginResult Airwallex::read_login(const ProviderAnswer& answer) const {
    if (auto end = common_end(answer)) {
        if (auto* const retry = std::get_if<Retry>(&*end)) {
            retry->reason = "login: " + retry->reason;
            retry->holds_account = retry->holds_account || answer.status == 403;
            return std::move(*retry);
        }
        return Retry{"login: it answered " + std::to_string(answer.status), answer.retry_after};
    }
    const auto document = foreign_object(answer.body);
    const std::string_view token = document ? string_in(*document, "token") : std::string_view{};
    const bool is_header = !token.empty() && token.size() <= 8192 &&
                           std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < '\x7f'; });
    const auto expires_at = document ? seconds_of(string_in(*document, "expires_at")) : std::nullopt;
    if (answer.status >= 300 || !is_header || !expires_at) {
        return Retry{"login: it answered " + std::to_string(answer.status) + ", without a token",
                     std::chrono::seconds(60), true};
    }
    return ProviderLogin{std::string(token), static_cast<double>(*expires_at)};
}

} // namespace pgbk::relay
