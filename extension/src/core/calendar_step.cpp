#include "core/calendar_step.hpp"

#include "core/provider_json.hpp"

#include <array>
#include <optional>

namespace pgbk::core {

namespace {

std::optional<CalendarStatus> status_named(std::string_view name) {
    for (const CalendarStatus status :
         {CalendarStatus::requested, CalendarStatus::accepted, CalendarStatus::rejected, CalendarStatus::cancelled}) {
        if (calendar_status_name(status) == name) {
            return status;
        }
    }
    return std::nullopt;
}

} // namespace

CalendarStep next_step(const CalendarState& state) {
    if (state.is_cancelled) {
        return state.has_appointment ? CalendarStep::cancel : CalendarStep::nothing;
    }
    if (!state.has_wish) {
        return CalendarStep::nothing;
    }
    if (!state.has_appointment) {
        return CalendarStep::create;
    }
    return state.is_at_wanted_start ? CalendarStep::nothing : CalendarStep::reschedule;
}

std::string_view action_of(CalendarStep step) {
    switch (step) {
    case CalendarStep::nothing:
        break;
    case CalendarStep::create:
        return "create_booking";
    case CalendarStep::reschedule:
        return "reschedule_booking";
    case CalendarStep::cancel:
        return "cancel_booking";
    }
    return "";
}

std::vector<CalendarFact> read_calendar_facts(const JsonNode& outcome) {
    std::vector<CalendarFact> facts;
    const JsonNode* const list = first_member(&outcome, {"appointments"});
    if (list == nullptr || list->kind != JsonKind::array) {
        return facts;
    }
    for (const JsonNode* item = list->first; item != nullptr; item = item->next) {
        const auto status = status_named(text_in(item, {"status"}));
        const CalendarFact fact{{status.value_or(CalendarStatus::requested), text_in(item, {"uid"}),
                                 text_in(item, {"old_uid"}), text_in(item, {"id"}), text_in(item, {"start"}),
                                 text_in(item, {"end"}), text_in(item, {"meeting_url"})},
                                text_in(item, {"at"})};
        if (status.has_value() && !fact.news.uid.empty() && !fact.news.start.empty() && !fact.news.end.empty() &&
            !fact.at.empty()) {
            facts.push_back(fact);
        }
    }
    return facts;
}

} // namespace pgbk::core
