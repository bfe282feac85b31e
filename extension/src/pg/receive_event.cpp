#include "pg/receive_event.hpp"

#include "core/received_event.hpp"
#include "core/uuid_text.hpp"
#include "pg/access.hpp"
#include "pg/identity.hpp"
#include "pg/jsonb_node.hpp"
#include "pg/notify.hpp"
#include "pg/settings.hpp"
#include "pg/webhook_endpoint.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

// An event of ours that came back, from a hook upon our own table.
bool is_ours(std::int32_t organization, std::string_view external_id, core::Uuid& event) {
    const auto id = core::parse_uuid(external_id);
    if (!id.has_value() || core::organization_of(*id) != organization) {
        return false;
    }
    static constinit Statement statement(
        "SELECT 1 FROM booking.booking_events AS n WHERE n.organization_id = $1 AND n.id = $2");
    event = *id;
    return !statement.write({organization, *id}).empty();
}

// False if it was here before; event is then the one that it became.
bool is_first(std::int32_t organization, std::string_view external_id, core::Uuid& event) {
    static constinit Statement insert(
        "INSERT INTO booking.received_events (organization_id, external_id, event_id, received_at)"
        " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING 1");
    static constinit Statement find("SELECT r.event_id FROM booking.received_events AS r"
                                    " WHERE r.organization_id = $1 AND r.external_id = $2");
    if (!insert.write({organization, external_id, event, Value::timestamp(settings::now())}).empty()) {
        return true;
    }
    const Rows rows = find.write({organization, external_id});
    if (!rows.empty()) {
        event = rows.uuid(0, 1);
    }
    return false;
}

void check_booking(std::int32_t organization, const core::Uuid& booking) {
    static constinit Statement statement(
        "SELECT 1 FROM booking.bookings AS b WHERE b.organization_id = $1 AND b.id = $2");
    if (statement.write({organization, booking}).empty()) {
        throw Refusal(RefusalKind::invalid_received_event, "invalid event: organization " +
                                                               std::to_string(organization) + " has no booking " +
                                                               uuid_text(booking));
    }
}

void store(std::int32_t organization, const core::Uuid& id, const core::ReceivedEvent& event) {
    static constinit Statement statement(
        "INSERT INTO booking.booking_events (organization_id, id, kind, subject_id, session_id, booking_id, facts,"
        "       occurred_at)"
        " SELECT $1, $2, $3, b.id, b.session_id, b.id,"
        "        jsonb_strip_nulls(jsonb_build_object('external_id', NULLIF($5, ''), 'description', NULLIF($6, ''),"
        "                                             'previous_status', NULLIF($7, ''), 'status', NULLIF($8, ''))),"
        "        LEAST(COALESCE(NULLIF($9, '')::timestamptz, $10), $10)"
        "   FROM booking.bookings AS b WHERE b.organization_id = $1 AND b.id = $4"
        " RETURNING organization_id, id");
    notify_of_events(statement.write({organization, id, event.kind, event.booking, std::string_view(event.external_id),
                                      event.description, event.old_status, event.new_status, event.occurred_at,
                                      Value::timestamp(settings::now())}));
}

Datum receive_booking_event_body(Call& call) {
    const std::int32_t organization = int4_argument(call, 0, "organization_id");
    const Datum document = jsonb_argument(call, 1, "event");
    require_relay(call, "receive events");
    check_organization(organization);
    const ReceivedBookingEvent received =
        receive_event(organization, *server([&] { return json_tree(DatumGetJsonbP(document)); }));
    return reception_result(call, received.is_new ? "stored" : "duplicate", received.event);
}

} // namespace

ReceivedBookingEvent receive_event(std::int32_t organization, const core::JsonNode& document) {
    const core::ReceivedEvent event = core::read_received_event(document);
    core::Uuid id{};
    if (is_ours(organization, event.external_id, id)) {
        return {false, id};
    }
    check_booking(organization, event.booking);
    id = new_id(organization);
    if (!event.external_id.empty() && !is_first(organization, event.external_id, id)) {
        return {false, id};
    }
    store(organization, id, event);
    return {true, id};
}

Datum reception_result(const Call& call, std::string_view status, const core::Uuid& event) {
    static constinit Statement statement("SELECT jsonb_build_object('status', $1, 'event_id', $2)");
    return copied_result(call, statement.write({status, event}), 0, 1);
}

PGBK_WRITER(receive_booking_event, receive_booking_event_body);

} // namespace pgbk
