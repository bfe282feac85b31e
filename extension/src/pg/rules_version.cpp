// renew_rules_version: the trigger that makes backends look again at the terms on which sessions are sold (terms.hpp).
#include "pg/arguments.hpp"
#include "pg/identity.hpp"
#include "pg/terms.hpp"
#include "pg/trigger.hpp"

namespace pgbk {

namespace {

constexpr const char* name = "renew_rules_version";

// Server frame.
std::int32_t organization_in(const TriggerData& data, HeapTuple row) {
    bool null = false;
    TupleDesc const descriptor = RelationGetDescr(data.tg_relation);
    const Datum value = heap_getattr(row, column(descriptor, "organization_id", INT4OID), descriptor, &null);
    return null ? 0 : DatumGetInt32(value);
}

// Once a (sub)transaction is enough: whoever sees one of its changes sees all of them.
bool is_renewed(std::int32_t organization) {
    struct Renewal {
        std::int32_t organization;
        TransactionId transaction;
        SubTransactionId part;
    };
    static Renewal last{};
    const Renewal now{organization, server([] { return GetTopTransactionId(); }), GetCurrentSubTransactionId()};
    const bool same = last.organization == organization && last.transaction == now.transaction && last.part == now.part;
    last = now;
    return same;
}

// On organizations themselves the row that is being written gets the version.
Datum with_new_version(const TriggerData& data, std::int32_t organization) {
    const core::Uuid version = new_id(organization);
    return server([&] {
        TupleDesc const descriptor = RelationGetDescr(data.tg_relation);
        int number = column(descriptor, "rules_version", UUIDOID);
        Datum value = PointerGetDatum(version.data());
        bool no = false;
        return PointerGetDatum(heap_modify_tuple_by_cols(data.tg_newtuple, descriptor, 1, &number, &value, &no));
    });
}

Datum renew_rules_version_body(Call& call) {
    const TriggerData& data = trigger_data(call, name);
    if (!TRIGGER_FIRED_FOR_ROW(data.tg_event)) {
        refuse_trigger("function \"%s\" must be fired for each row", name);
    }
    const std::int32_t organization = server([&] { return organization_in(data, data.tg_trigtuple); });
    if (TRIGGER_FIRED_BEFORE(data.tg_event)) {
        if (!TRIGGER_FIRED_BY_UPDATE(data.tg_event)) {
            refuse_trigger("function \"%s\" must be fired after a change of another table than organizations", name);
        }
        return with_new_version(data, organization);
    }
    static constinit Statement statement("UPDATE booking.organizations AS o SET rules_version = $2"
                                         " WHERE o.organization_id = $1");
    forget_all_terms(); // this backend may have looked since it renewed the version
    if (organization > 0 && !is_renewed(organization)) {
        statement.write({organization, new_id(organization)});
    }
    return PointerGetDatum(nullptr);
}

} // namespace

PGBK_WRITER(renew_rules_version, renew_rules_version_body);

} // namespace pgbk
