// The simple form, for shops and gateways that send events of their own: payment.succeeded, payment.failed,
// refund.received and the like, with an amount and, in the metadata, the booking.
#include "core/provider_json.hpp"

#include <algorithm>
#include <array>

namespace pgbk::core {

namespace {

constexpr std::array<std::string_view, 3> words_for_paid{"succeeded", "paid", "completed"};
constexpr std::array<std::string_view, 5> words_for_failed{"failed", "cancelled", "canceled", "expired", "declined"};
constexpr std::array<std::string_view, 3> words_for_pending{"pending", "processing", "created"};
constexpr std::array<std::string_view, 4> words_for_done{"succeeded", "settled", "completed", "done"};
constexpr std::array<std::string_view, 4> words_for_under_way{"pending", "processing", "created", "accepted"};

template <class Words> bool is_one_of(const Words& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

// Minor units by their name, else major units; as a number or, to be exact, as a string.
std::optional<Money> amount_of(const JsonNode* object, std::string& problem) {
    return first_member(object, {"amount_minor"}) != nullptr
               ? money_in(object, {"amount_minor"}, money_of_minor, problem)
               : money_in(object, {"amount"}, money_of_decimal, problem);
}

bool has_amount(const JsonNode* object) {
    return first_member(object, {"amount_minor", "amount"}) != nullptr;
}

// False if the word says nothing.
bool read_payment(const JsonNode* object, std::string_view word, PaymentNews& news) {
    news.ref = text_in(object, {"id", "payment_id"});
    if (is_one_of(words_for_paid, word)) {
        news.captured = amount_of(object, news.problem);
        return true;
    }
    news.failed = is_one_of(words_for_failed, word);
    return news.failed || is_one_of(words_for_pending, word);
}

bool read_refund(const JsonNode* object, std::string_view word, bool received_is_done, PaymentNews& news) {
    RefundStage stage = RefundStage::pending;
    if (is_one_of(words_for_done, word) || (word == "received" && received_is_done)) {
        stage = RefundStage::done;
    } else if (is_one_of(words_for_failed, word)) {
        stage = RefundStage::failed;
    } else if (word != "received" && !is_one_of(words_for_under_way, word)) {
        return false;
    }
    news.ref = reference_in(object, {"payment_id", "payment_intent_id", "payment_intent", "payment"});
    news.refund = RefundNews{text_in(object, {"id", "refund_id"}), stage, std::nullopt};
    // refund.received without an amount is the older word for: all of it.
    if (has_amount(object) || !(word == "received" || is_true(object, "refunded"))) {
        news.refund->amount = amount_of(object, news.problem);
    }
    return true;
}

} // namespace

ProviderEvent read_payment_event(const JsonNode& document, const SourceOptions& options) {
    ProviderEvent event;
    event.external_id = text_in(&document, {"id", "event_id"});
    event.type = required_text_in(&document, {"type", "name", "event"}, "$");
    event.occurred_at = time_in(&document, {"created_at", "createdAt", "timestamp", "created"});
    event.account = text_in(&document, {"account", "account_id", "accountId"});
    const auto dot = std::min(event.type.find('.'), event.type.size());
    const std::string_view entity = event.type.substr(0, dot);
    const std::string_view word = event.type.substr(std::min(dot + 1, event.type.size()));
    event.ignored = "events of this type change nothing";
    if (entity != "payment" && entity != "refund") {
        return event;
    }
    const JsonNode* const data = first_member(&document, {"data"});
    const JsonNode* const inner = first_member(data, {"object"});
    const JsonNode* const object = inner != nullptr && inner->kind == JsonKind::object ? inner : data;
    PaymentNews news;
    if (!(entity == "payment" ? read_payment(object, word, news)
                              : read_refund(object, word, options.refund_on_received, news))) {
        return event;
    }
    event.ignored.clear();
    (void)required_object_in(&document, "data", "$");
    event.subject = subject_in(object, {"reference"});
    if (news.ref.empty() && !(news.refund.has_value() && event.subject.is_named())) {
        refuse_event("$.data", "names no payment");
    }
    if (news.refund.has_value() && news.refund->ref.empty()) {
        refuse_event("$.data", "has a refund without an id");
    }
    event.payment = news;
    return event;
}

} // namespace pgbk::core
