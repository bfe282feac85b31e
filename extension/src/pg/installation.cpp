// A copy is not the original: what a restored dump or a cloned database may do on its own.
//
// The rows of a copy say the same as those of the original: holds to release, deliveries due. If both acted on them,
// customers would hear everything twice. So the identity of the database lies beside the rows, and where it does not
// match, whatever acts on its own is held until somebody adopts the copy.
#include "pg/installation.hpp"

#include "pg/access.hpp"
#include "pg/arguments.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

Value system_identifier() {
    return Value::int8(static_cast<std::int64_t>(GetSystemIdentifier()));
}

Datum is_original_body(Call& /*call*/) {
    return BoolGetDatum(is_original());
}

// What a copy brought along: leases and relays are those of the original.
void settle_deliveries(bool deliver_pending) {
    static constinit Statement relays("DELETE FROM booking.relay_instances");
    static constinit Statement again(
        "UPDATE booking.webhook_deliveries AS d SET status = 'pending', lease_until = NULL, lease_owner = NULL"
        " WHERE d.status = 'leased'");
    static constinit Statement given_up(
        "UPDATE booking.webhook_deliveries AS d"
        "   SET status = 'dead', lease_until = NULL, lease_owner = NULL,"
        "       reason = 'was pending when this copy of the database was adopted; the original has delivered it, or"
        " will'"
        " WHERE d.status IN ('pending', 'leased', 'parked')");
    relays.write({});
    (deliver_pending ? again : given_up).write({});
}

// The same of calls of providers. The original may have made them after the copy was taken: who makes them from here
// looks before.
void settle_provider_calls(bool deliver_pending) {
    static constinit Statement again(
        "UPDATE booking.provider_calls AS c"
        "   SET status = 'pending', uncertain = true, lease_until = NULL, lease_owner = NULL"
        " WHERE c.status IN ('pending', 'running')");
    static constinit Statement given_up(
        "UPDATE booking.provider_calls AS c"
        "   SET status = 'abandoned', lease_until = NULL, lease_owner = NULL, return_token = NULL, finished_at = $1,"
        "       reason = 'was pending when this copy of the database was adopted; the original has made it, or will'"
        " WHERE c.status IN ('pending', 'running')");
    static constinit Statement no_checks("UPDATE booking.provider_calls AS c SET check_at = NULL"
                                         " WHERE c.check_at IS NOT NULL");
    if (deliver_pending) {
        again.write({});
        return;
    }
    given_up.write({Value::timestamp(settings::now())});
    no_checks.write({});
}

Datum adopt_body(Call& call) {
    if (call.fcinfo->args[0].isnull) {
        throw core::Refusal(core::RefusalKind::null_argument, "deliver_pending must not be NULL", {},
                            "true: what is due is delivered from here; false: the original has done it or will.");
    }
    require_administrator(call, "adopt a copy of the database");
    const bool deliver_pending = DatumGetBool(call.fcinfo->args[0].value);
    static constinit Statement statement(
        "INSERT INTO booking.installation AS i (system_identifier, database_oid, deliver_from)"
        " VALUES ($1, $2, CASE WHEN $3 THEN '-infinity' ELSE $4 END)"
        " ON CONFLICT (singleton) DO UPDATE"
        "    SET system_identifier = EXCLUDED.system_identifier, database_oid = EXCLUDED.database_oid,"
        "        adopted_at = EXCLUDED.adopted_at,"
        "        deliver_from = CASE WHEN $3 THEN i.deliver_from ELSE EXCLUDED.deliver_from END");
    if (!deliver_pending || !is_original()) {
        settle_deliveries(deliver_pending);
        settle_provider_calls(deliver_pending);
    }
    statement.write(
        {system_identifier(), Value::int8(MyDatabaseId), deliver_pending, Value::timestamp(settings::now())});
    return Datum{0};
}

} // namespace

bool is_original() {
    static constinit Statement statement("SELECT 1 FROM booking.installation AS i"
                                         " WHERE i.singleton AND i.system_identifier = $1 AND i.database_oid = $2");
    return !statement.read({system_identifier(), Value::int8(MyDatabaseId)}).empty();
}

PGBK_READER(is_original, is_original_body);
PGBK_WRITER(adopt, adopt_body);

} // namespace pgbk
