#include "pg/reservation.hpp"

#include "core/token.hpp"
#include "core/transitions.hpp"
#include "pg/access.hpp"
#include "pg/digest.hpp"

namespace pgbk {

[[noreturn]] void refuse_unknown_reservation(const core::Uuid& id) {
    throw core::Refusal(core::RefusalKind::reservation_not_found, "no reservation has the id " + uuid_text(id));
}

void check_hold_token(std::string_view token, std::string_view expected_hash, const core::Uuid& id) {
    const auto parsed = core::parse_token(token);
    if (!parsed.has_value() || !core::equal_in_constant_time(as_bytes(sha256_of(as_bytes(*parsed))), expected_hash)) {
        throw core::Refusal(core::RefusalKind::wrong_hold_token,
                            "the hold token does not belong to reservation " + uuid_text(id), {},
                            "Pass the hold_token that reserve_slot returned with this reservation_id.");
    }
}

namespace {

Rows locked_row(std::int32_t organization, const core::Uuid& id) {
    static constinit Statement statement(
        "SELECT r.session_id, r.party_size, r.status, r.customer_email, r.created_at, r.expires_at,"
        "       r.extended_count::integer, r.token_hash, r.counted_unpaid, r.waitlist_entry_id, r.unit_items"
        "  FROM booking.slot_reservations AS r"
        " WHERE r.organization_id = $1 AND r.id = $2"
        "   FOR NO KEY UPDATE");
    return statement.write({organization, id});
}

Reservation reservation_in(const Rows& rows, std::int32_t organization, const core::Uuid& id) {
    return Reservation{organization,
                       id,
                       rows.uuid(0, 1),
                       rows.int4(0, 2),
                       rows.bytes(0, 3),
                       rows.bytes(0, 4),
                       rows.timestamp(0, 5),
                       rows.timestamp(0, 6),
                       rows.int4(0, 7),
                       rows.boolean(0, 9),
                       rows.is_null(0, 10) ? std::nullopt : std::optional(rows.uuid(0, 10)),
                       rows.is_null(0, 11) ? std::nullopt : std::optional(rows.datum(0, 11))};
}

} // namespace

Reservation lock_reservation(const Call& call, const core::Uuid& id, std::optional<std::string_view> token,
                             const char* action) {
    const auto organization = core::organization_of(id);
    // Before the look-up: who has neither rights nor a token learns nothing about ids.
    if (!token.has_value()) {
        require_member(call, organization.value_or(0), action);
    }
    if (!organization.has_value()) {
        refuse_unknown_reservation(id);
    }
    const Rows rows = locked_row(*organization, id);
    if (rows.empty()) {
        refuse_unknown_reservation(id);
    }
    if (token.has_value()) {
        check_hold_token(*token, rows.bytes(0, 8), id);
    }
    return reservation_in(rows, *organization, id);
}

std::optional<Reservation> lock_hold(std::int32_t organization, const core::Uuid& id) {
    const Rows rows = locked_row(organization, id);
    return rows.empty() ? std::nullopt : std::optional(reservation_in(rows, organization, id));
}

namespace {

void settle_offer(const Reservation& reservation, std::string_view status, TimestampTz clock) {
    static constinit Statement statement("UPDATE booking.waitlist_entries AS w SET status = $3, settled_at = $4"
                                         " WHERE w.organization_id = $1 AND w.id = $2 AND w.reservation_id = $5");
    statement.write(
        {reservation.organization, *reservation.waitlist_entry, status, Value::timestamp(clock), reservation.id});
}

} // namespace

void settle(const Reservation& reservation, std::string_view status, TimestampTz clock) {
    static constinit Statement statement("UPDATE booking.slot_reservations AS r SET status = $3, settled_at = $4"
                                         " WHERE r.organization_id = $1 AND r.id = $2 AND r.status = $5");
    const Rows rows = statement.write(
        {reservation.organization, reservation.id, status, Value::timestamp(clock), reservation.status});
    if (rows.count() != 1) {
        throw core::Refusal(core::RefusalKind::retry, "reservation " + uuid_text(reservation.id) + " has just changed",
                            {}, "Roll back and try again.");
    }
    if (reservation.waitlist_entry.has_value() && reservation.status != "confirmed") {
        settle_offer(reservation, status == "confirmed" ? "taken" : "left", clock);
    }
}

} // namespace pgbk
