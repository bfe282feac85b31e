#include "pg/trigger.hpp"

namespace pgbk {

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
