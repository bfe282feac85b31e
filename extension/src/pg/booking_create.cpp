// booking_create: somebody buys a package, and gets the token of the booking.
#include "core/booking_request.hpp"
#include "core/validation.hpp"
#include "pg/actor.hpp"
#include "pg/arguments.hpp"
#include "pg/booking_answer.hpp"
#include "pg/buyer.hpp"
#include "pg/idempotency.hpp"
#include "pg/identity.hpp"
#include "pg/jsonb_node.hpp"
#include "pg/payment_calls.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

using core::BookingRequest;

constexpr std::string_view token_purpose = "pg_booking booking token";

struct Purchase {
    std::int32_t organization;
    Datum document; // the request as jsonb
    BookingRequest request;
};

struct Made {
    core::Uuid id;
    std::string token;
};

// Of what was bought; how the document was written does not matter.
Digest request_digest(const Purchase& purchase) {
    static constinit Statement statement("SELECT COALESCE($1 ->> 'metadata', '')");
    const BookingRequest& request = purchase.request;
    return sha256({request.package_id, request.customer_name, request.customer_email,
                   request.customer_phone.value_or(""), request.notes.value_or(""),
                   statement.read({Value::jsonb(purchase.document)}).bytes(0, 1)});
}

// The booking already made with this key, if any.
std::optional<Made> earlier_booking(const Purchase& purchase) {
    if (!purchase.request.idempotency_key.has_value()) {
        return std::nullopt;
    }
    const std::string_view key = *purchase.request.idempotency_key;
    const Digest key_hash = lock_idempotency_key(purchase.organization, key);
    static constinit Statement statement("SELECT b.id, b.request_hash, b.token_salt FROM booking.bookings AS b"
                                         " WHERE b.organization_id = $1 AND b.idempotency_hash = $2");
    const Rows rows = statement.write({purchase.organization, Value::bytea(as_bytes(key_hash))});
    if (rows.empty()) {
        return std::nullopt;
    }
    check_same_request(rows.bytes(0, 2), request_digest(purchase), "Package, name, e-mail, phone, notes or metadata");
    const core::Token token = token_from(token_purpose, rows.bytes(0, 3), key);
    return Made{rows.uuid(0, 1), core::booking_token_text({token, purchase.organization})};
}

[[noreturn]] void refuse_package(const Purchase& purchase) {
    static constinit Statement statement(
        "SELECT string_agg(p.id, ', ' ORDER BY p.price_minor, p.id) FROM booking.packages AS p"
        "  JOIN booking.organizations AS o ON o.organization_id = $1 AND o.status = 'active'"
        " WHERE p.organization_id = $1 AND p.active");
    const Rows rows = statement.write({purchase.organization});
    core::refuse_field("packageId", "names no package that is sold: " + core::quoted(purchase.request.package_id),
                       rows.is_null(0, 1) ? std::string() : "There are: " + std::string(rows.bytes(0, 1)) + ".");
}

// Nothing else keeps somebody from taking all seats with what costs nothing. A booking is over when its sessions are,
// or cannot be scheduled any more.
void check_live_bookings(const Purchase& purchase, std::int32_t most) {
    static constinit Statement statement(
        "SELECT count(*) FROM booking.bookings AS b"
        " WHERE b.organization_id = $1 AND b.package_id = $2 AND lower(b.customer_email) = lower($3)"
        "   AND b.package_booking_id IS NULL AND b.status <> 'cancelled'"
        "   AND (b.expires_at > $4"
        "        AND (SELECT count(*) FROM booking.bookings AS x"
        "              WHERE x.organization_id = $1 AND (x.id = b.id OR x.package_booking_id = b.id)"
        "                AND " PGBK_USED_SQL ") < b.sessions_included"
        "        OR EXISTS (SELECT 1 FROM booking.bookings AS x"
        "                    WHERE x.organization_id = $1 AND (x.id = b.id OR x.package_booking_id = b.id)"
        "                      AND x.status IN ('scheduled', 'confirmed', 'checked_in') AND x.scheduled_end > $4))");
    const BookingRequest& request = purchase.request;
    lock_email(purchase.organization, request.customer_email);
    const Rows rows = statement.write(
        {purchase.organization, request.package_id, request.customer_email, Value::timestamp(settings::now())});
    if (rows.int8(0, 1) >= most) {
        throw core::Refusal(core::RefusalKind::booking_limit,
                            "this e-mail address has " + std::to_string(rows.int8(0, 1)) + " bookings of package " +
                                core::quoted(request.package_id) + " already",
                            "The package allows " + std::to_string(most) + " that are not over.",
                            "Use the booking that was made, or wait until it is over.");
    }
}

void check_is_sold(const Purchase& purchase) {
    static constinit Statement statement(
        "SELECT COALESCE(p.live_bookings_per_email, CASE p.price_minor WHEN 0 THEN 1 END) FROM booking.packages AS p"
        "  JOIN booking.organizations AS o ON o.organization_id = $1 AND o.status = 'active'"
        " WHERE p.organization_id = $1 AND p.id = $2 AND p.active");
    const Rows rows = statement.write({purchase.organization, purchase.request.package_id});
    if (rows.empty()) {
        refuse_package(purchase);
    }
    if (!rows.is_null(0, 1)) {
        check_live_bookings(purchase, rows.int4(0, 1));
    }
}

