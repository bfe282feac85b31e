#include "pg/owner.hpp"

namespace pgbk {

Oid owner_of_tables() {
    const Oid schema = get_namespace_oid("booking", true);
    if (!OidIsValid(schema)) {
        return InvalidOid;
    }
    const Oid table = get_relname_relid("sessions", schema);
    if (!OidIsValid(table)) {
        return InvalidOid;
    }
    HeapTuple const tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
    if (!HeapTupleIsValid(tuple)) {
        return InvalidOid;
    }
    const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
    ReleaseSysCache(tuple);
    return owner;
}

bool has_role(Oid caller, const char* role) {
    const Oid oid = get_role_oid(role, true);
    return OidIsValid(oid) && has_privs_of_role(caller, oid);
}

bool is_trusted(Oid caller, Oid owner) {
    return superuser_arg(caller) || has_privs_of_role(caller, owner) || has_role(caller, "booking_service") ||
           has_role(caller, "booking_admin");
}

char* claimed_user_id() {
    const char* claims = GetConfigOption("request.jwt.claims", true, false);
    if (claims == nullptr || claims[0] == '\0') {
        return nullptr;
    }
    Jsonb* const document = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(pstrdup(claims))));
    if (!JB_ROOT_IS_OBJECT(document)) {
        return nullptr;
    }
    JsonbValue sub;
    if (getKeyJsonValueFromContainer(&document->root, "sub", 3, &sub) == nullptr || sub.type != jbvString ||
        sub.val.string.len == 0) {
        return nullptr;
    }
    return pnstrdup(sub.val.string.val, static_cast<Size>(sub.val.string.len));
}

} // namespace pgbk
