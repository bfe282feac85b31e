#include "realtime/supabase/filter.hpp"

#include "core/timestamp_text.hpp"
#include "core/uuid_text.hpp"
#include "text/ascii.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <compare>

namespace pgbk::relay::supabase {

namespace {

namespace json = boost::json;

std::optional<double> number_of(std::string_view text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole && std::isfinite(number) ? std::optional(number) : std::nullopt;
}

// How many bytes of UTF-8 the character at the front has.
std::size_t character_length(std::string_view text) {
    std::size_t length = 1;
    while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) {
        ++length;
    }
    return length;
}

// Takes one element off the front of both if they match.
bool take_one(std::string_view& text, std::string_view& pattern) {
    if (pattern.front() == '_') {
        pattern.remove_prefix(1);
        text.remove_prefix(character_length(text));
        return true;
    }
    const std::size_t escape = pattern.front() == '\\' && pattern.size() > 1 ? 1 : 0;
    if (pattern[escape] != text.front()) {
        return false;
    }
    pattern.remove_prefix(escape + 1);
    text.remove_prefix(1);
    return true;
}

// The value of the record, as the comparison reads it: nothing if it is null, missing or of another kind.
std::optional<Operand> value_of(const Condition& condition, const json::value* value) {
    if (value == nullptr || value->is_null() || condition.comparison == Comparison::none) {
        return std::nullopt;
    }
    if (const auto* const text = value->if_string()) {
        return operand_of(condition.comparison, std::string_view(text->data(), text->size()));
    }
    if (condition.comparison == Comparison::number && value->is_number()) {
        return Operand(value->to_number<double>());
    }
    if (condition.comparison == Comparison::boolean && value->is_bool()) {
        return Operand(value->get_bool());
    }
    return std::nullopt;
}

bool is_true(Constant constant, const json::value* value) {
    const bool null = value == nullptr || value->is_null();
    switch (constant) {
    case Constant::null:
        return null;
    case Constant::not_null:
        return !null;
    case Constant::yes:
        return !null && value->is_bool() && value->get_bool();
    case Constant::no:
        return !null && value->is_bool() && !value->get_bool();
    }
    return false;
}

bool compares(Operator op, const Operand& value, const Operand& operand) {
    switch (op) {
    case Operator::eq:
    case Operator::in:
        return value == operand;
    case Operator::neq:
    case Operator::isdistinct:
        return value != operand;
    case Operator::lt:
        return value < operand;
    case Operator::lte:
        return value <= operand;
    case Operator::gt:
        return value > operand;
    case Operator::gte:
        return value >= operand;
    case Operator::like:
    case Operator::ilike:
        return is_like(std::get<std::string>(value), std::get<std::string>(operand), op == Operator::ilike);
    case Operator::is:
        break;
    }
    return false;
}

// True, false, or neither.
std::optional<bool> holds(const Condition& condition, const json::value* value) {
    if (condition.op == Operator::is) {
        return is_true(std::get<Constant>(condition.operands.front()), value);
    }
    const auto read = value_of(condition, value);
    if (!read) {
        return condition.op == Operator::isdistinct ? std::optional(true) : std::nullopt;
    }
    return std::any_of(condition.operands.begin(), condition.operands.end(),
                       [&](const Operand& operand) { return compares(condition.op, *read, operand); });
}

} // namespace

std::optional<Operand> operand_of(Comparison comparison, std::string_view text) {
    switch (comparison) {
    case Comparison::text:
        return Operand(std::string(text));
    case Comparison::uuid:
        return core::parse_uuid(text) ? std::optional(Operand(lower_case(text))) : std::nullopt;
    case Comparison::number: {
        const auto number = number_of(text);
        return number ? std::optional(Operand(*number)) : std::nullopt;
    }
    case Comparison::instant: {
        const auto instant = core::parse_instant(text);
        return instant ? std::optional(Operand(*instant)) : std::nullopt;
    }
    case Comparison::boolean:
        return text == "true" || text == "false" ? std::optional(Operand(text == "true")) : std::nullopt;
    case Comparison::none:
        break;
    }
    return std::nullopt;
}

// After a mismatch only the last % is tried again, one character further on: what an earlier one took need not change.
bool is_like(std::string_view text, std::string_view pattern, bool any_case) {
    const std::string lower_text = any_case ? lower_case(text) : std::string();
    const std::string lower_pattern = any_case ? lower_case(pattern) : std::string();
    if (any_case) {
        text = lower_text;
        pattern = lower_pattern;
    }
    std::optional<std::pair<std::string_view, std::string_view>> again;
    while (!text.empty()) {
        if (!pattern.empty() && pattern.front() == '%') {
            pattern.remove_prefix(1);
            again.emplace(text, pattern);
        } else if (!pattern.empty() && take_one(text, pattern)) {
            continue;
        } else if (again) {
            again->first.remove_prefix(character_length(again->first));
            text = again->first;
            pattern = again->second;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('%') == std::string_view::npos;
}

bool Filter::passes(const json::object& record) const {
    return std::all_of(conditions_.begin(), conditions_.end(), [&](const Condition& condition) {
        const auto result = holds(condition, record.if_contains(condition.column));
        return result && *result != condition.negated;
    });
}

std::vector<std::string> Filter::values_of(std::string_view column) const {
    for (const Condition& condition : conditions_) {
        if (condition.column != column || condition.negated ||
            (condition.op != Operator::eq && condition.op != Operator::in)) {
            continue;
        }
        std::vector<std::string> values;
        for (const Operand& operand : condition.operands) {
            if (const auto* const text = std::get_if<std::string>(&operand)) {
                values.push_back(*text);
            } else if (const auto* const number = std::get_if<double>(&operand);
                       number != nullptr && *number == std::floor(*number) && std::abs(*number) < 1e15) {
                values.push_back(std::to_string(static_cast<std::int64_t>(*number)));
            }
        }
        return values;
    }
    return {};
}

} // namespace pgbk::relay::supabase
