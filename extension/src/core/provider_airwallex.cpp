// Events of Airwallex. Amounts are decimal numbers in major units.
#include "core/provider_json.hpp"

#include <algorithm>
#include <array>

namespace pgbk::core {

namespace {

enum class Meaning : std::uint8_t {
    nothing,
    paid,
    failed,
    still_pending,
    disputed,
    refund_pending,
    refund_received,
    refund_done,
    refund_failed
};

struct Name {
    std::string_view name;
    Meaning meaning;
};

// Failures of an attempt are not final: the intent may still be paid.
constexpr std::array names{
    Name{"payment_intent.succeeded", Meaning::paid},
    Name{"payment_link.paid", Meaning::paid},
    Name{"payment_intent.payment_failed", Meaning::failed},
    Name{"payment_intent.cancelled", Meaning::failed},
    Name{"payment_intent.pending", Meaning::still_pending},
    Name{"payment_intent.pending_review", Meaning::still_pending},
    Name{"payment_dispute.requires_response", Meaning::disputed},
    Name{"refund.received", Meaning::refund_received},
    Name{"refund.accepted", Meaning::refund_pending},
    Name{"refund.processing", Meaning::refund_pending},
    Name{"refund.settled", Meaning::refund_done},
    Name{"refund.succeeded", Meaning::refund_done},
    Name{"refund.failed", Meaning::refund_failed},
};

// Elsewhere at Airwallex these are payouts, so that they are understood only on demand.
constexpr std::array legacy_names{
    Name{"payment.succeeded", Meaning::paid},
    Name{"payment.failed", Meaning::failed},
};

template <class Names> Meaning look_up(const Names& table, std::string_view name) {
    const auto* const found =
        std::find_if(table.begin(), table.end(), [&](const Name& row) { return row.name == name; });
    return found == table.end() ? Meaning::nothing : found->meaning;
}

Meaning meaning_of(std::string_view name, const SourceOptions& options) {
    Meaning meaning = look_up(names, name);
    if (meaning == Meaning::nothing && options.legacy_event_names) {
        meaning = look_up(legacy_names, name);
    }
    if (meaning == Meaning::refund_received) {
        return options.refund_on_received ? Meaning::refund_done : Meaning::refund_pending;
    }
    return meaning;
}

bool is_refund(Meaning meaning) {
    return meaning == Meaning::refund_pending || meaning == Meaning::refund_done || meaning == Meaning::refund_failed;
}

RefundStage stage_of(Meaning meaning) {
    return meaning == Meaning::refund_done     ? RefundStage::done
           : meaning == Meaning::refund_failed ? RefundStage::failed
                                               : RefundStage::pending;
}

// A refund and a dispute name the intent; a link that was paid names the one that paid it, or none: the link is not
// the payment, of which the intent's own event tells.
std::string_view payment_of(const JsonNode* object, std::string_view name, Meaning meaning) {
    if (is_refund(meaning) || meaning == Meaning::disputed) {
        return text_in(object, {"payment_intent_id", "payment_id"});
    }
    if (name == "payment_link.paid") {
        return text_in(object, {"latest_successful_payment_intent_id", "payment_intent_id"});
    }
    return text_in(object, {"id"});
}

// is_whole: a refund without an amount is one of everything.
void read_news(const JsonNode* object, Meaning meaning, bool is_whole, PaymentNews& news) {
    if (meaning == Meaning::paid) {
        news.captured = money_in(object, {"captured_amount", "amount"}, money_of_decimal, news.problem);
    } else if (is_refund(meaning)) {
        news.refund = RefundNews{required_text_in(object, {"id"}, "$.data.object"), stage_of(meaning), std::nullopt};
        if (!is_whole || first_member(object, {"amount"}) != nullptr) {
            news.refund->amount = money_in(object, {"amount"}, money_of_decimal, news.problem);
        }
    }
    news.failed = meaning == Meaning::failed;
    news.disputed = meaning == Meaning::disputed;
}

} // namespace

ProviderEvent read_airwallex_event(const JsonNode& document, const SourceOptions& options) {
    ProviderEvent event;
    event.external_id = required_text_in(&document, {"id"}, "$");
    event.type = required_text_in(&document, {"name", "type"}, "$");
    event.occurred_at = time_in(&document, {"created_at", "createdAt"});
    event.account = text_in(&document, {"account_id", "accountId"});
    const Meaning meaning = meaning_of(event.type, options);
    if (meaning == Meaning::nothing) {
        event.ignored = "events of this name change nothing";
        return event;
    }
    // Older families have no "object" around it.
    const JsonNode* const data = required_object_in(&document, "data", "$");
    const JsonNode* const inner = first_member(data, {"object"});
    const JsonNode* const object = inner != nullptr && inner->kind == JsonKind::object ? inner : data;
    event.subject = subject_in(object, {"merchant_order_id"});
    event.payment.emplace();
    event.payment->ref = payment_of(object, event.type, meaning);
    const bool is_link = event.type == "payment_link.paid";
    if (event.payment->ref.empty() && !is_link && !(is_refund(meaning) && event.subject.is_named())) {
        refuse_event("$.data.object", "names no payment");
    }
    if (event.payment->ref.empty() && is_link) {
        return event; // without an amount: it must not be counted beside that of the intent
    }
    read_news(object, meaning, options.legacy_event_names && event.type == "refund.received", *event.payment);
    return event;
}

} // namespace pgbk::core
