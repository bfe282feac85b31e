// Answers that get better in a moment: a page of a provider, an appointment. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pgbk::relay {

// Whether an answer says that a provider is being asked: paymentPending, payment_pending, calendarPending.
bool is_pending(std::string_view answer);

// A member of a JSON object, if it is a string.
std::optional<std::string> text_member(std::string_view object, std::string_view name);

// The answer with what the present state knows of what was pending.
std::string completed_answer(std::string_view answer, std::string_view state);

} // namespace pgbk::relay
