// issue_tickets: each unit of a booking gets a code of its own, by which it is checked in.
//
// Whoever has the token of the booking gets the same codes whenever he asks: they can be computed from that token and a
// salt, by nobody else. Staff and customers without the token get codes that are random and shown once. What is stored
// lets nobody in either way.
#include "core/booking_token.hpp"
#include "pg/idempotency.hpp"
#include "pg/live_booking.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

constexpr std::string_view ticket_purpose = "pg_booking ticket";

void check_may_have_tickets(const LiveBooking& booking) {
    const std::string which = "booking " + uuid_text(booking.id);
    if (booking.status == "cancelled") {
        throw Refusal(RefusalKind::booking_cancelled, which + " was cancelled");
    }
    if (booking.status == "pending" || booking.status == "paid") {
        throw Refusal(RefusalKind::wrong_booking_state,
                      which + " is " + std::string(booking.status) + ": there are no tickets before it has a time");
    }
}

Rows tickets_of(const LiveBooking& booking) {
    static constinit Statement seats("INSERT INTO booking.booking_units (organization_id, booking_id, unit)"
                                     " SELECT $1, $2, n FROM generate_series(1, $3) AS n"
                                     " ON CONFLICT (organization_id, booking_id, unit) DO NOTHING");
    static constinit Statement tickets(
        "SELECT u.unit, u.unit_code, a.title, u.price_minor, u.pax_count, u.status, u.ticket_hash, u.ticket_salt"
        "  FROM booking.booking_units AS u"
        "  LEFT JOIN booking.sessions AS s ON s.organization_id = $1 AND s.id = $3"
        "  LEFT JOIN booking.activity_units AS a ON a.organization_id = $1 AND a.activity_id = s.activity_id"
        "                                       AND a.code = u.unit_code"
        " WHERE u.organization_id = $1 AND u.booking_id = $2 AND u.status <> 'cancelled' ORDER BY u.unit");
    if (!booking.unit_items.has_value()) {
        seats.write({booking.organization, booking.id, booking.party_size});
    }
    return tickets.write(
        {booking.organization, booking.id,
         booking.reservation.has_value() ? Value(booking.reservation->session) : Value::null(UUIDOID)});
}

void write_ticket(const LiveBooking& booking, std::int32_t unit, const Secret& secret) {
    static constinit Statement statement("UPDATE booking.booking_units AS u SET ticket_hash = $4, ticket_salt = $5"
                                         " WHERE u.organization_id = $1 AND u.booking_id = $2 AND u.unit = $3");
    const Digest hash = sha256_of(as_bytes(secret.token));
    statement.write({booking.organization, booking.id, unit, Value::bytea(as_bytes(hash)),
                     secret.salt.has_value() ? Value::bytea(as_bytes(*secret.salt)) : Value::null(BYTEAOID)});
}

// The code that was issued, if it can be computed again.
std::optional<core::Token> code_again(const Rows& tickets, std::uint64_t row, std::optional<std::string_view> token) {
    if (!token.has_value() || tickets.is_null(row, 8)) {
        return std::nullopt;
    }
    const core::Token code = token_from(ticket_purpose, tickets.bytes(row, 8), *token);
    return as_bytes(sha256_of(as_bytes(code))) == tickets.bytes(row, 7) ? std::optional(code) : std::nullopt;
}

std::optional<core::Token> code_of(const LiveBooking& booking, const Rows& tickets, std::uint64_t row,
                                   std::optional<std::string_view> token, bool renew) {
    if (!tickets.is_null(row, 7) && !renew) {
        return code_again(tickets, row, token);
    }
    const Secret secret = new_secret(ticket_purpose, token);
    write_ticket(booking, tickets.int4(row, 1), secret);
    return secret.token;
}

Datum issue_tickets_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "booking_id");
    const auto token = optional_text(call, 1);
    const bool renew = boolean_argument(call, 2, "renew");
    const LiveBooking booking = lock_live_booking(call, id, token);
    check_may_have_tickets(booking);
    const Rows tickets = tickets_of(booking);
    ResultSet result(call);
    for (std::uint64_t row = 0; row < tickets.count(); ++row) {
        const auto code = code_of(booking, tickets, row, token, renew);
        const std::string text =
            code.has_value() ? core::booking_token_text({*code, booking.organization}) : std::string();
        result.add({tickets.int4(row, 1), tickets.is_null(row, 2) ? Value::null(TEXTOID) : Value(tickets.bytes(row, 2)),
                    tickets.is_null(row, 3) ? Value::null(TEXTOID) : Value(tickets.bytes(row, 3)),
                    tickets.is_null(row, 4) ? Value::null(INT8OID) : Value::int8(tickets.int8(row, 4)),
                    tickets.int4(row, 5), tickets.bytes(row, 6),
                    code.has_value() ? Value(std::string_view(text)) : Value::null(TEXTOID)});
    }
    return null_result(call);
}

} // namespace

PGBK_WRITER(issue_tickets, issue_tickets_body);

} // namespace pgbk
