#include "pg/trigger.hpp"

#include <cstring>

namespace pgbk {

namespace {

bool is_named(const char* given, const char* wanted) {
    return given != nullptr && strcmp(given, wanted) == 0;
}

} // namespace

const TriggerData& trigger_data(const Call& call, const char* name) {
    if (!CALLED_AS_TRIGGER(call.fcinfo)) {
        refuse_trigger("function \"%s\" was not called as a trigger", name);
    }
    return *reinterpret_cast<const TriggerData*>(call.fcinfo->context);
}

void refuse_trigger(const char* message, const char* name) {
    server(
        [&] { ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED), errmsg_internal(message, name))); });
    pg_unreachable();
}

Change change_of(const TriggerData& data, const char* name) {
    if (TRIGGER_FIRED_BY_INSERT(data.tg_event)) {
        return Change::inserted;
    }
    if (TRIGGER_FIRED_BY_UPDATE(data.tg_event)) {
        return Change::updated;
    }
    if (TRIGGER_FIRED_BY_DELETE(data.tg_event)) {
        return Change::deleted;
    }
    refuse_trigger("function \"%s\" is not for this kind of change", name);
}

void use_transition_tables(TriggerData& data, Change change, const char* name) {
    const bool has_old = change == Change::inserted || is_named(data.tg_trigger->tgoldtable, "old_rows");
    const bool has_new = change == Change::deleted || is_named(data.tg_trigger->tgnewtable, "new_rows");
    if (!TRIGGER_FIRED_AFTER(data.tg_event) || !TRIGGER_FIRED_FOR_STATEMENT(data.tg_event) || !has_old || !has_new) {
        refuse_trigger("function \"%s\" must be fired after a statement, with transition tables old_rows and new_rows",
                       name);
    }
    server([&] {
        if (SPI_register_trigger_data(&data) < 0) {
            elog(ERROR, "could not register the transition tables");
        }
    });
}

int column(TupleDesc descriptor, const char* name, Oid type) {
    const int number = SPI_fnumber(descriptor, name);
    if (number <= 0) {
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                        errmsg("the table of the trigger has no column \"%s\"", name)));
    }
    if (SPI_gettypeid(descriptor, number) != type) {
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                        errmsg("column \"%s\" of the trigger's table must be of type %s", name, format_type_be(type))));
    }
    return number;
}

} // namespace pgbk
