#include "providers/stripe.hpp"

#include "providers/foreign_json.hpp"
#include "providers/form.hpp"
#include "text/stored_text.hpp"

#include <algorithm>

namespace pgbk::relay {

namespace {

namespace json = boost::json;

constexpr std::int64_t minute = 60;
constexpr std::int64_t hour = 3600;
constexpr std::int64_t clock_difference = 5 * minute;
constexpr std::int64_t longest_making = 10 * minute; // as long as somebody waits for the page
constexpr std::int64_t shortest_page = 31 * minute;  // half an hour, and clocks differ
constexpr std::int64_t longest_page = 24 * hour - 5 * minute;
constexpr std::int64_t memory_of_keys = 23 * hour; // 24, and clocks differ
constexpr int most_searched = 5;                   // times a hundred pages
constexpr std::size_t longest_name = 250;

ProviderRequest request_for(const PaymentWork& work, std::string step, std::string method, std::string path) {
    ProviderRequest request =
        bearer_request(std::move(step), std::move(method), std::move(path), work.account.key("secret_key"));
    request.headers.emplace_back("Stripe-Version", stripe_version);
    return request;
}

ProviderRequest post_for(const PaymentWork& work, std::string step, std::string path, const Form& form) {
    ProviderRequest request = request_for(work, std::move(step), "POST", std::move(path));
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.body = form.text();
    return request;
}

std::string page_path(std::string_view id) {
    return "/v1/checkout/sessions/" + percent_encoded(id);
}

void add_metadata(Form& form, const std::string& name, const PaymentWork& work) {
    form.add_if_any(name + "[booking_id]", work.order.booking_id);
    form.add_if_any(name + "[reservation_id]", work.order.reservation_id);
    form.add(name + "[" + std::string(call_in_metadata) + "]", payment_call_of(work.call));
}

void add_price(Form& form, const PaymentOrder& order) {
    if (!order.stripe_price_id.empty()) {
        form.add("line_items[0][price]", order.stripe_price_id);
        form.add("line_items[0][quantity]", std::to_string(order.quantity));
        return;
    }
    std::string currency = order.money.currency;
    std::transform(currency.begin(), currency.end(), currency.begin(),
                   [](char c) { return static_cast<char>(c - 'A' + 'a'); });
    form.add("line_items[0][price_data][currency]", currency);
    form.add("line_items[0][price_data][unit_amount]", std::to_string(*core::stripe_amount_of(order.money)));
    form.add("line_items[0][price_data][product_data][name]",
             storable_text(order.title.empty() ? "Booking" : order.title, longest_name));
    form.add("line_items[0][quantity]", "1");
}

// key_mark: of a second key, after an error that Stripe remembers under the first.
ProviderRequest make_page(const PaymentWork& work, std::string_view key_mark) {
    const PaymentOrder& order = work.order;
    Form form;
    form.add("mode", "payment");
    form.add("success_url", order.success_url);
    form.add("cancel_url", order.cancel_url);
    form.add_if_any("client_reference_id", order.booking_id);
    form.add_if_any("customer_email", order.customer_email);
    form.add("expires_at", std::to_string(stripe_expiry(order)));
    add_metadata(form, "metadata", work);
    add_metadata(form, "payment_intent_data[metadata]", work);
    add_price(form, order);
    ProviderRequest request = post_for(work, key_mark.empty() ? "make" : "make again", "/v1/checkout/sessions", form);
    request.headers.emplace_back("Idempotency-Key", work.call.idempotency_key + std::string(key_mark));
    return request;
}

// Stripe knows better what an address is: then the buyer is asked for it there. What it refuses is not remembered under
// the key.
ProviderRequest make_page_without_address(const PaymentWork& work) {
    PaymentWork other = work;
    other.order.customer_email.clear();
    ProviderRequest request = make_page(other, {});
    request.step = "make without address";
    return request;
}

// memo: how many pages of the list were read before.
ProviderRequest find_page(const PaymentWork& work, int seen, std::string_view after) {
    std::string path = "/v1/checkout/sessions?limit=100&created%5Bgte%5D=";
    path += std::to_string(std::max<std::int64_t>(0, work.order.created_at - clock_difference));
    if (!after.empty()) {
        path += "&starting_after=" + percent_encoded(after);
    }
    ProviderRequest request = request_for(work, "find", "GET", std::move(path));
    request.memo = std::to_string(seen);
    return request;
}

ProviderRequest get_page(const PaymentWork& work, std::string_view id) {
    return request_for(work, "look up", "GET", page_path(id) + "?expand%5B%5D=payment_intent");
}

PageStatus status_of(const json::object& page) {
    const std::string_view status = string_in(page, "status");
    if (string_in(page, "payment_status") == "paid") {
        return PageStatus::paid;
    }
    if (status == "expired") {
        return PageStatus::expired;
    }
    if (status != "complete") {
        return PageStatus::open;
    }
    // Methods that take days: it depends on what has become of the payment.
    const auto* const intent = object_in(page, "payment_intent");
    const std::string_view stage = intent == nullptr ? std::string_view{} : string_in(*intent, "status");
    return stage == "canceled" || stage == "requires_payment_method" ? PageStatus::failed : PageStatus::under_way;
}

// Webhooks call a payment by its intent, and a page that has none by the page.
PageState state_of(const json::object& page) {
    PageState state;
    state.status = status_of(page);
    state.provider_ref = string_in(page, "id");
    const auto* const intent = object_in(page, "payment_intent");
    state.payment_ref = intent == nullptr ? string_in(page, "payment_intent") : string_in(*intent, "id");
    if (state.payment_ref.empty()) {
        state.payment_ref = state.provider_ref;
    }
    state.money = core::money_of_stripe(number_in(page, "amount_total"), string_in(page, "currency"));
    return state;
}

std::string words_of(const PaymentWork& work, const ProviderAnswer& answer) {
    const auto document = foreign_object(answer.body);
    const auto* const error = document ? object_in(*document, "error") : nullptr;
    std::string words = "it answered " + std::to_string(answer.status);
    if (error != nullptr && !string_in(*error, "message").empty()) {
        words += ": " + std::string(string_in(*error, "message"));
    }
    return reason_text(words, work.call, work.account);
}

std::string_view error_word(const std::optional<json::object>& document, std::string_view name) {
    const auto* const error = document ? object_in(*document, "error") : nullptr;
    return error == nullptr ? std::string_view{} : string_in(*error, name);
}

// Under this key it is the answer for ever, or for a day.
bool is_remembered(const ProviderAnswer& answer) {
    return answer.header("idempotent-replayed") == "true" || answer.header("stripe-should-retry") == "false";
}

// What makes 409 is another request under the same key that has not ended, or a lock.
std::optional<ProviderStep> stripe_end(const ProviderAnswer& answer) {
    if (answer.status == 409) {
        return Ambiguous{"it answered 409: another request is under way", answer.retry_after};
    }
    return common_end(answer);
}

ProviderStep made(const PaymentWork& work, const json::object& page) {
    const std::string_view id = string_in(page, "id");
    const std::string_view url = string_in(page, "url");
    if (!is_provider_id(id) || !is_page_url(url, work.account.base_url)) {
        return Ambiguous{"the answer has no page in it"};
    }
    const auto money = core::money_of_stripe(number_in(page, "amount_total"), string_in(page, "currency"));
    if (!money || *money != work.order.money) {
        // A price at Stripe that is not ours: what is paid there would pay nothing here.
        ProviderRequest undo = post_for(work, "undo", page_path(id) + "/expire", Form());
        undo.memo = "the page asks for " + number_in(page, "amount_total") + " " +
                    std::string(string_in(page, "currency")) + ", not for the price";
        return undo;
    }
    Done done;
    done.facts["provider_ref"] = id;
    done.facts["url"] = url;
    if (const auto expires_at = integer_in(page, "expires_at"); expires_at && *expires_at > 0) {
        done.facts["expires_at"] = time_of(std::min<std::int64_t>(*expires_at, 253402300799));
    }
    return done;
}

ProviderStep after_make(const PaymentWork& work, const ProviderRequest& asked, const ProviderAnswer& answer) {
    const bool is_again = asked.step == "make again";
    if (answer.status >= 500 && is_remembered(answer)) {
        return is_again ? ProviderStep(Ambiguous{words_of(work, answer)}) : ProviderStep(find_page(work, 0, {}));
    }
    if (auto end = stripe_end(answer)) {
        return *end;
    }
    const auto page = foreign_object(answer.body);
    if (answer.status < 300) {
        return page ? made(work, *page) : ProviderStep(Ambiguous{"the answer is not JSON"});
    }
    if (error_word(page, "param") == "customer_email" && asked.step == "make") {
        return make_page_without_address(work);
    }
    if (error_word(page, "type") == "idempotency_error" && !is_again) {
        return find_page(work, 0, {}); // made with another site_url, say
    }
    return Refused{words_of(work, answer), is_again}; // nothing was found before it was made again
}

const json::object* page_of_call(const json::array& pages, std::string_view call) {
    for (const auto& value : pages) {
        const auto* const page = value.if_object();
        const auto* const metadata = page == nullptr ? nullptr : object_in(*page, "metadata");
        if (metadata != nullptr && string_in(*metadata, call_in_metadata) == call) {
            return page;
        }
    }
    return nullptr;
}

// Nothing was made, as far as Stripe can tell.
ProviderStep not_found(const PaymentWork& work) {
    if (work.call.action == "look_up_payment") {
        return Done{{{"status", "expired"}, {"provider_ref", nullptr}}};
    }
    if (work.call.now > static_cast<double>(work.order.created_at + memory_of_keys)) {
        return Refused{"no page was made in a day", true};
    }
    return make_page(work, "-2");
}

ProviderStep found(const PaymentWork& work, const json::object& page) {
    const std::string_view id = string_in(page, "id");
    if (work.call.action != "create_payment") {
        return is_provider_id(id) ? ProviderStep(get_page(work, id)) : ProviderStep(Ambiguous{"the page has no id"});
    }
    // One that is closed has no address any more.
    return status_of(page) == PageStatus::open ? made(work, page)
                                               : ProviderStep(Refused{"the page was made, and is closed by now", true});
}

ProviderStep after_find(const PaymentWork& work, const ProviderRequest& asked, const ProviderAnswer& answer) {
    if (auto end = stripe_end(answer)) {
        // Looking does nothing, but what was before is still not known.
        return std::holds_alternative<Retry>(*end)
                   ? ProviderStep(Ambiguous{std::get<Retry>(*end).reason, std::get<Retry>(*end).after})
                   : *end;
    }
    const auto document = foreign_object(answer.body);
    const auto* const pages = document ? array_in(*document, "data") : nullptr;
    if (answer.status >= 300 || pages == nullptr) {
        return Ambiguous{words_of(work, answer)};
    }
    if (const auto* const page = page_of_call(*pages, payment_call_of(work.call)); page != nullptr) {
        return found(work, *page);
    }
    if (pages->empty() || !boolean_in(*document, "has_more").value_or(false)) {
        return not_found(work);
    }
    const int seen = std::atoi(asked.memo.c_str()) + 1;
    const auto* const last = pages->back().if_object();
    const std::string_view id = last == nullptr ? std::string_view{} : string_in(*last, "id");
    if (seen >= most_searched || !is_provider_id(id)) {
        return Ambiguous{"there are too many pages to find out which one it was", std::chrono::hours(1)};
    }
    return find_page(work, seen, id);
}

ProviderStep after_look_up(const PaymentWork& work, const ProviderAnswer& answer) {
    if (auto end = stripe_end(answer)) {
        return *end;
    }
    const auto page = foreign_object(answer.body);
    if (answer.status >= 300) {
        return Refused{words_of(work, answer)};
    }
    if (!page || !is_provider_id(string_in(*page, "id"))) {
        return Ambiguous{"the answer has no page in it"};
    }
    return work.call.action == "expire_payment" ? expired(state_of(*page)) : looked_up(state_of(*page));
}

// What cannot be expired is paid, or has expired: 400.
ProviderStep after_expire(const PaymentWork& work, const ProviderRequest& asked, const ProviderAnswer& answer) {
    if (auto end = stripe_end(answer)) {
        return *end;
    }
    if (answer.status >= 300) {
        return get_page(work, asked.memo);
    }
    return after_look_up(work, answer);
}

ProviderStep after_undo(const ProviderRequest& asked, const ProviderAnswer& answer) {
    if (auto end = stripe_end(answer)) {
        return *end;
    }
    return Refused{asked.memo};
}

ProviderStep begin_making(const PaymentWork& work) {
    if (!core::stripe_amount_of(work.order.money) || work.order.money.minor == 0) {
        return Refused{"Stripe cannot be asked for the price"};
    }
    if (work.order.success_url.empty()) {
        return Retry{"site_url is not set, so buyers could not come back", std::chrono::seconds(60)};
    }
    if (work.call.uncertain && work.call.now > static_cast<double>(work.order.created_at + memory_of_keys)) {
        return find_page(work, 0, {});
    }
    return make_page(work, {});
}

} // namespace

std::int64_t stripe_expiry(const PaymentOrder& order) {
    const std::int64_t latest = order.created_at + longest_page;
    const std::int64_t wanted = order.valid_until.value_or(latest);
    const std::int64_t making = std::clamp<std::int64_t>(wanted - order.created_at, 0, longest_making);
    return std::min(latest, std::max(wanted, order.created_at + making + shortest_page));
}

ProviderStep Stripe::begin(const ProviderCall& call, const ProviderAccount& account) const {
    const PaymentWork work{call, account, payment_order(call, account)};
    if (call.action == "create_payment") {
        return begin_making(work);
    }
    const std::string_view page = string_in(call.request, "provider_ref");
    if (call.action == "look_up_payment") {
        return page.empty() ? find_page(work, 0, {}) : get_page(work, page);
    }
    if (call.action == "expire_payment" && is_provider_id(page)) {
        ProviderRequest request = post_for(work, "expire", page_path(page) + "/expire", Form());
        request.memo = page;
        return request;
    }
    return Refused{"Stripe is not asked for this"};
}

ProviderStep Stripe::proceed(const ProviderCall& call, const ProviderAccount& account, const ProviderRequest& asked,
                             const ProviderAnswer& answer) const {
    const PaymentWork work{call, account, payment_order(call, account)};
    if (asked.step.starts_with("make")) {
        return after_make(work, asked, answer);
    }
    if (asked.step == "find") {
        return after_find(work, asked, answer);
    }
    if (asked.step == "expire") {
        return after_expire(work, asked, answer);
    }
    return asked.step == "undo" ? after_undo(asked, answer) : after_look_up(work, answer);
}

} // namespace pgbk::relay
