// Payments that we ask a provider for. A call create_payment that is done stands for the session, or link, that is open
// there; while its check_at is set nobody has heard yet how it has ended.
#include "pg/payment_calls.hpp"

#include "core/currency.hpp"
#include "core/provider_call.hpp"
#include "core/provider_event.hpp"
#include "pg/actor.hpp"
#include "pg/booking_answer.hpp"
#include "pg/confirmation.hpp"
#include "pg/notify.hpp"
#include "pg/payment_effects.hpp"
#include "pg/settings.hpp"
#include "pg/trigger.hpp"

namespace pgbk {

namespace {

// A look-up that fails is written again. An expiry is not, and what was begun on the page may take days, or weeks:
// until that has ended, it can neither be closed nor is it known whether there is money.
constexpr std::int64_t look_up_patience = 3 * USECS_PER_DAY;
constexpr std::int64_t expiry_patience = 30 * USECS_PER_DAY;
// Whoever asks for a page that could not be had asks the provider again, but not with every click.
constexpr std::int64_t rest_after_failure = USECS_PER_MINUTE;

// By whom payments for what is sold are taken. $1 the organization's word, $2 the own one, $3 the own page.
#define PGBK_PAYMENT_PROVIDER_SQL(of_organization, own, own_page)                                                      \
    "NULLIF(COALESCE(" own ", CASE WHEN " own_page " IS NULL THEN " of_organization " END), 'none')"

void write_intent(const PaymentSubject& subject, const Rows& rows, std::optional<std::string_view> return_token) {
    (void)queue_provider_call({subject.organization, rows.bytes(0, 1), "create_payment", subject.booking,
                               subject.reservation, std::nullopt, rows.datum(0, 2), return_token,
                               rows.timestamp(0, 3)});
}

// The session of the provider, from the call that has made it: provider, booking, reservation, request of a call about
// it. No row while it is not made.
Rows session_of(std::int32_t organization, const core::Uuid& payment_call) {
    static constinit Statement statement(
        "SELECT c.provider, c.booking_id, c.reservation_id, jsonb_build_object("
        "           'provider_ref', c.outcome -> 'provider_ref', 'reference', c.request -> 'reference',"
        "           'payment_call_id', c.id, 'amount_minor', c.request -> 'amount_minor',"
        "           'currency', c.request -> 'currency')"
        "  FROM booking.provider_calls AS c"
        " WHERE c.organization_id = $1 AND c.id = $2 AND c.status = 'done'");
    return statement.write({organization, payment_call});
}

std::optional<core::Uuid> uuid_if_any(const Rows& rows, std::uint64_t row, int column) {
    return rows.is_null(row, column) ? std::nullopt : std::optional(rows.uuid(row, column));
}

void queue_about(std::int32_t organization, const core::Uuid& payment_call, std::string_view action,
                 std::int64_t patience) {
    const Rows rows = session_of(organization, payment_call);
    if (rows.empty()) {
        return;
    }
    (void)queue_provider_call({organization, rows.bytes(0, 1), action, uuid_if_any(rows, 0, 2), uuid_if_any(rows, 0, 3),
                               payment_call, rows.datum(0, 4), std::nullopt, settings::now() + patience});
}

// The next look at the session; none: it is settled.
void set_check(std::int32_t organization, const core::Uuid& payment_call, std::optional<TimestampTz> at) {
    static constinit Statement statement("UPDATE booking.provider_calls AS c"
                                         "   SET check_at = $3, checks = c.checks + 1"
                                         " WHERE c.organization_id = $1 AND c.id = $2 AND c.status = 'done'");
    statement.write({organization, payment_call, at.has_value() ? Value::timestamp(*at) : Value::null(TIMESTAMPTZOID)});
}

std::string_view text_in(Datum document, const char* key) {
    static constinit Statement statement("SELECT $1 ->> $2");
    const Rows rows = statement.write({Value::jsonb(document), std::string_view(key)});
    return rows.bytes(0, 1);
}

// The hold costs something else by now, and another session was asked for.
bool is_superseded(const FinishedCall& call, const core::Uuid& payment_call) {
    static constinit Statement statement("SELECT 1 FROM booking.slot_reservations AS r WHERE r.organization_id = $1"
                                         "   AND r.id = $2 AND r.payment_call_id IS DISTINCT FROM $3");
    return call.reservation.has_value() &&
           !statement.write({call.organization, *call.reservation, payment_call}).empty();
}

// It may be open still, and is looked at again later; or it is of no use any more.
void keep_or_close(const FinishedCall& call, const core::Uuid& payment_call) {
    if (!is_payable({call.organization, call.booking, call.reservation}) || is_superseded(call, payment_call)) {
        queue_expiry(call.organization, payment_call);
        return;
    }
    static constinit Statement statement("SELECT c.checks FROM booking.provider_calls AS c"
                                         " WHERE c.organization_id = $1 AND c.id = $2");
    const Rows rows = statement.write({call.organization, payment_call});
    const std::int32_t checks = rows.empty() ? 0 : rows.int4(0, 1);
    set_check(call.organization, payment_call, settings::now() + core::check_delay(checks).count() * USECS_PER_SEC);
}

// Two look-ups may both say that the session has ended: the first one has asked for another by now. The row of the
// booking is locked.
bool is_latest_page(const FinishedCall& call) {
    static constinit Statement statement(
        "SELECT c.id FROM booking.provider_calls AS c"
        " WHERE c.organization_id = $1 AND c.booking_id = $2 AND c.action = 'create_payment'"
        " ORDER BY c.id DESC LIMIT 1");
    const Rows rows = statement.write({call.organization, *call.booking});
    return !rows.empty() && rows.uuid(0, 1) == *call.about;
}

// Providers end a session sooner than we a booking: whoever still wants to pay gets another one.
void renew(const FinishedCall& call) {
    const PaymentSubject subject{call.organization, call.booking, call.reservation};
    if (!is_payable(subject)) {
        return;
    }
    if (call.booking.has_value()) {
        if (is_latest_page(call)) {
            queue_booking_payment(call.organization, *call.booking, std::nullopt);
        }
        return;
    }
    const auto hold = lock_hold(call.organization, *call.reservation);
    if (hold.has_value() && hold->expires_at > settings::now() && !is_superseded(call, *call.about)) {
        renew_hold_payment(call.organization, *call.reservation);
    }
}

void payment_made(const FinishedCall& call) {
    keep_or_close(call, call.id);
}

void payment_looked_up(const FinishedCall& call) {
    const std::string_view status = text_in(call.outcome, "status");
    if (status == "paid") {
        set_check(call.organization, *call.about, std::nullopt);
    } else if (status == "expired") {
        set_check(call.organization, *call.about, std::nullopt);
        renew(call);
    } else {
        keep_or_close(call, *call.about);
    }
}

void payment_expired(const FinishedCall& call) {
    if (text_in(call.outcome, "status") == "paid") {
        queue_payment_look_up(call.organization, *call.about);
    } else {
        set_check(call.organization, *call.about, std::nullopt);
    }
}

// What stands in the way of asking for a page: nothing, so that another call may be made; or there is one, or it is
// made again. One that failed may have made a page all the same, unless the provider has refused it: that call is
// repeated, under its key, so that there are never two.
enum class Page : std::uint8_t { wanted, asked_for };

Page page_of_call(const Rows& rows, std::int32_t organization, std::optional<std::string_view> return_token) {
    static constinit Statement again(
        "UPDATE booking.provider_calls AS c"
        "   SET status = 'pending', next_attempt_at = $3, expires_at = GREATEST(c.expires_at, $3 + interval '1 day'),"
        "       attempts = 0, finished_at = NULL, return_token = $4"
        " WHERE c.organization_id = $1 AND c.id = $2 AND c.status = 'failed'");
    static constinit Statement replaced("UPDATE booking.provider_calls AS c SET status = 'abandoned'"
                                        " WHERE c.organization_id = $1 AND c.id = $2 AND c.status = 'failed'");
    const TimestampTz now = settings::now();
    if (rows.empty() || rows.bytes(0, 2) == "abandoned") {
        return Page::wanted;
    }
    if (rows.bytes(0, 2) != "failed" || rows.timestamp(0, 4) > now - rest_after_failure) {
        return Page::asked_for;
    }
    if (!rows.boolean(0, 3)) {
        replaced.write({organization, rows.uuid(0, 1)}); // nobody tries that one again, too
        return Page::wanted;
    }
    again.write({organization, rows.uuid(0, 1), Value::timestamp(now), text_or_null(return_token)});
    notify_of_work();
    return Page::asked_for;
}

struct Ended {
    std::int32_t organization;
    core::Uuid id;
    bool is_booking;
};

} // namespace

void queue_booking_payment(std::int32_t organization, const core::Uuid& booking,
                           std::optional<std::string_view> return_token) {
    static constinit Statement statement(
        "SELECT v.provider, jsonb_strip_nulls(jsonb_build_object("
        "           'amount_minor', b.amount_cents, 'currency', b.currency, 'title', p.name,"
        "           'reference', b.booking_number, 'expires_at', " PGBK_INSTANT_SQL(
            "b.expires_at") ","
                            "           'stripe_price_id', p.stripe_price_id,"
                            "           'metadata', jsonb_build_object('booking_id', b.id))), b.expires_at"
                            "  FROM booking.bookings AS b"
                            "  JOIN booking.packages AS p ON p.organization_id = $1 AND p.id = b.package_id"
                            "  JOIN booking.organizations AS o ON o.organization_id = $1"
                            " CROSS JOIN LATERAL (SELECT " PGBK_PAYMENT_PROVIDER_SQL(
                                "o.payment_provider", "p.payment_provider",
                                "p.payment_url") " AS provider) AS v"
                                                 " WHERE b.organization_id = $1 AND b.id = $2 AND b.status = 'pending'"
                                                 "   AND b.amount_cents > 0 AND v.provider IS NOT NULL");
    const Rows rows = statement.write({organization, booking});
    if (!rows.empty()) {
        write_intent({organization, booking, std::nullopt}, rows, return_token);
    }
}

void retry_booking_payment(std::int32_t organization, const core::Uuid& booking, std::string_view return_token) {
    static constinit Statement lock("SELECT 1 FROM booking.bookings AS b"
                                    " WHERE b.organization_id = $1 AND b.id = $2 AND b.status = 'pending'"
                                    "   AND b.expires_at > $3 FOR NO KEY UPDATE");
    static constinit Statement latest(
        "SELECT c.id, c.status, c.uncertain, c.finished_at FROM booking.provider_calls AS c"
        " WHERE c.organization_id = $1 AND c.booking_id = $2 AND c.action = 'create_payment'"
        " ORDER BY c.id DESC LIMIT 1 FOR UPDATE");
    static constinit Statement has_failed(
        "SELECT 1 FROM booking.provider_calls AS c WHERE c.organization_id = $1 AND c.booking_id = $2"
        "   AND c.action = 'create_payment' AND c.status = 'failed' LIMIT 1");
    if (has_failed.write({organization, booking}).empty() ||
        lock.write({organization, booking, Value::timestamp(settings::now())}).empty()) {
        return;
    }
    if (page_of_call(latest.write({organization, booking}), organization, return_token) == Page::wanted) {
        queue_booking_payment(organization, booking, return_token);
    }
}

bool queue_hold_payment(const Reservation& reservation) {
    static constinit Statement statement(
        "SELECT v.provider, jsonb_strip_nulls(jsonb_build_object("
        "           'amount_minor', $4, 'currency', $5, 'title', a.name, 'reference', $2, "
        "'expires_at', " PGBK_INSTANT_SQL(
            "$6") ","
                  "           'stripe_price_id', CASE WHEN $4 = a.price_minor * v.quantity THEN a.stripe_price_id END,"
                  "           'quantity', v.quantity, 'metadata', jsonb_build_object('reservation_id', $2))), $6"
                  "  FROM booking.sessions AS s"
                  "  JOIN booking.activities AS a ON a.organization_id = $1 AND a.id = s.activity_id"
                  "  JOIN booking.organizations AS o ON o.organization_id = $1"
                  " CROSS JOIN LATERAL (SELECT " PGBK_PAYMENT_PROVIDER_SQL(
                      "o.payment_provider", "a.payment_provider",
                      "a.payment_url") " AS provider,"
                                       "       CASE a.price_basis WHEN 'seat' THEN $7 ELSE 1 END AS quantity) AS v"
                                       " WHERE s.organization_id = $1 AND s.id = $3 AND v.provider IS NOT NULL");
    static constinit Statement note("UPDATE booking.slot_reservations AS r SET payment_call_id = $3"
                                    " WHERE r.organization_id = $1 AND r.id = $2");
    const Price price = price_of(reservation);
    const Rows rows =
        statement.write({reservation.organization, reservation.id, reservation.session, Value::int8(price.amount),
                         price.currency, Value::timestamp(reservation.expires_at), reservation.party_size});
    if (rows.empty()) {
        return false;
    }
    const core::Uuid id =
        queue_provider_call({reservation.organization, rows.bytes(0, 1), "create_payment", std::nullopt, reservation.id,
                             std::nullopt, rows.datum(0, 2), std::nullopt, rows.timestamp(0, 3)});
    note.write({reservation.organization, reservation.id, id});
    return true;
}

bool is_payable(const PaymentSubject& subject) {
    static constinit Statement booking("SELECT 1 FROM booking.bookings AS b WHERE b.organization_id = $1 AND b.id = $2"
                                       "   AND b.status = 'pending' AND b.payment_status IN ('pending', 'failed')");
    static constinit Statement hold("SELECT 1 FROM booking.slot_reservations AS r"
                                    " WHERE r.organization_id = $1 AND r.id = $2 AND r.status = 'pending'");
    return !(subject.booking.has_value() ? booking.write({subject.organization, *subject.booking})
                                         : hold.write({subject.organization, *subject.reservation}))
                .empty();
}

void end_payments(const PaymentSubject& subject) {
    // One that may have been made already is made to its end, and closed then; also if it was given up.
    static constinit Statement abandon(
        "UPDATE booking.provider_calls AS c"
        "   SET status = 'abandoned', reason = 'nothing is to be paid any more', finished_at = $4, return_token = NULL"
        " WHERE c.organization_id = $1 AND (c.booking_id = $2 OR c.reservation_id = $3)"
        "   AND c.action = 'create_payment' AND c.status = 'pending' AND NOT c.uncertain");
    static constinit Statement find_out(
        "UPDATE booking.provider_calls AS c"
        "   SET status = CASE c.status WHEN 'failed' THEN 'pending' ELSE c.status END,"
        "       attempts = CASE c.status WHEN 'failed' THEN 0 ELSE c.attempts END,"
        "       expires_at = GREATEST(c.expires_at, $4), finished_at = NULL"
        " WHERE c.organization_id = $1 AND (c.booking_id = $2 OR c.reservation_id = $3) AND c.action = 'create_payment'"
        "   AND c.status IN ('pending', 'running', 'failed') AND c.uncertain RETURNING 1");
    static constinit Statement open_sessions(
        "SELECT c.id FROM booking.provider_calls AS c"
        " WHERE c.organization_id = $1 AND (c.booking_id = $2 OR c.reservation_id = $3)"
        "   AND c.action = 'create_payment' AND c.status = 'done' AND c.check_at IS NOT NULL ORDER BY c.id FOR UPDATE");
    const Value booking = uuid_or_null(subject.booking);
    const Value reservation = uuid_or_null(subject.reservation);
    const TimestampTz now = settings::now();
    abandon.write({subject.organization, booking, reservation, Value::timestamp(now)});
    if (!find_out.write({subject.organization, booking, reservation, Value::timestamp(now + look_up_patience)})
             .empty()) {
        notify_of_work();
    }
    const Rows rows = open_sessions.write({subject.organization, booking, reservation});
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        queue_expiry(subject.organization, rows.uuid(row, 1));
    }
}

