// booking_cancel, booking_reschedule and booking_change: what a buyer does to a booking, jsonb in and out.
#include "core/booking_request.hpp"
#include "pg/booking_changes.hpp"
#include "pg/digest.hpp"
#include "pg/jsonb_node.hpp"
#include "pg/time_zone.hpp"

namespace pgbk {

namespace {

constexpr core::CancellationWish by_terms{core::RefundWish::by_terms, 0, false};

const core::JsonNode& request_of(const Call& call) {
    const Datum document = jsonb_argument(call, 0, "request");
    return *server([&] { return json_tree(DatumGetJsonbP(document)); });
}

// The booking that the request names, or that its token is of.
BookingCaller caller_of(const core::ChangeRequest& request) {
    static constinit Statement statement("SELECT b.id FROM booking.bookings AS b"
                                         " WHERE b.organization_id = $1 AND b.token_hash = $2");
    if (request.booking.has_value()) {
        return {*request.booking, request.expected_version, request.token};
    }
    const Digest hash = sha256_of(as_bytes(request.booking_token->token));
    const Rows rows = statement.write({request.booking_token->organization, Value::bytea(as_bytes(hash))});
    if (rows.empty()) {
        throw core::Refusal(core::RefusalKind::booking_not_found, "no booking has this token");
    }
    return {rows.uuid(0, 1), request.expected_version, request.token};
}

Datum booking_cancel_body(Call& call) {
    const core::ChangeRequest request = core::read_cancel_request(request_of(call));
    return booking_document(call, cancel_booking(call, caller_of(request), by_terms, request.reason));
}

Datum booking_reschedule_body(Call& call) {
    const core::ChangeRequest request = core::read_reschedule_request(request_of(call));
    const BookingCaller caller = caller_of(request);
    return booking_document(
        call, request.session.has_value()
                  ? reschedule_booking(call, caller, *request.session)
                  : reschedule_appointment(call, caller, to_server_time(request.start), to_server_time(request.end)));
}

Datum booking_change_body(Call& call) {
    const core::ChangeRequest request = core::read_party_request(request_of(call));
    const BookingCaller caller = caller_of(request);
    return booking_document(call, request.units.empty() ? change_party_size(call, caller, request.party_size, by_terms)
                                                        : change_units(call, caller, request.units, by_terms));
}

} // namespace

PGBK_WRITER(booking_cancel, booking_cancel_body);
PGBK_WRITER(booking_reschedule, booking_reschedule_body);
PGBK_WRITER(booking_change, booking_change_body);

} // namespace pgbk
