// What a subscriber wants to hear of: the filters of postgres_changes,
// "court_id=eq.1,status=not.in.(pending,cancelled)". Read once, then asked for each record. Pure.
//
// Commas mean AND. Each condition is column=[not.]operator.value; operators are eq, neq, lt, lte, gt, gte, in, like,
// ilike, is and isdistinct. Values may be in double quotes, with \ before " and \. As in SQL, a comparison with null is
// neither true nor false, and what is not true is not told. Patterns are those of LIKE, matched in time that is bounded
// by the product of both lengths; regular expressions (match, imatch) are refused, since some of them would keep all
// others waiting.
#pragma once

#include <boost/json/object.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pgbk::relay::supabase {

// How the values of a column compare.
enum class Comparison : std::uint8_t { text, uuid, number, instant, boolean, none };

enum class Operator : std::uint8_t { eq, neq, lt, lte, gt, gte, in, like, ilike, is, isdistinct };

enum class Constant : std::uint8_t { null, not_null, yes, no };

using Operand = std::variant<std::string, double, std::int64_t, bool, Constant>;

struct Condition {
    std::string column;
    Comparison comparison = Comparison::text;
    bool negated = false;
    Operator op = Operator::eq;
    std::vector<Operand> operands; // one, but for `in`
};

class Filter {
public:
    using ComparisonOf = std::function<std::optional<Comparison>(std::string_view column)>; // nothing: no such column

    // Nothing for what is no filter, and why. An empty text is a filter that everything passes.
    static std::optional<Filter> parse(std::string_view text, const ComparisonOf& comparison_of, std::string& problem);

    bool passes(const boost::json::object& record) const;

    // What the column has to be equal to, if the filter says so: with `eq` or `in`.
    std::vector<std::string> values_of(std::string_view column) const;

    bool empty() const { return conditions_.empty(); }

private:
    std::vector<Condition> conditions_;
};

// How a text of the filter, or a value of a record, reads for the comparison; nothing if it does not.
std::optional<Operand> operand_of(Comparison comparison, std::string_view text);

// LIKE: % is any text, _ any character, \ takes the next one as it is. `any_case`: of ASCII letters.
bool is_like(std::string_view text, std::string_view pattern, bool any_case);

} // namespace pgbk::relay::supabase
