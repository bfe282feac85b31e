// record_prices: the trigger that keeps what an activity has cost until now. A hold costs what it cost when it was made
// (confirmation.cpp), and the fast way to reserve writes no price into it.
#include "pg/settings.hpp"
#include "pg/statement.hpp"
#include "pg/trigger.hpp"

namespace pgbk {

namespace {

// Of several changes at the same time the first one has the price that was in force before.
constinit TransitionStatement replaced(R"sql(
    INSERT INTO booking.activity_prices (organization_id, activity_id, valid_until, price_minor, price_basis, currency)
    SELECT o.organization_id, o.id, $1, o.price_minor, o.price_basis, o.currency
      FROM old_rows AS o
      JOIN new_rows AS n ON n.organization_id = o.organization_id AND n.id = o.id
     WHERE (o.price_minor, o.price_basis, o.currency) IS DISTINCT FROM (n.price_minor, n.price_basis, n.currency)
        ON CONFLICT DO NOTHING)sql");

Datum record_prices_body(Call& call) {
    constexpr const char* name = "record_prices";
    auto& data = const_cast<TriggerData&>(trigger_data(call, name));
    const Change change = change_of(data, name);
    use_transition_tables(data, change, name);
    if (change != Change::updated) {
        refuse_trigger("function \"%s\" is not for this kind of change", name);
    }
    replaced.write(data, {Value::timestamp(settings::now())});
    return PointerGetDatum(nullptr);
}

} // namespace

PGBK_WRITER(record_prices, record_prices_body);

} // namespace pgbk