void renew_hold_payment(std::int32_t organization, const core::Uuid& id) {
    static constinit Statement forget("UPDATE booking.slot_reservations AS r SET payment_call_id = NULL"
                                      " WHERE r.organization_id = $1 AND r.id = $2"
                                      "   AND r.payment_call_id IS NOT NULL RETURNING 1");
    if (forget.write({organization, id}).empty()) {
        return;
    }
    end_payments({organization, std::nullopt, id});
    const auto reservation = lock_hold(organization, id);
    if (reservation.has_value() && price_of(*reservation).amount > 0) {
        (void)queue_hold_payment(*reservation);
    }
}

void queue_expiry(std::int32_t organization, const core::Uuid& payment_call) {
    set_check(organization, payment_call, std::nullopt);
    queue_about(organization, payment_call, "expire_payment", expiry_patience);
}

void queue_payment_look_up(std::int32_t organization, const core::Uuid& payment_call) {
    queue_about(organization, payment_call, "look_up_payment", look_up_patience);
}

std::optional<Effect> apply_found_payment(std::string_view provider, const PaymentSubject& subject,
                                          const core::JsonNode& facts) {
    const auto text = [&](const char* key, core::JsonKind kind) {
        const core::JsonNode* const node = core::member(facts, key);
        return node != nullptr && node->kind == kind ? node->text : std::string_view();
    };
    if (text("status", core::JsonKind::string) != "paid") {
        return std::nullopt;
    }
    const std::string_view ref = text("payment_ref", core::JsonKind::string);
    auto amount =
        core::money_of_minor(text("amount_minor", core::JsonKind::number), text("currency", core::JsonKind::string));
    if (ref.empty() || !amount.has_value()) {
        return std::nullopt; // an expiry that came too late knows no more
    }
    core::SourceOptions options;
    options.payload = provider == "stripe"      ? core::Payload::stripe
                      : provider == "airwallex" ? core::Payload::airwallex
                                                : core::Payload::payment;
    const std::string booking = subject.booking.has_value() ? uuid_text(*subject.booking) : std::string();
    const std::string reservation = subject.reservation.has_value() ? uuid_text(*subject.reservation) : std::string();
    core::ProviderEvent event;
    event.type = "look_up_payment";
    event.subject = {{}, booking, reservation};
    event.payment = core::PaymentNews{};
    event.payment->ref = ref;
    event.payment->captured = std::move(amount);
    const ActorScope scope(ActorKind::webhook, provider);
    return apply_payment({subject.organization, core::Uuid{}, provider, provider, options}, event);
}

