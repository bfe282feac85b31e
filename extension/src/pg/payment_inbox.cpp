#include "pg/payment_inbox.hpp"

#include "pg/calendar_effects.hpp"
#include "pg/digest.hpp"
#include "pg/identity.hpp"
#include "pg/jsonb_node.hpp"
#include "pg/notify.hpp"
#include "pg/payment_effects.hpp"
#include "pg/payment_ledger.hpp"
#include "pg/settings.hpp"
#include "pg/subtransaction.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

constexpr std::int64_t patience = USECS_PER_HOUR; // how long a booking may take to be there
constexpr std::int64_t first_pause = 30 * USECS_PER_SEC;
constexpr std::int32_t most_doublings = 5;

// Errors after which the same call may succeed: conflicts of transactions, shortage, shutdown, a timeout.
bool may_pass(const ErrorData& error) {
    const int category = ERRCODE_TO_CATEGORY(error.sqlerrcode);
    return category == ERRCODE_TO_CATEGORY(ERRCODE_TRANSACTION_ROLLBACK) ||
           category == ERRCODE_TO_CATEGORY(ERRCODE_INSUFFICIENT_RESOURCES) ||
           category == ERRCODE_TO_CATEGORY(ERRCODE_OPERATOR_INTERVENTION) ||
           category == ERRCODE_TO_CATEGORY(ERRCODE_SYSTEM_ERROR) ||
           category == ERRCODE_TO_CATEGORY(ERRCODE_INTERNAL_ERROR) || error.sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
           error.sqlerrcode == ERRCODE_READ_ONLY_SQL_TRANSACTION;
}

// From REPEATABLE READ on, the row of a rival that has committed meanwhile cannot be seen, but is in the way.
bool is_unseen_rival(const ErrorData& error) {
    return error.sqlerrcode == ERRCODE_UNIQUE_VIOLATION && IsolationUsesXactSnapshot();
}

// With all its writes, or with none.
Effect effect_of(const Sender& sender, const Receipt& receipt, const core::ProviderEvent& event) {
    if (std::string mismatch = core::mismatch_of(event, sender.options); !mismatch.empty()) {
        return {"conflict", std::move(mismatch)};
    }
    if (!event.ignored.empty()) {
        return {"ignored", event.ignored};
    }
    Effect effect;
    try {
        in_subtransaction([&] {
            effect = event.payment.has_value() ? apply_payment(sender, event)
                                               : apply_calendar(sender, event, receipt.received_at);
            return true;
        });
    } catch (const Refusal& refusal) {
        if (refusal.kind() == RefusalKind::retry) {
            throw;
        }
        return failed_effect(refusal.message());
    } catch (const ServerError& error) {
        if (is_unseen_rival(*error.data)) {
            throw Refusal(RefusalKind::retry, "another transaction has just made the same: " + message_of(error), {},
                          "Roll back and try again.");
        }
        if (may_pass(*error.data)) {
            throw;
        }
        return failed_effect(message_of(error));
    }
    return effect;
}

void write_effect(const Receipt& receipt, const Effect& effect, std::optional<TimestampTz> next_attempt_at) {
    static constinit Statement statement(
        "UPDATE booking.payment_events AS e"
        "   SET status = $3, reason = NULLIF(left($4, 1000), ''), attempts = $5, next_attempt_at = $6,"
        "       settled_at = CASE WHEN $6 IS NULL THEN $7 END, payment_id = $8, booking_id = $9"
        " WHERE e.organization_id = $1 AND e.id = $2");
    statement.write({receipt.organization, receipt.id, effect.status, std::string_view(effect.reason), receipt.attempts,
                     next_attempt_at.has_value() ? Value::timestamp(*next_attempt_at) : Value::null(TIMESTAMPTZOID),
                     Value::timestamp(settings::now()), uuid_or_null(effect.payment), uuid_or_null(effect.booking)});
}

// webhook.failed: nobody's payment, so it is about the event itself.
void report_event(const Sender& sender, const Receipt& receipt, std::string_view reason) {
    static constinit Statement statement(
        "INSERT INTO booking.booking_events (organization_id, id, kind, subject_id, facts, occurred_at)"
        " VALUES ($1, $2, 'webhook.failed', $3, jsonb_build_object('name', $4, 'reason', $5), $6)"
        " RETURNING organization_id, id");
    notify_of_events(statement.write({receipt.organization, new_id(receipt.organization), receipt.id, sender.name,
                                      reason, Value::timestamp(settings::now())}));
}

// Nobody has come for it within the hour.
void give_up_on(const Sender& sender, const Receipt& receipt, Effect effect, const core::ProviderEvent& event) {
    const bool is_ours = event.subject.is_named() || (event.payment.has_value() && sender.options.reports_unmatched);
    if (!is_ours) {
        effect.status = "ignored";
        write_effect(receipt, effect, std::nullopt);
        return;
    }
    write_effect(receipt, effect, std::nullopt);
    if (effect.payment.has_value()) {
        report_payment("payment.unmatched", lock_payment(sender, event.payment->ref), effect.reason);
    } else {
        report_event(sender, receipt, effect.reason);
    }
}

TimestampTz next_attempt_of(const Receipt& receipt, TimestampTz now) {
    const std::int64_t pause = first_pause << std::min(receipt.attempts - 1, most_doublings);
    return std::min(now + pause, std::max(receipt.received_at + patience, now + first_pause));
}

} // namespace

