// receive_webhook: what a source has sent, verified by the relay, goes into the inbox and takes effect, in one
// transaction. What cannot be applied is kept as failed and tried again by retry_payment_events; only what is no event
// at all is refused.
#include "core/option_values.hpp"
#include "pg/access.hpp"
#include "pg/actor.hpp"
#include "pg/digest.hpp"
#include "pg/jsonb_node.hpp"
#include "pg/payment_inbox.hpp"
#include "pg/receive_event.hpp"
#include "pg/settings.hpp"
#include "pg/subtransaction.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

std::string_view bytes_argument(const Call& call, int i, const char* name) {
    if (is_absent(call, i)) {
        throw Refusal(RefusalKind::null_argument, std::string(name) + " must not be NULL");
    }
    return server([&] {
        const bytea* const bytes = DatumGetByteaPP(call.fcinfo->args[i].value);
        return std::string_view(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
    });
}

// The sender's own id: the header that a scheme has for it, else the event's, else the bytes themselves.
EventKey key_of(const Sender& sender, const core::JsonNode& headers, const core::ProviderEvent& event,
                std::string_view body) {
    constexpr std::size_t longest = 500;
    const std::string_view name =
        sender.scheme == "standard" ? std::string_view("webhook-id") : sender.options.id_header.value_or("");
    const core::JsonNode* const header = name.empty() ? nullptr : core::member(headers, core::lower_case(name));
    if (header != nullptr && header->kind == core::JsonKind::string && !header->text.empty() &&
        header->text.size() <= longest) {
        return {std::string(header->text), sender.scheme == "standard"};
    }
    return {event.external_id.empty() ? "sha256:" + hexadecimal(sha256_of(body)) : event.external_id, true};
}

// Events of bookings have an inbox of their own.
Datum receive_for_booking(const Call& call, const Sender& sender, const Document& document) {
    if (document.tree == nullptr) {
        throw Refusal(RefusalKind::malformed_event, "malformed event: " + document.unreadable);
    }
    try {
        const ReceivedBookingEvent received = receive_event(sender.organization, *document.tree);
        return reception_result(call, received.is_new ? "applied" : "duplicate", received.event);
    } catch (const Refusal& refusal) {
        if (refusal.kind() != RefusalKind::invalid_received_event) {
            throw;
        }
        throw Refusal(RefusalKind::malformed_event, refusal.message(), refusal.detail(), refusal.hint());
    }
}

// The source may take its events for something else by now, and then it is none of them any more.
void apply_again(const Sender& sender, const Receipt& receipt, std::string_view body) {
    core::ProviderEvent event;
    try {
        const Document document = read_document(body);
        if (document.tree == nullptr) {
            give_up(sender, receipt, document.unreadable);
            return;
        }
        event = core::read_provider_event(*document.tree, sender.options);
    } catch (const Refusal& refusal) {
        if (refusal.kind() != RefusalKind::malformed_event) {
            throw;
        }
        give_up(sender, receipt, refusal.message());
        return;
    }
    apply_event(sender, receipt, event);
}

// It has no effect again; but one that could not be applied has another chance.
Datum receive_again(const Call& call, const Sender& sender, const EventKey& key, std::string_view body) {
    const Known known = lock_known(sender, key, body);
    if (known.is_open) {
        apply_again(sender, known.receipt, known.body);
    }
    return reception_result(call, "duplicate", known.receipt.id);
}

Datum receive_webhook_body(Call& call) {
    const core::Uuid source = uuid_argument(call, 0, "source_id");
    const std::string_view body = bytes_argument(call, 1, "body");
    const Datum headers = jsonb_argument(call, 2, "headers");
    require_relay(call, "receive webhooks");
    const auto sender = find_sender(core::organization_of(source).value_or(0), source, true);
    if (!sender.has_value()) {
        throw Refusal(RefusalKind::source_not_found, "no active source of webhooks has the id " + uuid_text(source));
    }
    const ActorScope scope(ActorKind::webhook, sender->name);
    const Document document = read_document(body);
    if (sender->options.payload == core::Payload::booking_event) {
        return receive_for_booking(call, *sender, document);
    }
    core::ProviderEvent event;
    if (document.tree != nullptr) {
        event = core::read_provider_event(*document.tree, sender->options);
    }
    const core::JsonNode& header_tree = *server([&] { return json_tree(DatumGetJsonbP(headers)); });
    const EventKey key = key_of(*sender, header_tree, event, body);
    const auto receipt = put_into_inbox(*sender, key, event, body, headers);
    if (!receipt.has_value()) {
        return receive_again(call, *sender, key, body);
    }
    if (document.tree == nullptr) {
        give_up(*sender, *receipt, document.unreadable);
        return reception_result(call, "failed", receipt->id);
    }
    return reception_result(call, apply_event(*sender, *receipt, event), receipt->id);
}

void retry(const Receipt& receipt, const core::Uuid& source, std::string_view body) {
    const auto sender = find_sender(receipt.organization, source, false);
    if (!sender.has_value()) {
        give_up({receipt.organization, source, "", "", {}}, receipt, "its source is gone");
        return;
    }
    const ActorScope scope(ActorKind::webhook, sender->name);
    apply_again(*sender, receipt, body);
}

// What has kept work from being done, of which then nothing is left; empty if it is done. Whoever ends the call ends
// it.
template <class Work> std::string trouble_with(Work work) {
    try {
        (void)in_subtransaction([&] {
            work();
            return true;
        });
        return {};
    } catch (const Refusal& refusal) {
        return refusal.message();
    } catch (const ServerError& error) {
        if (ERRCODE_TO_CATEGORY(error.data->sqlerrcode) == ERRCODE_TO_CATEGORY(ERRCODE_OPERATOR_INTERVENTION)) {
            throw;
        }
        return message_of(error);
    }
}

// One event that is due, if there is any. What goes wrong with it is its own trouble: it is put off, so that those
// behind it have their turn.
bool retry_one(std::int32_t organization) {
    static constinit Statement statement(
        "SELECT e.id, e.received_at, e.attempts, e.source_id, e.body FROM booking.payment_events AS e"
        " WHERE e.organization_id = $1 AND e.next_attempt_at <= $2"
        " ORDER BY e.next_attempt_at, e.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED");
    const Rows rows = statement.write({organization, Value::timestamp(settings::now())});
    if (rows.empty()) {
        return false;
    }
    const Receipt receipt{organization, rows.uuid(0, 1), rows.timestamp(0, 2), rows.int4(0, 3) + 1};
    const core::Uuid source = rows.uuid(0, 4);
    const std::string_view body = rows.bytes(0, 5);
    const std::string trouble = trouble_with([&] { retry(receipt, source, body); });
    if (!trouble.empty()) {
        postpone(receipt, trouble);
    }
    return true;
}

Datum retry_payment_events_body(Call& call) {
    const std::int32_t organization = int4_argument(call, 0, "organization_id");
    const std::int32_t most = int4_argument(call, 1, "most");
    require_trusted(call, "apply events of sources again",
                    "pg_cron calls booking.payment_job(); other callers need booking_service.");
    std::int32_t count = 0;
    while (count < most && retry_one(organization)) {
        ++count;
    }
    return Int32GetDatum(count);
}

} // namespace

PGBK_WRITER(receive_webhook, receive_webhook_body);
PGBK_WRITER(retry_payment_events, retry_payment_events_body);

} // namespace pgbk
