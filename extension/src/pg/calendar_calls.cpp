// What calls of a calendar have come to. And what makes new ones besides wishes: a booking that is cancelled, and the
// question how appointments stand, since Cal.com does not repeat a webhook that nobody could take.
#include "pg/calendar_calls.hpp"

#include "core/calendar_step.hpp"
#include "pg/actor.hpp"
#include "pg/calendar_effects.hpp"
#include "pg/calendar_plan.hpp"
#include "pg/jsonb_node.hpp"
#include "pg/settings.hpp"
#include "pg/trigger.hpp"

namespace pgbk {

namespace {

const core::JsonNode& tree_of(Datum document) {
    return *server([&] { return json_tree(DatumGetJsonbP(document)); });
}

// The start that a call asked for; empty if it is none that asks for one.
std::string_view wanted_start(const FinishedCall& call) {
    static constinit Statement statement("SELECT $1 ->> 'start'");
    const bool is_wish = call.action == "create_booking" || call.action == "reschedule_booking";
    return is_wish ? statement.write({Value::jsonb(call.request)}).bytes(0, 1) : std::string_view{};
}

void apply_facts(BookingAccount& account, const FinishedCall& call) {
    for (const core::CalendarFact& fact : core::read_calendar_facts(tree_of(call.outcome))) {
        const auto at = read_timestamp(fact.at);
        const auto start = read_timestamp(fact.news.start);
        const auto end = read_timestamp(fact.news.end);
        if (at.has_value() && start.has_value() && end.has_value() && *start < *end) {
            (void)apply_appointment(account, fact.news, *at);
        }
    }
}

// Somebody at the calendar was faster: it has called off what was to be moved, or moved it elsewhere.
bool is_met(const FinishedCall& call, std::string_view start) {
    static constinit Statement statement("SELECT COALESCE(l.starts_at = $3::timestamptz, false)"
                                         "  FROM booking.bookings AS b LEFT JOIN LATERAL (" PGBK_STANDING_SQL
                                         ") AS l ON true"
                                         " WHERE b.organization_id = $1 AND b.id = $2");
    return statement.write({call.organization, *call.booking, start}).boolean(0, 1);
}

// The webhook that tells of it should have come by then; later, whether any got lost.
constexpr std::int64_t first_look = 10 * USECS_PER_MINUTE;
constexpr std::int64_t later_looks = 6 * USECS_PER_HOUR;

// As long as there is something to come.
void look_again(std::int32_t organization, const core::Uuid& booking, const core::Uuid& made_by, std::int64_t pause) {
    static constinit Statement statement(
        "UPDATE booking.provider_calls AS c SET check_at = $4"
        "  FROM booking.bookings AS b CROSS JOIN LATERAL (" PGBK_STANDING_SQL ") AS l"
        " WHERE b.organization_id = $1 AND b.id = $2 AND c.organization_id = $1 AND c.id = $3 AND c.status = 'done'"
        "   AND l.ends_at > $4");
    statement.write({organization, booking, made_by, Value::timestamp(settings::now() + pause)});
}

Datum call_off_appointments_body(Call& call) {
    const TriggerData& data = trigger_data(call, "call_off_appointments");
    if (!TRIGGER_FIRED_AFTER(data.tg_event) || !TRIGGER_FIRED_FOR_ROW(data.tg_event) ||
        !TRIGGER_FIRED_BY_UPDATE(data.tg_event)) {
        refuse_trigger("function \"%s\" must be fired after a row is updated", "call_off_appointments");
    }
    struct Key {
        std::int32_t organization;
        core::Uuid id;
    };
    const Key key = server([&] {
        TupleDesc const descriptor = RelationGetDescr(data.tg_relation);
        Key found{};
        bool null = false;
        found.organization = DatumGetInt32(
            heap_getattr(data.tg_newtuple, column(descriptor, "organization_id", INT4OID), descriptor, &null));
        const Datum id = heap_getattr(data.tg_newtuple, column(descriptor, "id", UUIDOID), descriptor, &null);
        std::copy_n(DatumGetUUIDP(id)->data, found.id.size(), found.id.begin());
        return found;
    });
    plan_calendar(key.organization, key.id);
    return PointerGetDatum(nullptr);
}

} // namespace

void queue_calendar_look_up(std::int32_t organization, const core::Uuid& calendar_call) {
    static constinit Statement statement(
        "SELECT c.provider, b.id, jsonb_build_object('uid', l.uid)"
        "  FROM booking.provider_calls AS c"
        "  JOIN booking.bookings AS b ON b.organization_id = $1 AND b.id = c.booking_id"
        " CROSS JOIN LATERAL (" PGBK_STANDING_SQL ") AS l"
        " WHERE c.organization_id = $1 AND c.id = $2 AND l.ends_at > $3");
    const TimestampTz clock = settings::now();
    const Rows rows = statement.write({organization, calendar_call, Value::timestamp(clock)});
    if (rows.empty()) {
        return;
    }
    ProviderCallIntent intent{};
    intent.organization = organization;
    intent.provider = rows.bytes(0, 1);
    intent.action = "look_up_booking";
    intent.booking = rows.uuid(0, 2);
    intent.about = calendar_call;
    intent.request = rows.datum(0, 3);
    intent.expires_at = clock + USECS_PER_HOUR;
    (void)queue_provider_call(intent);
}

void calendar_call_done(const FinishedCall& call) {
    const ActorScope scope(ActorKind::webhook, call.provider);
    auto account = lock_account(call.organization, *call.booking);
    if (!account.has_value()) {
        return;
    }
    apply_facts(*account, call);
    const std::string_view start = wanted_start(call);
    if (!start.empty() && !is_met(call, start)) {
        drop_wish(call.organization, *call.booking, start, "moved_meanwhile");
    }
    plan_calendar(call.organization, *call.booking, call.id);
    if (call.action == "create_booking") {
        look_again(call.organization, *call.booking, call.id, first_look);
    } else if (call.about.has_value()) {
        look_again(call.organization, *call.booking, *call.about, later_looks);
    }
}

void calendar_call_failed(const FinishedCall& call) {
    const ActorScope scope(ActorKind::webhook, call.provider);
    if (!lock_account(call.organization, *call.booking).has_value()) {
        return;
    }
    if (const std::string_view start = wanted_start(call); !start.empty()) {
        drop_wish(call.organization, *call.booking, start, call.reason);
        plan_calendar(call.organization, *call.booking, call.id);
    } else if (call.about.has_value()) {
        look_again(call.organization, *call.booking, *call.about, later_looks);
    }
}

PGBK_WRITER(call_off_appointments, call_off_appointments_body);

} // namespace pgbk
