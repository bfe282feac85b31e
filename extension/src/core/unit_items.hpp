// What a party consists of: so many of each unit (adult, child, family...) of an activity, each with a price and a
// number of seats. What callers ask for is read, checked against the activity's rules and priced here, and nowhere
// else: no price is ever read from a request.
#pragma once

#include "core/json.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgbk::core {

// As asked for.
struct UnitItem {
    std::string unit;
    std::int32_t quantity;
};

// A unit as the activity sells it now.
struct UnitRule {
    std::string unit;
    std::int64_t price; // minor units of the activity's currency, of one
    std::int32_t seats; // that one takes
    std::int32_t least; // if there is one of it at all
    std::optional<std::int32_t> most;
    std::vector<std::string> accompanied_by; // there has to be one of these; none: nobody has to
    bool is_sold;
};

// What is held or booked: the price and the seats are those of the time at which it was. Of a unit that was added later
// at another price there are several, in the order in which they were bought.
struct UnitLine {
    std::string unit;
    std::int32_t quantity;
    std::int64_t price;
    std::int32_t seats; // of one

    friend bool operator==(const UnitLine&, const UnitLine&) = default;
};

struct UnitOrder {
    std::vector<UnitLine> lines; // by the order of the rules
    std::int32_t seats = 0;
    std::int64_t price = 0;
};

constexpr std::int32_t most_of_a_unit = 10000;
constexpr std::int32_t most_seats_of_a_unit = 1000;

// [{"unit": "adult", "quantity": 2}, ...]; a unit may be named several times, and quantity left out is one, so that a
// list of single tickets will do as well. By unit. Throws Refusal invalid_unit_items, which names the place.
std::vector<UnitItem> read_unit_items(const JsonNode& document);

// Throws Refusal unknown_unit, unit_quantity, unit_not_accompanied or invalid_party_size. What the booking has already
// keeps its price and seats, also of units that are not sold any more, which cannot become more. What is added costs
// what the rules say now, and what goes is what was bought last.
UnitOrder order_units(const std::vector<UnitItem>& items, std::vector<UnitRule> rules,
                      const std::vector<UnitLine>& had = {});

// The unit that a party is of where only a number is given: the first that is sold and takes one seat. Throws Refusal
// no_default_unit.
UnitItem default_unit(const std::vector<UnitRule>& rules, std::int32_t party_size);

// So many of one unit, of which these are there: what stays keeps its price and seats, what is added has those of more.
std::vector<UnitLine> lines_for(std::int32_t quantity, const std::vector<UnitLine>& had, const UnitLine& more);

// How many of each there are.
std::vector<UnitItem> items_of(const std::vector<UnitLine>& lines);
std::int32_t quantity_in(const std::vector<UnitLine>& lines, std::string_view unit);

// Sums of what is there already.
UnitOrder order_of(std::vector<UnitLine> lines);

// As it is stored: [{"unit": "adult", "quantity": 2, "price_minor": 2500, "pax_count": 1}, ...].
std::string unit_lines_text(const std::vector<UnitLine>& lines);

// For a digest of the request: one spelling for all that ask for the same.
std::string unit_items_text(const std::vector<UnitItem>& items);

// Of an amount, so much for each share: in proportion, and in sum exactly the amount, which is no more than all shares.
std::vector<std::int64_t> split_amount(std::int64_t amount, const std::vector<std::int64_t>& shares);

} // namespace pgbk::core
