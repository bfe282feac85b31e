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
#include "pg/units.hpp"

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

// What is sold: the package as it is, or units of its activity.
struct Offer {
    std::optional<core::UnitOrder> units;
    std::optional<std::int32_t> live_bookings; // that one address may have
};

// Of what was bought; how the document was written does not matter.
Digest request_digest(const Purchase& purchase) {
    static constinit Statement statement("SELECT COALESCE($1 ->> 'metadata', '')");
    const BookingRequest& request = purchase.request;
    const Rows rows = statement.read({Value::jsonb(purchase.document)});
    const std::string_view metadata = rows.bytes(0, 1);
    const std::string_view phone = request.customer_phone.value_or("");
    const std::string_view notes = request.notes.value_or("");
    if (request.units.empty()) {
        return sha256({request.package_id, request.customer_name, request.customer_email, phone, notes, metadata});
    }
    const std::string units = core::unit_items_text(request.units);
    return sha256({request.package_id, request.customer_name, request.customer_email, phone, notes, metadata, units});
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
    check_same_request(rows.bytes(0, 2), request_digest(purchase),
                       "Package, name, e-mail, phone, notes, metadata or units");
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

// The rules know them by another name than the buyer.
template <typename Read> auto naming_units(Read read) {
    try {
        return read();
    } catch (const core::Refusal& refusal) {
        throw core::Refusal(refusal.kind(), refusal.message(), refusal.detail(), refusal.hint(), "units");
    }
}

core::UnitOrder order_units(const Purchase& purchase, const core::Uuid& activity, std::int32_t party_size) {
    static constinit Statement statement("SELECT a.party_size_min, COALESCE(a.party_size_max, a.capacity)"
                                         "  FROM booking.activities AS a WHERE a.organization_id = $1 AND a.id = $2");
    const Rows rows = statement.write({purchase.organization, activity});
    return naming_units([&] {
        core::UnitOrder order =
            order_for(unit_rules_of_activity(purchase.organization, activity), purchase.request.units, party_size);
        core::check_party_fits(order.seats, rows.int4(0, 1), rows.int4(0, 2));
        return order;
    });
}

Offer offer_of(const Purchase& purchase) {
    static constinit Statement statement(
        "SELECT p.live_bookings_per_email, p.price_minor, p.price_basis, p.activity_id, p.party_size"
        "  FROM booking.packages AS p"
        "  JOIN booking.organizations AS o ON o.organization_id = $1 AND o.status = 'active'"
        " WHERE p.organization_id = $1 AND p.id = $2 AND p.active");
    const Rows rows = statement.write({purchase.organization, purchase.request.package_id});
    if (rows.empty()) {
        refuse_package(purchase);
    }
    Offer offer;
    if (rows.bytes(0, 3) == "units") {
        offer.units = order_units(purchase, rows.uuid(0, 4), rows.int4(0, 5));
    } else if (!purchase.request.units.empty()) {
        core::refuse_field("units", "must be left out: the package says what is in it");
    }
    const std::int64_t price = offer.units.has_value() ? offer.units->price : rows.int8(0, 2);
    if (!rows.is_null(0, 1)) {
        offer.live_bookings = rows.int4(0, 1);
    } else if (price == 0) {
        offer.live_bookings = 1;
    }
    return offer;
}

// Price and terms are the package's, or its activity's, never the caller's. Throws Refusal invalid_booking_request if
// there is no such package on sale.
Made make_booking(const Purchase& purchase) {
    static constinit Statement statement(
        "INSERT INTO booking.bookings (organization_id, id, booking_number, customer_id, package_id, customer_name,"
        "       customer_email, customer_phone, notes, metadata, party_size, status, payment_status, amount_cents,"
        "       currency, sessions_included, schedule_days, token_hash, token_salt, idempotency_hash, request_hash,"
        "       cancel_cutoff_seconds, cancel_refund_percent, created_at, updated_at, expires_at, unit_items)"
        " SELECT $1, $2, $3, $4, p.id, $6, $7, $8, $9, COALESCE(NULLIF($10 -> 'metadata', 'null'), '{}'),"
        "        COALESCE($16, p.party_size), CASE v.price WHEN 0 THEN 'paid' ELSE 'pending' END,"
        "        CASE v.price WHEN 0 THEN 'not_required' ELSE 'pending' END, v.price,"
        "        CASE WHEN $16 IS NULL THEN p.currency ELSE a.currency END,"
        "        p.sessions_included, p.schedule_days, $11, $12, $13, $14, p.cancel_cutoff_seconds,"
        "        p.cancel_refund_percent, $15, $15,"
        "        $15 + CASE v.price WHEN 0 THEN p.schedule_days * interval '1 day'"
        "                   ELSE p.payment_hours * interval '1 hour' END, $18::jsonb"
        "   FROM booking.packages AS p"
        "   LEFT JOIN booking.activities AS a ON a.organization_id = $1 AND a.id = p.activity_id"
        "  CROSS JOIN LATERAL (SELECT COALESCE($17, p.price_minor) AS price) AS v"
        "  WHERE p.organization_id = $1 AND p.id = $5 AND p.active"
        "    AND (p.price_basis = 'units') = ($16 IS NOT NULL) RETURNING id");
    const Offer offer = offer_of(purchase);
    if (offer.live_bookings.has_value()) {
        check_live_bookings(purchase, *offer.live_bookings);
    }
    const auto& units = offer.units;
    const std::string lines = units.has_value() ? core::unit_lines_text(units->lines) : std::string();
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
                                       stored.key_hash(), stored.request_hash(), Value::timestamp(settings::now()),
                                       units.has_value() ? Value(units->seats) : Value::null(INT4OID),
                                       units.has_value() ? Value::int8(units->price) : Value::null(INT8OID),
                                       units.has_value() ? Value(std::string_view(lines)) : Value::null(TEXTOID)});
    if (rows.empty()) {
        refuse_package(purchase); // it was taken off sale just now, or is sold in another way
    }
    if (units.has_value()) {
        write_tickets(purchase.organization, rows.uuid(0, 1), units->lines);
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
