// relay_origins: whose web pages a relay lets call it, for the answers to browsers that ask.
#include "pg/access.hpp"
#include "pg/arguments.hpp"

namespace pgbk {

namespace {

Datum relay_origins_body(Call& call) {
    require_relay(call, "list the allowed origins");
    static constinit Statement statement("SELECT DISTINCT v.organization_id, o.origin"
                                         "  FROM booking.venues AS v CROSS JOIN LATERAL unnest(v.allowed_origins)"
                                         "       AS o (origin)"
                                         " WHERE o.origin IS NOT NULL ORDER BY 1, 2",
                                         Plan::automatic);
    ResultSet result(call);
    result.add(statement.read({}));
    return null_result(call);
}

} // namespace

PGBK_READER(relay_origins, relay_origins_body);

} // namespace pgbk
