#include "gateway/pending.hpp"

#include <boost/json.hpp>

#include <array>

namespace pgbk::relay {

namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 3> marks{"paymentPending", "payment_pending", "calendarPending"};
constexpr std::array<std::string_view, 7> results{"paymentUrl", "payment_url",    "calBookingId", "calUid",
                                                  "meetingUrl", "scheduledStart", "scheduledEnd"};

std::optional<json::object> object_in(std::string_view text) {
    json::error_code problem;
    json::value value = json::parse(text, problem);
    return problem || !value.is_object() ? std::nullopt : std::optional(std::move(value.get_object()));
}

bool is_true(const json::object& object, std::string_view name) {
    const auto* const value = object.if_contains(name);
    return value != nullptr && value->is_bool() && value->get_bool();
}

} // namespace

bool is_pending(std::string_view answer) {
    for (const auto mark : marks) { // most answers have none, and need not be parsed
        if (answer.find(mark) != std::string_view::npos) {
            const auto object = object_in(answer);
            return object && (is_true(*object, marks[0]) || is_true(*object, marks[1]) || is_true(*object, marks[2]));
        }
    }
    return false;
}

std::optional<std::string> text_member(std::string_view object, std::string_view name) {
    const auto known = object_in(object);
    const auto* const value = known ? known->if_contains(name) : nullptr;
    return value != nullptr && value->is_string() ? std::optional(std::string(std::string_view(value->get_string())))
                                                  : std::nullopt;
}

std::string completed_answer(std::string_view answer, std::string_view state) {
    auto known = object_in(answer);
    const auto now = object_in(state);
    if (!known || !now) {
        return std::string(answer);
    }
    for (const auto mark : marks) {
        if (!is_true(*now, mark)) {
            known->erase(mark);
        }
    }
    for (const auto name : results) {
        if (const auto* const value = now->if_contains(name)) {
            (*known)[name] = *value;
        }
    }
    return json::serialize(*known) + "\n";
}

} // namespace pgbk::relay
