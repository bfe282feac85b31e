// What staff may do to a single session.
#include "pg/access.hpp"
#include "pg/arguments.hpp"
#include "pg/capacity.hpp"

namespace pgbk {

namespace {

Datum set_session_lanes_body(Call& call) {
    const core::Uuid session = uuid_argument(call, 0, "session_id");
    const std::int32_t lanes = int4_argument(call, 1, "lanes");
    const std::int32_t organization = core::organization_of(session).value_or(0);
    require_member(call, organization, "stripe a session");
    if (lanes < 1 || lanes > capacity::most_lanes) {
        throw core::Refusal(core::RefusalKind::invalid_lanes, "lanes must be between 1 and " +
                                                                  std::to_string(capacity::most_lanes) + ", got " +
                                                                  std::to_string(lanes));
    }
    capacity::stripe(organization, session, lanes);
    return Datum{0};
}

} // namespace

PGBK_WRITER(set_session_lanes, set_session_lanes_body);

} // namespace pgbk