void payment_call_done(const FinishedCall& call) {
    if (call.action == "create_payment") {
        payment_made(call);
    } else if (call.action == "look_up_payment") {
        payment_looked_up(call);
    } else {
        payment_expired(call);
    }
}

// What could not be asked about is asked about again.
void payment_call_failed(const FinishedCall& call) {
    if (call.action == "look_up_payment") {
        keep_or_close(call, *call.about);
    }
}

namespace {

// The trigger of bookings and of holds: money is not awaited any more.
Datum end_payment_calls_body(Call& call) {
    constexpr const char* name = "end_payment_calls";
    const TriggerData& data = trigger_data(call, name);
    if (!TRIGGER_FIRED_FOR_ROW(data.tg_event) || !TRIGGER_FIRED_AFTER(data.tg_event) ||
        !TRIGGER_FIRED_BY_UPDATE(data.tg_event) || data.tg_trigger->tgnargs != 1) {
        refuse_trigger("function \"%s\" must be fired after an update, for each row, and be told what it is", name);
    }
    const Ended ended = server([&] {
        Ended found{};
        TupleDesc const descriptor = RelationGetDescr(data.tg_relation);
        const auto value = [&](const char* attribute, Oid type) {
            bool null = false;
            return heap_getattr(data.tg_newtuple, column(descriptor, attribute, type), descriptor, &null);
        };
        found.organization = DatumGetInt32(value("organization_id", INT4OID));
        memcpy(found.id.data(), DatumGetUUIDP(value("id", UUIDOID))->data, found.id.size());
        found.is_booking = strcmp(data.tg_trigger->tgargs[0], "booking") == 0;
        return found;
    });
    end_payments({ended.organization, ended.is_booking ? std::optional(ended.id) : std::nullopt,
                  ended.is_booking ? std::nullopt : std::optional(ended.id)});
    return PointerGetDatum(nullptr);
}

// How a hold is paid: the page of its provider, asked for by this call.
Datum request_payment_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "reservation_id");
    const std::string_view token = text_argument(call, 1, "hold_token");
    const Reservation reservation = lock_reservation(call, id, token, "pay a reservation");
    static constinit Statement known(
        "SELECT c.id, c.status, c.uncertain, c.finished_at FROM booking.slot_reservations AS r"
        "  JOIN booking.provider_calls AS c ON c.organization_id = $1 AND c.id = r.payment_call_id"
        " WHERE r.organization_id = $1 AND r.id = $2 FOR UPDATE OF c");
    static constinit Statement answer("SELECT booking.reservation_status($1, $2)");
    const bool is_live = reservation.status == "pending" && reservation.expires_at > settings::now();
    if (is_live && price_of(reservation).amount > 0 &&
        page_of_call(known.write({reservation.organization, id}), reservation.organization, std::nullopt) ==
            Page::wanted) {
        (void)queue_hold_payment(reservation);
    }
    return copied_result(call, answer.write({id, token}), 0, 1);
}

} // namespace

PGBK_WRITER(end_payment_calls, end_payment_calls_body);
PGBK_WRITER(request_payment, request_payment_body);

} // namespace pgbk
