#include "pg/identity.hpp"

#include "pg/arguments.hpp"
#include "pg/digest.hpp"

#include <cstring>

namespace pgbk {

std::int64_t milliseconds_of(TimestampTz time) {
    constexpr std::int64_t epoch = static_cast<std::int64_t>(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
    return time / 1000 + epoch * 1000;
}

core::Uuid new_id(std::int32_t organization) {
    // Trivially destructible and constant-initialized: nothing runs at load or at exit.
    static core::IdGenerator generator;
    static_assert(std::is_trivially_destructible_v<core::IdGenerator>);

    // The real clock, never the shifted one: ids must rise with the order of writing.
    const TimestampTz now = GetCurrentTimestamp();
    const std::int64_t milliseconds = milliseconds_of(now);
    std::uint64_t random = 0;
    if (generator.wants_random(milliseconds)) {
        server([&] { fill_with_random(&random, sizeof random); });
    }
    return generator.next(milliseconds, random, organization, static_cast<std::uint32_t>(now % 1000));
}

namespace {

Datum new_id_body(Call& call) {
    return uuid_result(call, new_id(int4_argument(call, 0, "organization_id")));
}

Datum organization_of_body(Call& call) {
    const auto organization = core::organization_of(uuid_argument(call, 0, "id"));
    return organization.has_value() ? Int32GetDatum(*organization) : null_result(call);
}

} // namespace

PGBK_FUNCTION(new_id, new_id_body);
PGBK_FUNCTION(organization_of, organization_of_body);

} // namespace pgbk
