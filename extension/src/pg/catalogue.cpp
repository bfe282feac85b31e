// What keeps the catalogue's rows right whoever writes them: checks and triggers of the tables.
#include "core/schedule.hpp"
#include "core/transitions.hpp"
#include "pg/arguments.hpp"
#include "pg/identity.hpp"
#include "pg/jsonb_node.hpp"
#include "pg/time_zone.hpp"
#include "pg/trigger.hpp"

#include <cstring>

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

Datum check_schedule_body(Call& call) {
    if (call.fcinfo->args[0].isnull) {
        throw Refusal(RefusalKind::null_argument, "schedule must not be NULL");
    }
    const Datum document = call.fcinfo->args[0].value;
    const core::JsonNode* const tree = server([&] { return json_tree(DatumGetJsonbP(document)); });
    (void)core::parse_schedule(*tree);
    return BoolGetDatum(true);
}

Datum check_time_zone_body(Call& call) {
    (void)find_time_zone(text_argument(call, 0, "time zone"));
    return BoolGetDatum(true);
}

// The change under way, an update or, where the trigger is made for it, an insert; raises for anything else.
const TriggerData& row_change(const Call& call, const char* name, bool may_be_insert) {
    const TriggerData& data = trigger_data(call, name);
    if (!TRIGGER_FIRED_BEFORE(data.tg_event) || !TRIGGER_FIRED_FOR_ROW(data.tg_event)) {
        refuse_trigger("function \"%s\" must be fired before a row changes", name);
    }
    if (!TRIGGER_FIRED_BY_UPDATE(data.tg_event) && !(may_be_insert && TRIGGER_FIRED_BY_INSERT(data.tg_event))) {
        refuse_trigger("function \"%s\" is not for this kind of change", name);
    }
    return data;
}

struct NewRow {
    std::int32_t organization; // 0 if NULL
    bool needs_id;
    bool needs_embed_key;
};

HeapTuple fill_new_row(const TriggerData& data) {
    TupleDesc const descriptor = RelationGetDescr(data.tg_relation);
    HeapTuple const row = data.tg_trigtuple;
    const NewRow facts = server([&] {
        bool null = false;
        const Datum organization = heap_getattr(row, column(descriptor, "organization_id", INT4OID), descriptor, &null);
        NewRow found{null ? 0 : DatumGetInt32(organization),
                     heap_attisnull(row, column(descriptor, "id", UUIDOID), descriptor), false};
        const int embed_key = SPI_fnumber(descriptor, "embed_key");
        found.needs_embed_key = embed_key > 0 && heap_attisnull(row, embed_key, descriptor);
        return found;
    });
    if ((!facts.needs_id && !facts.needs_embed_key) || facts.organization == 0) {
        return row; // nothing to do, or the NOT NULL constraint will say what is missing
    }
    const core::Uuid id = new_id(facts.organization);
    return server([&] {
        HeapTuple result = row;
        bool no = false;
        if (facts.needs_id) {
            int number = column(descriptor, "id", UUIDOID);
            Datum value = PointerGetDatum(id.data());
            result = heap_modify_tuple_by_cols(result, descriptor, 1, &number, &value, &no);
        }
        if (facts.needs_embed_key) {
            int number = column(descriptor, "embed_key", TEXTOID);
            char hex[2 * sizeof id + 1];
            hex_encode(reinterpret_cast<const char*>(id.data()), id.size(), hex);
            hex[2 * sizeof id] = '\0';
            Datum value = CStringGetTextDatum(hex);
            result = heap_modify_tuple_by_cols(result, descriptor, 1, &number, &value, &no);
        }
        return result;
    });
}

Datum stamp_row_body(Call& call) {
    const TriggerData& data = row_change(call, "stamp_row", true);
    if (TRIGGER_FIRED_BY_INSERT(data.tg_event)) {
        return PointerGetDatum(fill_new_row(data));
    }
    return server([&] {
        TupleDesc const descriptor = RelationGetDescr(data.tg_relation);
        int number = column(descriptor, "updated_at", TIMESTAMPTZOID);
        Datum value = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
        bool no = false;
        return PointerGetDatum(heap_modify_tuple_by_cols(data.tg_newtuple, descriptor, 1, &number, &value, &no));
    });
}

std::string_view text_column(const TriggerData& data, HeapTuple row, const char* name) {
    return server([&] {
        bool null = false;
        TupleDesc const descriptor = RelationGetDescr(data.tg_relation);
        const Datum value = heap_getattr(row, column(descriptor, name, TEXTOID), descriptor, &null);
        return null ? std::string_view() : std::string_view(TextDatumGetCString(value));
    });
}

void check_column(const TriggerData& data, core::StatusColumn which) {
    const std::string name(core::column_name(which));
    const std::string_view before = text_column(data, data.tg_trigtuple, name.c_str());
    const std::string_view after = text_column(data, data.tg_newtuple, name.c_str());
    if (!core::may_become(which, before, after)) {
        throw Refusal(RefusalKind::illegal_transition,
                      name + " may not change from " + core::quoted(before) + " to " + core::quoted(after), {},
                      "booking.state_transitions() lists the changes that are allowed.");
    }
}

// Only what a calendar elsewhere has called off comes back: it has no seats here that somebody else may have by now.
void check_revival(const TriggerData& data) {
    const bool is_revived = text_column(data, data.tg_trigtuple, "status") == "cancelled" &&
                            text_column(data, data.tg_newtuple, "status") != "cancelled";
    if (is_revived && text_column(data, data.tg_trigtuple, "calendar_status") != "cancelled") {
        throw Refusal(RefusalKind::illegal_transition, "a booking that was cancelled stays cancelled", {},
                      "Make another booking.");
    }
}

Datum check_transition_body(Call& call) {
    using core::StatusColumn;
    const TriggerData& data = row_change(call, "check_transition", false);
    const auto is_of = [&](const char* entity) {
        return data.tg_trigger->tgnargs == 1 && strcmp(data.tg_trigger->tgargs[0], entity) == 0;
    };
    if (is_of("booking")) {
        check_revival(data);
        check_column(data, StatusColumn::booking_status);
        check_column(data, StatusColumn::payment_status);
        check_column(data, StatusColumn::refund_status);
    } else if (is_of("waitlist")) {
        check_column(data, StatusColumn::waitlist_status);
    } else {
        check_column(data, StatusColumn::reservation_status);
    }
    return PointerGetDatum(data.tg_newtuple);
}

} // namespace

PGBK_FUNCTION(check_schedule, check_schedule_body);
PGBK_FUNCTION(check_time_zone, check_time_zone_body);
PGBK_FUNCTION(stamp_row, stamp_row_body);
PGBK_FUNCTION(check_transition, check_transition_body);

} // namespace pgbk
