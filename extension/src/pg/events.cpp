// record_events: the trigger that writes what happened, whoever made it happen. Its argument names the entity, never
// the table's name. All but one of its triggers are fired once a statement and write with one statement, over the
// transition tables old_rows and new_rows.
#include "core/event_kinds.hpp"
#include "pg/arguments.hpp"
#include "pg/event_statements.hpp"
#include "pg/held_event.hpp"
#include "pg/notify.hpp"
#include "pg/reservation_events.hpp"
#include "pg/settings.hpp"
#include "pg/trigger.hpp"
#include "pg/waitlist.hpp"

#include <cstring>

namespace pgbk {

namespace {

constexpr const char* function_name = "record_events";

void record_statement(TriggerData& data, const char* entity) {
    const Change change = change_of(data, function_name);
    TransitionStatement* const statement = event_statement(entity, change);
    if (statement == nullptr) {
        refuse_trigger("function \"%s\" is not for this kind of change", function_name);
    }
    use_transition_tables(data, change, function_name);
    if (change == Change::updated && strcmp(entity, "reservation") == 0 && write_reservation_events(data)) {
        return;
    }
    notify_of_events(statement->write(data, {Value::timestamp(settings::now())}));
}

// The one trigger for each row: sessions change with every booking, and PostgreSQL allows a list of columns or
// transition tables, not both. The trigger's list and its WHEN keep it from being called for a counter.
void record_session_row(const TriggerData& data) {
    if (!TRIGGER_FIRED_AFTER(data.tg_event) || !TRIGGER_FIRED_BY_UPDATE(data.tg_event)) {
        refuse_trigger("function \"%s\" must be fired after an update, where it is fired for each row", function_name);
    }
    struct Session {
        std::int32_t organization;
        core::Uuid id;
        std::int32_t capacities[2]; // before, after
        std::string_view statuses[2];
        bool off_schedule[2];
    };
    const Session session = server([&] {
        Session found{};
        TupleDesc const descriptor = RelationGetDescr(data.tg_relation);
        const auto value = [&](HeapTuple row, const char* name, Oid type) {
            bool null = false;
            const Datum datum = heap_getattr(row, column(descriptor, name, type), descriptor, &null);
            if (null) {
                ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("\"%s\" must not be NULL", name)));
            }
            return datum;
        };
        found.organization = DatumGetInt32(value(data.tg_newtuple, "organization_id", INT4OID));
        memcpy(found.id.data(), DatumGetUUIDP(value(data.tg_newtuple, "id", UUIDOID))->data, found.id.size());
        HeapTuple const versions[] = {data.tg_trigtuple, data.tg_newtuple};
        for (int i = 0; i < 2; ++i) {
            found.capacities[i] = DatumGetInt32(value(versions[i], "capacity_total", INT4OID));
            found.off_schedule[i] = DatumGetBool(value(versions[i], "off_schedule", BOOLOID));
            found.statuses[i] = TextDatumGetCString(value(versions[i], "status", TEXTOID));
        }
        return found;
    });
    session_updated_statement().write({Value::timestamp(settings::now()), session.organization, session.id,
                                       session.statuses[0], session.statuses[1], session.capacities[0],
                                       session.capacities[1], session.off_schedule[0], session.off_schedule[1]});
    notify_of_some_events(session.organization);
    if (session.statuses[1] != "open" && session.statuses[0] != session.statuses[1]) {
        // Whoever sets the status, by whatever means. A trigger of its own would cost each sale something.
        capacity::close_waitlist(session.organization, session.id, settings::now());
    }
}

// A hold whose event is written by whoever writes the hold.
bool is_left_to_writer(const TriggerData& data) {
    return data.tg_trigger->tgnargs == 1 && strcmp(data.tg_trigger->tgargs[0], "reservation") == 0 &&
           HeldEvent::takes_reservation(data);
}

Datum record_events_body(Call& call) {
    auto& data = const_cast<TriggerData&>(trigger_data(call, function_name));
    if (data.tg_trigger->tgnargs != 1) {
        refuse_trigger("function \"%s\" must be told the entity", function_name);
    }
    const char* const entity = data.tg_trigger->tgargs[0];
    if (TRIGGER_FIRED_FOR_ROW(data.tg_event) && strcmp(entity, "session") == 0) {
        record_session_row(data);
    } else {
        record_statement(data, entity);
    }
    return PointerGetDatum(nullptr);
}

Datum event_kinds_body(Call& call) {
    ResultSet result(call);
    for (const core::EventKind& row : core::event_kinds()) {
        result.add({row.kind, core::entity_of(row.kind), core::audience_name(row.audience), row.description});
    }
    return null_result(call);
}

Datum event_audience_body(Call& call) {
    const core::EventKind* const kind = core::find_event_kind(text_argument(call, 0, "kind"));
    return kind == nullptr ? null_result(call) : text_result(call, core::audience_name(kind->audience));
}

Datum event_description_body(Call& call) {
    return text_result(call, core::describe_event(text_argument(call, 0, "kind"), optional_text(call, 1)));
}

Datum canonical_event_filter_body(Call& call) {
    return text_result(call, core::canonical_filter(text_argument(call, 0, "filter")));
}

} // namespace

PGBK_TRIGGER_UNLESS(record_events, is_left_to_writer, record_events_body);
PGBK_FUNCTION(event_kinds, event_kinds_body);
PGBK_FUNCTION(event_audience, event_audience_body);
PGBK_FUNCTION(event_description, event_description_body);
PGBK_FUNCTION(canonical_event_filter, canonical_event_filter_body);

} // namespace pgbk
