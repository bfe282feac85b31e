// Events of Stripe. A payment is known by its payment intent; only a checkout or charge that has none stands for
// itself.
#include "core/provider_json.hpp"

#include <array>

namespace pgbk::core {

namespace {

struct Stripe {
    const JsonNode* object; // what the event is about
    PaymentNews& news;
};

void read_captured(const Stripe& stripe, std::initializer_list<std::string_view> amounts) {
    stripe.news.captured = money_in(stripe.object, amounts, money_of_stripe, stripe.news.problem);
}

void checkout_paid(const Stripe& stripe) {
    read_captured(stripe, {"amount_total"});
}

// Paid only where Stripe says so: delayed methods of payment complete the checkout first.
void checkout_completed(const Stripe& stripe) {
    if (text_in(stripe.object, {"payment_status"}) == "paid") {
        checkout_paid(stripe);
    }
}

void intent_succeeded(const Stripe& stripe) {
    read_captured(stripe, {"amount_received", "amount"});
}

void failed(const Stripe& stripe) {
    stripe.news.failed = true;
}

void still_pending(const Stripe& /*stripe*/) {}

void disputed(const Stripe& stripe) {
    stripe.news.disputed = true;
}

void charge_refunded(const Stripe& stripe) {
    stripe.news.refunded_total = money_in(stripe.object, {"amount_refunded"}, money_of_stripe, stripe.news.problem);
}

RefundStage stage_of(std::string_view status) {
    if (status == "succeeded") {
        return RefundStage::done;
    }
    return status == "failed" || status == "canceled" ? RefundStage::failed : RefundStage::pending;
}

void refund_changed(const Stripe& stripe) {
    stripe.news.refund = RefundNews{required_text_in(stripe.object, {"id"}, "$.data.object"),
                                    stage_of(text_in(stripe.object, {"status"})),
                                    money_in(stripe.object, {"amount"}, money_of_stripe, stripe.news.problem)};
}

void refund_failed(const Stripe& stripe) {
    refund_changed(stripe);
    stripe.news.refund->stage = RefundStage::failed;
}

struct Handler {
    std::string_view type;
    void (*read)(const Stripe& stripe);
};

constexpr std::array handlers{
    Handler{"checkout.session.completed", checkout_completed},
    Handler{"checkout.session.async_payment_succeeded", checkout_paid},
    Handler{"checkout.session.async_payment_failed", failed},
    Handler{"checkout.session.expired", failed},
    Handler{"payment_intent.succeeded", intent_succeeded},
    Handler{"payment_intent.payment_failed", failed},
    Handler{"payment_intent.canceled", failed},
    Handler{"payment_intent.processing", still_pending},
    Handler{"charge.refunded", charge_refunded},
    Handler{"charge.refund.updated", refund_changed},
    Handler{"refund.created", refund_changed},
    Handler{"refund.updated", refund_changed},
    Handler{"refund.failed", refund_failed},
    Handler{"charge.dispute.created", disputed},
};

// Of whatever object: the intent has its own id, all others name it.
std::string_view payment_of(const JsonNode* object, std::string_view type) {
    if (type.starts_with("payment_intent.")) {
        return text_in(object, {"id"});
    }
    const std::string_view named = reference_in(object, {"payment_intent", "charge"});
    const bool stands_for_itself = type.starts_with("checkout.") || type == "charge.refunded";
    return named.empty() && stands_for_itself ? text_in(object, {"id"}) : named;
}

} // namespace

ProviderEvent read_stripe_event(const JsonNode& document) {
    ProviderEvent event;
    event.external_id = required_text_in(&document, {"id"}, "$");
    event.type = required_text_in(&document, {"type"}, "$");
    event.occurred_at = time_in(&document, {"created"});
    if (const JsonNode* const livemode = first_member(&document, {"livemode"});
        livemode != nullptr && livemode->kind == JsonKind::boolean) {
        event.livemode = livemode->boolean;
    }
    event.account = text_in(&document, {"account"});
    if (text_in(&document, {"object"}) == "v2.core.event") {
        event.ignored = "a thin event, which has nothing in it";
        return event;
    }
    for (const Handler& handler : handlers) {
        if (handler.type != event.type) {
            continue;
        }
        const JsonNode* const object =
            required_object_in(required_object_in(&document, "data", "$"), "object", "$.data");
        event.subject = subject_in(object, {"client_reference_id"});
        if (text_in(object, {"payment_status"}) == "no_payment_required") {
            event.ignored = "no payment was required";
            return event;
        }
        event.payment.emplace();
        event.payment->ref = payment_of(object, event.type);
        if (event.payment->ref.empty()) {
            refuse_event("$.data.object", "names no payment");
        }
        handler.read({object, *event.payment});
        return event;
    }
    event.ignored = "events of this type change nothing";
    return event;
}

} // namespace pgbk::core
