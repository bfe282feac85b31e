#include "realtime/supabase/filter.hpp"

#include "core/refusal.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pgbk::relay::supabase {

namespace {

constexpr std::size_t longest_filter = 4'096;
constexpr std::size_t most_conditions = 20;
constexpr std::size_t most_values = 100;
constexpr std::size_t longest_pattern = 200;

constexpr std::array<std::pair<std::string_view, Operator>, 11> operators{{
    {"eq", Operator::eq},
    {"neq", Operator::neq},
    {"lt", Operator::lt},
    {"lte", Operator::lte},
    {"gt", Operator::gt},
    {"gte", Operator::gte},
    {"in", Operator::in},
    {"like", Operator::like},
    {"ilike", Operator::ilike},
    {"is", Operator::is},
    {"isdistinct", Operator::isdistinct},
}};

constexpr std::array<std::pair<std::string_view, Constant>, 5> constants{{
    {"null", Constant::null},
    {"not_null", Constant::not_null},
    {"unknown", Constant::null},
    {"true", Constant::yes},
    {"false", Constant::no},
}};

template <class Table> auto found_in(const Table& table, std::string_view name) {
    const auto found = std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.first == name; });
    return found == table.end() ? std::nullopt : std::optional(found->second);
}

class Reader {
public:
    Reader(std::string_view text, const Filter::ComparisonOf& comparison_of, std::string& problem)
        : rest_(text), comparison_of_(comparison_of), problem_(problem) {}

    std::optional<std::vector<Condition>> conditions() {
        std::vector<Condition> conditions;
        while (!rest_.empty() || !conditions.empty()) {
            auto condition = next();
            if (!condition || conditions.size() == most_conditions) {
                return refuse("a filter has at most 20 conditions");
            }
            conditions.push_back(std::move(*condition));
            if (rest_.empty()) {
                break;
            }
            if (!take(',')) {
                return refuse("conditions are separated by commas");
            }
        }
        return conditions;
    }

private:
    std::optional<Condition> next() {
        Condition condition;
        condition.column = std::string(until('='));
        const auto comparison = comparison_of_(condition.column);
        if (!comparison) {
            return refuse("there is no column " + core::quoted(condition.column) + " to filter by");
        }
        condition.comparison = *comparison;
        std::string_view name = until('.');
        if (name == "not") {
            condition.negated = true;
            name = until('.');
        }
        const auto op = found_in(operators, name);
        if (!op) {
            const bool expression = name == "match" || name == "imatch";
            return refuse(expression ? "regular expressions are not supported: use like or ilike"
                                     : "a condition is column=[not.]operator.value; there is no operator " +
                                           core::quoted(name));
        }
        condition.op = *op;
        const bool read = *op == Operator::in ? read_list(condition) : read_value(condition);
        return read ? std::optional(std::move(condition)) : std::nullopt;
    }

    bool read_list(Condition& condition) {
        if (!take('(')) {
            return refused("in has a list: in.(a,b)");
        }
        do {
            const auto text = value(true);
            if (!text || !add(condition, *text)) {
                return false;
            }
            if (condition.operands.size() > most_values) {
                return refused("in has at most 100 values");
            }
        } while (take(','));
        return take(')') || refused("the list of in ends with a parenthesis");
    }

    bool read_value(Condition& condition) {
        const auto text = value(false);
        if (!text) {
            return false;
        }
        if (condition.op != Operator::is) {
            return add(condition, *text);
        }
        const auto constant = found_in(constants, *text);
        const bool boolean = constant == Constant::yes || constant == Constant::no;
        if (!constant || (boolean && condition.comparison != Comparison::boolean)) {
            return refused("is has null, not_null or, for booleans, true or false");
        }
        condition.operands.emplace_back(*constant);
        return true;
    }

    bool add(Condition& condition, const std::string& text) {
        if (condition.comparison == Comparison::none) {
            return refused(core::quoted(condition.column) + " can only be filtered by is");
        }
        const bool pattern = condition.op == Operator::like || condition.op == Operator::ilike;
        if (pattern && condition.comparison != Comparison::text) {
            return refused("like is for texts, which " + core::quoted(condition.column) + " is not");
        }
        if (pattern && text.size() > longest_pattern) {
            return refused("a pattern has at most 200 bytes");
        }
        auto operand = operand_of(condition.comparison, text);
        if (!operand) {
            return refused(core::quoted(text) + " is no value of " + core::quoted(condition.column));
        }
        condition.operands.push_back(std::move(*operand));
        return true;
    }

    // Up to a comma that is in no parentheses; in a list, up to the next comma or the end of the list.
    std::optional<std::string> value(bool in_list) {
        if (take('"')) {
            return quoted_value();
        }
        std::size_t end = 0;
        for (int depth = 0; end < rest_.size(); ++end) {
            const char c = rest_[end];
            if ((c == ',' && (in_list || depth == 0)) || (c == ')' && in_list)) {
                break;
            }
            depth += c == '(' ? 1 : 0;
            depth -= c == ')' && depth > 0 ? 1 : 0;
        }
        std::string text(rest_.substr(0, end));
        rest_.remove_prefix(end);
        return text;
    }

    std::optional<std::string> quoted_value() {
        std::string text;
        while (!rest_.empty() && rest_.front() != '"') {
            if (rest_.front() == '\\' && rest_.size() > 1) {
                rest_.remove_prefix(1);
            }
            text += rest_.front();
            rest_.remove_prefix(1);
        }
        if (!take('"')) {
            return refuse("a value in quotes ends with a quote");
        }
        return text;
    }

    bool take(char c) {
        const bool there = !rest_.empty() && rest_.front() == c;
        rest_.remove_prefix(there ? 1 : 0);
        return there;
    }

    // What stands before the separator, which is taken too; without one nothing is taken.
    std::string_view until(char separator) {
        const auto end = rest_.find(separator);
        if (end == std::string_view::npos) {
            return {};
        }
        const auto before = rest_.substr(0, end);
        rest_.remove_prefix(end + 1);
        return before;
    }

    // The first problem is the one that is told.
    bool refused(const std::string& reason) {
        if (problem_.empty()) {
            problem_ = "invalid filter: " + reason;
        }
        return false;
    }
    std::nullopt_t refuse(const std::string& reason) {
        (void)refused(reason);
        return std::nullopt;
    }

    std::string_view rest_;
    const Filter::ComparisonOf& comparison_of_;
    std::string& problem_;
};

} // namespace

std::optional<Filter> Filter::parse(std::string_view text, const ComparisonOf& comparison_of, std::string& problem) {
    problem.clear();
    if (text.size() > longest_filter) {
        problem = "invalid filter: it has at most 4096 bytes";
        return std::nullopt;
    }
    auto conditions = Reader(text, comparison_of, problem).conditions();
    if (!conditions) {
        return std::nullopt;
    }
    Filter filter;
    filter.conditions_ = std::move(*conditions);
    return filter;
}

} // namespace pgbk::relay::supabase
