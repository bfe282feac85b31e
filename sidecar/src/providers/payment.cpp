#include "providers/payment.hpp"

#include "core/uuid_text.hpp"
#include "providers/foreign_json.hpp"
#include "providers/form.hpp"
#include "text/stored_text.hpp"

#include <algorithm>

namespace pgbk::relay {

namespace {

namespace json = boost::json;

constexpr std::size_t longest_reason = 300;
constexpr std::chrono::seconds pause_until_mended(60); // somebody has to correct a key or an address first
constexpr std::chrono::seconds pause_while_under_way(600);

// Ids of ours begin with the milliseconds of when they were made.
std::int64_t time_of_id(std::string_view text) {
    const auto id = core::parse_uuid(text);
    std::int64_t milliseconds = 0;
    for (std::size_t i = 0; id && i < 6; ++i) {
        milliseconds = milliseconds * 256 + id->at(i);
    }
    return milliseconds / 1000;
}

// Whoever has a token finds the booking again by it; whoever holds seats has kept the token of the hold.
std::string return_url(const PaymentOrder& order, std::string_view token, std::string_view site, std::string_view how) {
    if (site.empty()) {
        return {};
    }
    std::string url(site);
    if (!token.empty()) {
        url += "/book?token=" + percent_encoded(token);
    } else if (!order.reservation_id.empty()) {
        url += "/book?reservation=" + percent_encoded(order.reservation_id);
    } else {
        url += "/book?booking=" + percent_encoded(order.booking_id);
    }
    return url + "&payment=" + std::string(how);
}

std::string_view status_name(PageStatus status) {
    switch (status) {
    case PageStatus::open:
    case PageStatus::under_way:
        return "open";
    case PageStatus::paid:
        return "paid";
    case PageStatus::expired:
        return "expired";
    case PageStatus::failed:
        break;
    }
    return "failed";
}

Done end_of(const PageState& state, std::string_view status) {
    Done done;
    done.facts["status"] = status;
    done.facts["provider_ref"] = state.provider_ref;
    if (state.status == PageStatus::paid) {
        done.facts["payment_ref"] = state.payment_ref;
        done.facts["amount_minor"] = state.money->minor;
        done.facts["currency"] = state.money->currency;
    }
    return done;
}

// Money that cannot be told must not be told wrong, and not be forgotten either.
std::optional<ProviderStep> unreadable(const PageState& state) {
    if (state.status == PageStatus::paid && (!state.money || state.payment_ref.empty())) {
        return Ambiguous{"it is paid, but the answer does not say what, or by which payment", pause_until_mended};
    }
    return std::nullopt;
}

} // namespace

PaymentOrder payment_order(const ProviderCall& call, const ProviderAccount& account) {
    const json::object& request = call.request;
    PaymentOrder order;
    order.money = {integer_in(request, "amount_minor").value_or(0), std::string(string_in(request, "currency"))};
    order.title = string_in(request, "title");
    order.reference = string_in(request, "reference");
    order.customer_email = string_in(request, "customer_email");
    if (const auto* const metadata = object_in(request, "metadata"); metadata != nullptr) {
        order.booking_id = string_in(*metadata, "booking_id");
        order.reservation_id = string_in(*metadata, "reservation_id");
    }
    order.stripe_price_id = string_in(request, "stripe_price_id");
    order.quantity = std::max<std::int64_t>(1, integer_in(request, "quantity").value_or(1));
    order.valid_until = seconds_of(string_in(request, "expires_at"));
    order.created_at = time_of_id(payment_call_of(call));
    const std::string_view token = string_in(request, "return_token");
    order.success_url = return_url(order, token, account.site_url, "success");
    order.cancel_url = return_url(order, token, account.site_url, "cancelled");
    return order;
}

ProviderRequest bearer_request(std::string step, std::string method, std::string path, std::string_view token) {
    ProviderRequest request;
    request.step = std::move(step);
    request.method = std::move(method);
    request.path = std::move(path);
    request.headers = {{"Authorization", "Bearer " + std::string(token)}};
    return request;
}

std::string_view payment_call_of(const ProviderCall& call) {
    const std::string_view other = string_in(call.request, "payment_call_id");
    return other.empty() ? std::string_view(call.id) : other;
}

std::string reason_text(std::string_view words, const ProviderCall& call, const ProviderAccount& account) {
    std::vector<std::string_view> hidden;
    for (const auto& [name, value] : account.keys) {
        hidden.push_back(value);
    }
    hidden.push_back(account.access_token);
    for (const std::string_view name : {"customer_email", "customer_name", "customer_phone", "return_token"}) {
        hidden.push_back(string_in(call.request, name));
    }
    std::string text(words);
    for (const std::string_view secret : hidden) {
        for (auto at = secret.empty() ? std::string::npos : text.find(secret); at != std::string::npos;
             at = text.find(secret, at + 4)) {
            text.replace(at, secret.size(), "****");
        }
    }
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; }, ' ');
    return storable_text(text, longest_reason);
}

std::optional<ProviderStep> common_end(const ProviderAnswer& answer) {
    const std::string status = "it answered " + std::to_string(answer.status);
    if (answer.status < 200) {
        const std::string reason = "no answer" + (answer.error.empty() ? "" : ": " + answer.error);
        return answer.sent ? ProviderStep(Ambiguous{reason}) : ProviderStep(Retry{reason});
    }
    if (answer.status >= 300 && answer.status < 400) {
        return Retry{status + ", and redirects are not followed: is the base URL right?", pause_until_mended};
    }
    if (answer.status == 401 || answer.status == 403) {
        // 403 is about this request: a key that may not look at payments may still make pages.
        return Retry{status + ": are the keys right?", answer.retry_after.value_or(pause_until_mended),
                     answer.status == 401};
    }
    if (answer.status == 425 || answer.status == 429) {
        return Retry{status, answer.retry_after, true};
    }
    if (answer.status == 408 || answer.status >= 500) {
        return Ambiguous{status, answer.retry_after};
    }
    if (!answer.complete) { // why it is refused decides what is to be done
        return Ambiguous{"the answer was not read to its end"};
    }
    return std::nullopt;
}

ProviderStep looked_up(const PageState& state) {
    if (auto trouble = unreadable(state)) {
        return *trouble;
    }
    return end_of(state, status_name(state.status));
}

ProviderStep expired(const PageState& state) {
    if (auto trouble = unreadable(state)) {
        return *trouble;
    }
    switch (state.status) {
    case PageStatus::open:
        return Retry{"it can still be paid"};
    case PageStatus::under_way:
        return Retry{"a payment is under way", pause_while_under_way};
    case PageStatus::paid:
        return end_of(state, "paid");
    case PageStatus::expired:
    case PageStatus::failed:
        break;
    }
    return end_of(state, "expired");
}

} // namespace pgbk::relay