// Price and terms are the package's, never the caller's. Throws Refusal invalid_booking_request if there is no such
// package on sale.
Made make_booking(const Purchase& purchase) {
    static constinit Statement statement(
        "INSERT INTO booking.bookings (organization_id, id, booking_number, customer_id, package_id, customer_name,"
        "       customer_email, customer_phone, notes, metadata, party_size, status, payment_status, amount_cents,"
        "       currency, sessions_included, schedule_days, token_hash, token_salt, idempotency_hash, request_hash,"
        "       cancel_cutoff_seconds, cancel_refund_percent, created_at, updated_at, expires_at)"
        " SELECT $1, $2, $3, $4, p.id, $6, $7, $8, $9, COALESCE(NULLIF($10 -> 'metadata', 'null'), '{}'),"
        "        p.party_size, CASE p.price_minor WHEN 0 THEN 'paid' ELSE 'pending' END,"
        "        CASE p.price_minor WHEN 0 THEN 'not_required' ELSE 'pending' END, p.price_minor, p.currency,"
        "        p.sessions_included, p.schedule_days, $11, $12, $13, $14, p.cancel_cutoff_seconds,"
        "        p.cancel_refund_percent, $15, $15,"
        "        $15 + CASE p.price_minor WHEN 0 THEN p.schedule_days * interval '1 day'"
        "                   ELSE p.payment_hours * interval '1 hour' END"
        "   FROM booking.packages AS p WHERE p.organization_id = $1 AND p.id = $5 AND p.active RETURNING id");
    check_is_sold(purchase);
    const BookingRequest& request = purchase.request;
    const auto& key = request.idempotency_key;
    const Secret secret = new_secret(token_purpose, key);
    const SecretColumns stored(secret, key, key.has_value() ? std::optional(request_digest(purchase)) : std::nullopt);
    const std::string number = unused_booking_number(purchase.organization);
    const core::Uuid customer =
        customer_of(purchase.organization, request.customer_email, {request.customer_name, request.customer_phone});
    const Rows rows = statement.write({purchase.organization, new_id(purchase.organization), std::string_view(number),
                                       customer, request.package_id, request.customer_name, request.customer_email,
                                       text_or_null(request.customer_phone), text_or_null(request.notes),
                                       Value::jsonb(purchase.document), stored.token_hash(), stored.salt(),
                                       stored.key_hash(), stored.request_hash(), Value::timestamp(settings::now())});
    if (rows.empty()) {
        refuse_package(purchase); // it was taken off sale just now
    }
    Made made{rows.uuid(0, 1), core::booking_token_text({secret.token, purchase.organization})};
    queue_booking_payment(purchase.organization, made.id, std::string_view(made.token));
    return made;
}

// The same for a booking that was made just now and for one that was made by an earlier call; but the page of a
// provider is there only once it has answered.
Rows answer(const Purchase& purchase, const Made& made) {
    static constinit Statement statement(
        "SELECT jsonb_strip_nulls(jsonb_build_object("
        "           'bookingToken', $3, 'bookingId', b.id, 'requiresPayment', b.status = 'pending',"
        "           'paymentUrl', CASE b.status WHEN 'pending' THEN COALESCE(c.url,"
        "               replace(replace(p.payment_url, '{bookingToken}', $3), '{bookingId}', b.id::text)) END,"
        "           'paymentPending', CASE WHEN b.status = 'pending' AND c.is_awaited THEN true END,"
        "           'expiresAt', b.expires_at_text))"
        "  FROM (SELECT x.*, " PGBK_INSTANT_SQL(
            "x.expires_at") " AS expires_at_text FROM booking.bookings AS x"
                            "         WHERE x.organization_id = $1 AND x.id = $2) AS b"
                            "  JOIN booking.packages AS p ON p.organization_id = $1 AND p.id = b.package_id"
                            "  LEFT JOIN LATERAL (" PGBK_PAYMENT_PAGE_SQL("booking_id", "b.id") ") AS c ON true");
    return statement.write({purchase.organization, made.id, std::string_view(made.token)});
}

Datum booking_create_body(Call& call) {
    const std::int32_t organization = int4_argument(call, 0, "organization_id");
    const Datum document = jsonb_argument(call, 1, "request");
    const core::JsonNode* const tree = server([&] { return json_tree(DatumGetJsonbP(document)); });
    const Purchase purchase{organization, document, core::read_booking_request(*tree)};
    const ActorScope scope(ActorKind::visitor, "token");
    auto made = earlier_booking(purchase);
    if (made.has_value()) {
        retry_booking_payment(organization, made->id, made->token);
    } else {
        made = make_booking(purchase);
    }
    return copied_result(call, answer(purchase, *made), 0, 1);
}

} // namespace

PGBK_WRITER(booking_create, booking_create_body);

} // namespace pgbk
