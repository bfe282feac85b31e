// What the library knows about itself: its codes, its states, its clock, its counters.
#include "core/transitions.hpp"
#include "pg/arguments.hpp"
#include "pg/owner.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

Datum refusal_codes_body(Call& call) {
    ResultSet result(call);
    for (const core::RefusalCode& code : core::refusal_codes()) {
        result.add({code.sqlstate, code.name, code.meaning});
    }
    return null_result(call);
}

std::string_view table_of(core::StatusColumn column) {
    switch (column) {
    case core::StatusColumn::reservation_status:
        return "slot_reservations";
    case core::StatusColumn::waitlist_status:
        return "waitlist_entries";
    default:
        return "bookings";
    }
}

Datum state_transitions_body(Call& call) {
    ResultSet result(call);
    for (const core::Transition& t : core::transitions()) {
        result.add({table_of(t.column), core::column_name(t.column),
                    t.from.empty() ? Value::null(TEXTOID) : Value(t.from), t.to, t.why});
    }
    return null_result(call);
}

Datum clock_body(Call& /*call*/) {
    return TimestampTzGetDatum(settings::now());
}

Datum current_user_id_body(Call& call) {
    const char* const user = server([] { return static_cast<const char*>(claimed_user_id()); });
    return user == nullptr ? null_result(call) : text_result(call, user);
}

// One frame is alive while this one answers.
Datum live_cpp_frames_body(Call& /*call*/) {
    return Int32GetDatum(FrameWitness::live() - 1);
}

} // namespace

PGBK_FUNCTION(refusal_codes, refusal_codes_body);
PGBK_FUNCTION(state_transitions, state_transitions_body);
PGBK_FUNCTION(clock, clock_body);
PGBK_FUNCTION(current_user_id, current_user_id_body);
PGBK_FUNCTION(live_cpp_frames, live_cpp_frames_body);

} // namespace pgbk