std::string message_of(const ServerError& error) {
    std::string message(error.data->message == nullptr ? "unknown error" : error.data->message);
    server([&] { FreeErrorData(error.data); });
    return message;
}

std::optional<Sender> find_sender(std::int32_t organization, const core::Uuid& id, bool only_active) {
    static constinit Statement statement("SELECT s.name, s.scheme, s.options FROM booking.webhook_sources AS s"
                                         " WHERE s.organization_id = $1 AND s.id = $2"
                                         "   AND (s.status = 'active' OR NOT $3)");
    const Rows rows = statement.write({organization, id, only_active});
    if (rows.empty()) {
        return std::nullopt;
    }
    const Datum options = rows.datum(0, 3);
    const core::JsonNode* const tree = server([&] { return json_tree(DatumGetJsonbP(options)); });
    const std::string_view scheme = rows.bytes(0, 2);
    return Sender{organization, id, rows.bytes(0, 1), scheme, core::read_source_options(scheme, *tree)};
}

Document read_document(std::string_view body) {
    try {
        return {server([&] {
                    // Verified and converted to the encoding of the database.
                    const char* const text = pstrdup(
                        pg_any_to_server(pnstrdup(body.data(), body.size()), static_cast<int>(body.size()), PG_UTF8));
                    return json_tree(DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text))));
                }),
                {}};
    } catch (const ServerError& error) {
        const int code = error.data->sqlerrcode;
        if (may_pass(*error.data)) {
            throw;
        }
        std::string message = message_of(error);
        if (code == ERRCODE_INVALID_TEXT_REPRESENTATION || code == ERRCODE_CHARACTER_NOT_IN_REPERTOIRE) {
            throw Refusal(RefusalKind::malformed_event, "malformed event: it is not JSON in UTF-8: " + message);
        }
        return {nullptr, std::move(message)};
    }
}

std::optional<Receipt> put_into_inbox(const Sender& sender, const EventKey& key, const core::ProviderEvent& event,
                                      std::string_view body, Datum headers) {
    static constinit Statement statement(
        "INSERT INTO booking.payment_events (organization_id, id, source_id, external_id, event_type, occurred_at,"
        "       received_at, headers, body, body_hash, id_is_signed, status)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'received') ON CONFLICT DO NOTHING RETURNING 1");
    const Receipt receipt{sender.organization, new_id(sender.organization), settings::now(), 1};
    const auto occurred_at = event.occurred_at.empty() ? std::nullopt : read_timestamp(event.occurred_at);
    const Digest hash = sha256_of(body);
    const Rows rows =
        statement.write({sender.organization, receipt.id, sender.id, std::string_view(key.id), event.type,
                         occurred_at.has_value() ? Value::timestamp(*occurred_at) : Value::null(TIMESTAMPTZOID),
                         Value::timestamp(receipt.received_at), Value::jsonb(headers), Value::bytea(body),
                         Value::bytea(as_bytes(hash)), key.is_signed});
    return rows.empty() ? std::nullopt : std::optional(receipt);
}

Known lock_known(const Sender& sender, const EventKey& key, std::string_view body) {
    static constinit Statement find(
        "SELECT e.id, e.received_at, e.attempts, e.next_attempt_at IS NOT NULL, e.body, e.body_hash = $4"
        "  FROM booking.payment_events AS e"
        " WHERE e.organization_id = $1 AND e.source_id = $2"
        "   AND (e.external_id = $3 OR NOT e.id_is_signed AND NOT $5 AND e.body_hash = $4)"
        " ORDER BY e.body_hash = $4 DESC, e.id LIMIT 1 FOR NO KEY UPDATE");
    static constinit Statement note("UPDATE booking.payment_events AS e SET other_body_hash = $3"
                                    " WHERE e.organization_id = $1 AND e.id = $2"
                                    "   AND e.other_body_hash IS DISTINCT FROM $3");
    const Digest hash = sha256_of(body);
    const Rows rows = find.write(
        {sender.organization, sender.id, std::string_view(key.id), Value::bytea(as_bytes(hash)), key.is_signed});
    if (rows.empty()) {
        throw Refusal(RefusalKind::retry, "the event has just been removed", {}, "Try again.");
    }
    const core::Uuid id = rows.uuid(0, 1);
    if (!rows.boolean(0, 6)) {
        note.write({sender.organization, id, Value::bytea(as_bytes(hash))});
    }
    return {{sender.organization, id, rows.timestamp(0, 2), rows.int4(0, 3) + 1}, rows.boolean(0, 4), rows.bytes(0, 5)};
}

std::string_view apply_event(const Sender& sender, const Receipt& receipt, const core::ProviderEvent& event) {
    const Effect effect = effect_of(sender, receipt, event);
    const TimestampTz now = settings::now();
    if (effect.status != "failed") {
        write_effect(receipt, effect, std::nullopt);
        if (effect.status == "conflict" && !effect.payment.has_value()) {
            report_event(sender, receipt, effect.reason);
        }
    } else if (now < receipt.received_at + patience) {
        write_effect(receipt, effect, next_attempt_of(receipt, now));
    } else {
        give_up_on(sender, receipt, effect, event);
    }
    return effect.status;
}

void postpone(const Receipt& receipt, const std::string& reason) {
    write_effect(receipt, failed_effect(reason), next_attempt_of(receipt, settings::now()));
}

void give_up(const Sender& sender, const Receipt& receipt, const std::string& reason) {
    write_effect(receipt, failed_effect(reason), std::nullopt);
    report_event(sender, receipt, reason);
}

} // namespace pgbk
