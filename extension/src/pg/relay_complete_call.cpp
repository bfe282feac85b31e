// relay_complete_call: what has come of a call of a provider, and what follows.
//
// Lock order: money that was found (payment_effects), then the booking or hold, then the call. So whoever ends a
// booking, holds its row and looks at its calls, waits for nobody who waits for him.
#include "core/provider_call.hpp"
#include "pg/access.hpp"
#include "pg/booking_account.hpp"
#include "pg/digest.hpp"
#include "pg/identity.hpp"
#include "pg/jsonb_node.hpp"
#include "pg/notify.hpp"
#include "pg/payment_calls.hpp"
#include "pg/relay.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

using core::CallEnding;
using core::CallResult;

constexpr std::size_t longest_reason = 500;

struct Lease {
    core::Uuid relay;
    core::Uuid call;
    std::int64_t token;

    std::int32_t organization() const { return core::organization_of(call).value_or(0); }
};

struct Leased {
    FinishedCall call;
    std::int32_t attempts;
    TimestampTz expires_at;

    bool is_payment() const { return call.action.ends_with("_payment"); }
    PaymentSubject subject() const { return {call.organization, call.booking, call.reservation}; }
};

#define PGBK_LEASED_SQL                                                                                                \
    "SELECT c.provider, c.action, c.booking_id, c.reservation_id, c.about_call_id, c.request, c.idempotency_key,"      \
    "       c.attempts, c.expires_at"                                                                                  \
    "  FROM booking.provider_calls AS c"                                                                               \
    " WHERE c.organization_id = $1 AND c.id = $2 AND c.lease_token = $3 AND c.lease_owner = $4"                        \
    "   AND c.status = 'running'"

std::optional<Leased> read_leased(Statement& statement, const Lease& lease) {
    const Rows rows = statement.write({lease.organization(), lease.call, Value::int8(lease.token), lease.relay});
    if (rows.empty()) {
        return std::nullopt;
    }
    const auto id = [&](int column) {
        return rows.is_null(0, column) ? std::nullopt : std::optional(rows.uuid(0, column));
    };
    return Leased{{lease.organization(),
                   lease.call,
                   rows.bytes(0, 1),
                   rows.bytes(0, 2),
                   id(3),
                   id(4),
                   id(5),
                   rows.datum(0, 6),
                   Datum{0},
                   {},
                   rows.bytes(0, 7)},
                  rows.int4(0, 8),
                  rows.timestamp(0, 9)};
}

void lock_subject(const Leased& leased) {
    static constinit Statement booking("SELECT 1 FROM booking.bookings AS b"
                                       " WHERE b.organization_id = $1 AND b.id = $2 FOR NO KEY UPDATE");
    const FinishedCall& call = leased.call;
    if (!leased.is_payment()) {
        (void)lock_account(call.organization, *call.booking);
    } else if (call.booking.has_value()) {
        booking.write({call.organization, *call.booking});
    } else {
        (void)lock_hold(call.organization, *call.reservation);
    }
}

Value status_or_null(const CallResult& result) {
    return result.http_status.has_value() ? Value(*result.http_status) : Value::null(INT4OID);
}

void write_done(const FinishedCall& call, const CallResult& result) {
    static constinit Statement statement(
        "UPDATE booking.provider_calls AS c"
        "   SET status = 'done', outcome = $3, http_status = $4, reason = NULL, return_token = NULL, uncertain = false,"
        "       lease_until = NULL, lease_owner = NULL, finished_at = $5"
        " WHERE c.organization_id = $1 AND c.id = $2");
    statement.write({call.organization, call.id, Value::jsonb(call.outcome), status_or_null(result),
                     Value::timestamp(settings::now())});
}

void write_failed(const FinishedCall& call, const CallResult& result, bool is_uncertain) {
    static constinit Statement statement(
        "UPDATE booking.provider_calls AS c"
        "   SET status = 'failed', reason = $3, http_status = $4, return_token = NULL, uncertain = $5,"
        "       lease_until = NULL, lease_owner = NULL, finished_at = $6"
        " WHERE c.organization_id = $1 AND c.id = $2");
    statement.write({call.organization, call.id, call.reason, status_or_null(result), is_uncertain,
                     Value::timestamp(settings::now())});
}

void write_pending(const FinishedCall& call, const CallResult& result, TimestampTz next) {
    static constinit Statement statement(
        "UPDATE booking.provider_calls AS c"
        "   SET status = 'pending', reason = COALESCE($3, c.reason), http_status = COALESCE($4, c.http_status),"
        "       uncertain = $5, attempts = c.attempts - CASE WHEN $6 THEN 1 ELSE 0 END, next_attempt_at = $7,"
        "       lease_until = NULL, lease_owner = NULL"
        " WHERE c.organization_id = $1 AND c.id = $2");
    const bool returned = result.ending == CallEnding::returned;
    statement.write({call.organization, call.id, returned ? Value::null(TEXTOID) : Value(call.reason),
                     status_or_null(result), result.uncertain, returned, Value::timestamp(next)});
}

