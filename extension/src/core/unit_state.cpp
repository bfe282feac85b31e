#include "core/unit_state.hpp"

#include <array>

namespace pgbk::core {

namespace {

struct Rule {
    UnitAction action;
    std::string_view from;
    std::string_view to;
};

constexpr std::array rules{
    Rule{UnitAction::check_in, "booked", "checked_in"},
    Rule{UnitAction::check_in, "no_show", "checked_in"}, // came late
    Rule{UnitAction::check_out, "checked_in", "checked_out"},
    Rule{UnitAction::mark_no_show, "booked", "no_show"},
    Rule{UnitAction::undo_check_in, "checked_in", "booked"},
    Rule{UnitAction::undo_check_out, "checked_out", "checked_in"},
    Rule{UnitAction::undo_no_show, "no_show", "booked"},
};

} // namespace

UnitStep unit_after(UnitAction action, std::string_view status) {
    UnitStep step{UnitOutcome::impossible, status};
    for (const Rule& rule : rules) {
        if (rule.action != action) {
            continue;
        }
        if (rule.from == status) {
            return {UnitOutcome::changed, rule.to};
        }
        if (rule.to == status) {
            step.outcome = UnitOutcome::already;
        }
    }
    return step;
}

std::string_view booking_status_of(const UnitCounts& units, std::string_view before) {
    if (units.checked_in > 0 || (units.checked_out > 0 && units.booked > 0)) {
        return "checked_in";
    }
    if (units.checked_out > 0) {
        return "checked_out";
    }
    if (units.booked == 0) {
        return "no_show";
    }
    return before == "scheduled" ? "scheduled" : "confirmed";
}

} // namespace pgbk::core
