// The trigger that makes deliveries of events, in the transaction in which they happened.
#include "pg/arguments.hpp"
#include "pg/held_event.hpp"
#include "pg/settings.hpp"
#include "pg/trigger.hpp"
#include "pg/webhook_state.hpp"

namespace pgbk {

namespace {

constexpr const char* name = "trigger_booking_event_webhook";

Datum trigger_booking_event_webhook_body(Call& call) {
    const TriggerData& data = trigger_data(call, name);
    if (!TRIGGER_FIRED_AFTER(data.tg_event) || !TRIGGER_FIRED_FOR_STATEMENT(data.tg_event) ||
        !TRIGGER_FIRED_BY_INSERT(data.tg_event) || data.tg_newtable == nullptr) {
        refuse_trigger("function \"%s\" must be fired after an insert, for each statement, with a transition table",
                       name);
    }
    server([&] { (void)SPI_register_trigger_data(const_cast<TriggerData*>(&data)); });
    // A test goes to the endpoint that is tested, and to no other.
    static constinit TransitionStatement statement(
        "INSERT INTO booking.webhook_deliveries (organization_id, id, endpoint_id, event_id, event_type, occurred_at,"
        "       next_attempt_at, expires_at, created_at)"
        " SELECT n.organization_id, booking.new_id(n.organization_id), e.id, n.id, n.kind, n.occurred_at, $1,"
        "        $1 + e.max_age, $1"
        "   FROM new_rows AS n"
        "   JOIN booking.webhook_endpoints AS e ON e.organization_id = n.organization_id AND e.status = 'active'"
        "    AND e.events && ARRAY['*', n.kind, split_part(n.kind, '.', 1) || '.*']"
        "  WHERE n.kind <> 'webhook.test'"
        " ON CONFLICT (organization_id, endpoint_id, event_id) DO NOTHING");
    if (statement.write(data, {Value::timestamp(settings::now())}).count() > 0) {
        wake_relays();
    }
    return PointerGetDatum(nullptr);
}

} // namespace

PGBK_TRIGGER_UNLESS(trigger_booking_event_webhook, HeldEvent::takes_event, trigger_booking_event_webhook_body);

} // namespace pgbk
