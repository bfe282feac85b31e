// note_units: the trigger that keeps activities.has_units, so that a hold finds out whether its activity is sold by
// units where it looks anyway.
#include "pg/statement.hpp"
#include "pg/trigger.hpp"

namespace pgbk {

namespace {

// First the activities are locked, in order; then it is counted, by all that is committed by then.
#define PGBK_LOCK_ACTIVITIES_SQL(rows)                                                                                 \
    "SELECT 1 FROM booking.activities AS a WHERE (a.organization_id, a.id) IN (" rows ")"                              \
    " ORDER BY a.organization_id, a.id FOR NO KEY UPDATE"
#define PGBK_NOTE_UNITS_SQL(rows)                                                                                      \
    "UPDATE booking.activities AS a SET has_units = NOT a.has_units"                                                   \
    " WHERE (a.organization_id, a.id) IN (" rows ")"                                                                   \
    "   AND a.has_units <> EXISTS (SELECT 1 FROM booking.activity_units AS u"                                          \
    "                               WHERE u.organization_id = a.organization_id AND u.activity_id = a.id AND "         \
    "u.active)"
#define PGBK_NEW_SQL "SELECT n.organization_id, n.activity_id FROM new_rows AS n"
#define PGBK_OLD_SQL "SELECT o.organization_id, o.activity_id FROM old_rows AS o"

struct Step {
    TransitionStatement lock;
    TransitionStatement note;
};

Step& step_for(Change change) {
    static constinit Step inserted{TransitionStatement(PGBK_LOCK_ACTIVITIES_SQL(PGBK_NEW_SQL)),
                                   TransitionStatement(PGBK_NOTE_UNITS_SQL(PGBK_NEW_SQL))};
    static constinit Step updated{TransitionStatement(PGBK_LOCK_ACTIVITIES_SQL(PGBK_NEW_SQL " UNION " PGBK_OLD_SQL)),
                                  TransitionStatement(PGBK_NOTE_UNITS_SQL(PGBK_NEW_SQL " UNION " PGBK_OLD_SQL))};
    static constinit Step deleted{TransitionStatement(PGBK_LOCK_ACTIVITIES_SQL(PGBK_OLD_SQL)),
                                  TransitionStatement(PGBK_NOTE_UNITS_SQL(PGBK_OLD_SQL))};
    return change == Change::inserted ? inserted : change == Change::updated ? updated : deleted;
}

Datum note_units_body(Call& call) {
    constexpr const char* name = "note_units";
    auto& data = const_cast<TriggerData&>(trigger_data(call, name));
    const Change change = change_of(data, name);
    use_transition_tables(data, change, name);
    Step& step = step_for(change);
    step.lock.write(data, {});
    step.note.write(data, {});
    return PointerGetDatum(nullptr);
}

} // namespace

PGBK_WRITER(note_units, note_units_body);

} // namespace pgbk