// People have to see to it.
void report_failure(const FinishedCall& call) {
    static constinit Statement statement(
        "INSERT INTO booking.booking_events (organization_id, id, kind, subject_id, session_id, booking_id, facts,"
        "       occurred_at)"
        " SELECT $1, $2, 'provider_call.failed', $3, COALESCE(b.session_id, r.session_id), b.id,"
        "        jsonb_strip_nulls(jsonb_build_object('provider', $6, 'action', $7, 'reservation_id', r.id,"
        "                                             'reason', $8)), $9"
        "   FROM (SELECT 1) AS x"
        "   LEFT JOIN booking.bookings AS b ON b.organization_id = $1 AND b.id = $4"
        "   LEFT JOIN booking.slot_reservations AS r ON r.organization_id = $1 AND r.id = $5"
        " RETURNING organization_id, id");
    notify_of_events(statement.write({call.organization, new_id(call.organization), call.id, uuid_or_null(call.booking),
                                      uuid_or_null(call.reservation), call.provider, call.action, call.reason,
                                      Value::timestamp(settings::now())}));
}

void fail(const Leased& leased, const CallResult& result) {
    write_failed(leased.call, result, result.uncertain);
    report_failure(leased.call);
    (leased.is_payment() ? payment_call_failed : calendar_call_failed)(leased.call);
}

void try_again(Leased& leased, const CallResult& result) {
    const TimestampTz now = settings::now();
    if (result.ending == CallEnding::returned) {
        write_pending(leased.call, result, now);
        return;
    }
    const auto delay = core::call_retry_delay(leased.attempts, result.retry_after, random_fraction());
    const TimestampTz next = now + delay.count() * 1000;
    if (next <= leased.expires_at) {
        write_pending(leased.call, result, next);
        return;
    }
    fail(leased, result);
}

// What the facts of a call must have: the rest of us relies on it. Empty: all is well.
std::string problem_of(const Leased& leased, const core::JsonNode& facts) {
    const auto text = [&](const char* key) {
        const core::JsonNode* const node = core::member(facts, key);
        return node != nullptr && node->kind == core::JsonKind::string ? node->text : std::string_view();
    };
    constexpr std::size_t longest_url = 4000;
    constexpr std::size_t longest_ref = 500;
    const std::string_view action = leased.call.action;
    if (action == "create_payment") {
        const std::string_view url = text("url");
        if (!url.starts_with("https://") || url.size() > longest_url ||
            url.find_first_of(" \t\r\n\"<>") != std::string_view::npos) {
            return "the answer of the provider has no https page";
        }
        if (text("provider_ref").empty() || text("provider_ref").size() > longest_ref) {
            return "the answer of the provider does not say what it calls it";
        }
    } else if (text("status").empty()) {
        return "the answer of the provider does not say how it stands";
    }
    return {};
}

void finish(Leased& leased, const CallResult& result, Datum document) {
    const std::string problem = problem_of(leased, *result.facts);
    if (!problem.empty()) {
        leased.call.reason = problem;
        CallResult useless = result;
        useless.uncertain = true; // something was made
        fail(leased, useless);
        return;
    }
    static constinit Statement facts("SELECT $1 -> 'facts'");
    leased.call.outcome = facts.write({Value::jsonb(document)}).datum(0, 1);
    write_done(leased.call, result);
    (leased.is_payment() ? payment_call_done : calendar_call_done)(leased.call);
}

std::int64_t int8_argument(const Call& call, int i, const char* name) {
    const auto value = optional_int8(call, i);
    if (!value.has_value()) {
        throw core::Refusal(core::RefusalKind::null_argument, std::string(name) + " must not be NULL");
    }
    return *value;
}

Datum relay_complete_call_body(Call& call) {
    const Lease lease{uuid_argument(call, 0, "relay_id"), uuid_argument(call, 1, "call_id"),
                      int8_argument(call, 2, "lease_token")};
    const Datum document = jsonb_argument(call, 3, "result");
    require_relay(call, "complete a call of a provider");
    const core::JsonNode* const tree = server([&] { return json_tree(DatumGetJsonbP(document)); });
    const CallResult result = core::read_call_result(*tree);
    static constinit Statement look(PGBK_LEASED_SQL);
    static constinit Statement lock(PGBK_LEASED_SQL " FOR UPDATE");
    const auto seen = read_leased(look, lease);
    if (!seen.has_value()) {
        return BoolGetDatum(false); // somebody else has it, or it is over
    }
    if (result.ending == CallEnding::done && seen->is_payment()) {
        (void)apply_found_payment(seen->call.provider, seen->subject(), *result.facts);
    }
    lock_subject(*seen);
    auto leased = read_leased(lock, lease);
    if (!leased.has_value()) {
        return BoolGetDatum(false);
    }
    leased->call.reason = result.reason.substr(0, longest_reason);
    if (result.ending == CallEnding::done) {
        finish(*leased, result, document);
    } else if (result.ending == CallEnding::refused) {
        fail(*leased, result);
    } else {
        try_again(*leased, result);
    }
    notify_of_work(); // who waits for it looks again
    return BoolGetDatum(true);
}

} // namespace

PGBK_WRITER(relay_complete_call, relay_complete_call_body);

} // namespace pgbk
