// Packages as they are offered: the four usual ones, and from when the time of one that was sold runs.
#include "core/package.hpp"
#include "pg/access.hpp"
#include "pg/arguments.hpp"
#include "pg/settings.hpp"
#include "pg/trigger.hpp"
#include "pg/webhook_endpoint.hpp"

namespace pgbk {

namespace {

void check_activity(std::int32_t organization, const core::Uuid& activity) {
    static constinit Statement statement("SELECT 1 FROM booking.activities AS a"
                                         " WHERE a.organization_id = $1 AND a.id = $2");
    if (statement.write({organization, activity}).empty()) {
        throw core::Refusal(core::RefusalKind::activity_not_found,
                            "no activity of the organization has the id " + uuid_text(activity), {}, {}, "activity_id");
    }
}

std::int64_t int8_argument(const Call& call, int i, const char* name) {
    if (is_absent(call, i)) {
        throw core::Refusal(core::RefusalKind::null_argument, std::string(name) + " must not be NULL", {}, {}, name);
    }
    return DatumGetInt64(call.fcinfo->args[i].value);
}

// True if there was none with this id.
bool make_package(std::int32_t organization, const core::Package& package, const std::optional<core::Uuid>& activity) {
    static constinit Statement statement(
        "INSERT INTO booking.packages (organization_id, id, name, price_minor, currency, sessions_included,"
        "       schedule_days, activity_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        " ON CONFLICT (organization_id, id) DO NOTHING RETURNING 1");
    core::check_package(package);
    return !statement
                .write({organization, package.id, package.name, Value::int8(package.price), package.currency,
                        package.sessions, package.schedule_days,
                        activity.has_value() ? Value(*activity) : Value::null(UUIDOID)})
                .empty();
}

Datum create_default_packages_body(Call& call) {
    const std::int32_t organization = int4_argument(call, 0, "organization_id");
    const std::string_view currency = text_argument(call, 1, "currency");
    const core::Package packages[] = {
        {"discovery", "Discovery session", 0, "", currency, 1, 30},
        {"single", "Single session", int8_argument(call, 2, "single_price"), "single_price", currency, 1, 90},
        {"monthly", "Monthly package", int8_argument(call, 3, "monthly_price"), "monthly_price", currency,
         int4_argument(call, 5, "monthly_sessions"), 60},
        {"quarterly", "Quarterly package", int8_argument(call, 4, "quarterly_price"), "quarterly_price", currency,
         int4_argument(call, 6, "quarterly_sessions"), 150},
    };
    const auto activity = optional_uuid(call, 7);
    require_owner(call, organization, "create packages");
    check_organization(organization);
    if (activity.has_value()) {
        check_activity(organization, *activity);
    }
    std::int32_t made = 0;
    for (const core::Package& package : packages) {
        made += make_package(organization, package, activity) ? 1 : 0;
    }
    return Int32GetDatum(made);
}

Datum start_scheduling_body(Call& call) {
    const TriggerData& data = trigger_data(call, "start_scheduling");
    if (!TRIGGER_FIRED_BEFORE(data.tg_event) || !TRIGGER_FIRED_FOR_ROW(data.tg_event) ||
        !TRIGGER_FIRED_BY_UPDATE(data.tg_event)) {
        refuse_trigger("function \"%s\" must be fired before a row is updated", "start_scheduling");
    }
    const TimestampTz clock = settings::now();
    return server([&] {
        TupleDesc const descriptor = RelationGetDescr(data.tg_relation);
        bool null = false;
        const Datum days =
            heap_getattr(data.tg_newtuple, column(descriptor, "schedule_days", INT4OID), descriptor, &null);
        if (null) {
            return PointerGetDatum(data.tg_newtuple);
        }
        int number = column(descriptor, "expires_at", TIMESTAMPTZOID);
        Datum value = TimestampTzGetDatum(clock + DatumGetInt32(days) * USECS_PER_DAY);
        bool no = false;
        return PointerGetDatum(heap_modify_tuple_by_cols(data.tg_newtuple, descriptor, 1, &number, &value, &no));
    });
}

} // namespace

PGBK_WRITER(create_default_packages, create_default_packages_body);
PGBK_FUNCTION(start_scheduling, start_scheduling_body);

} // namespace pgbk
