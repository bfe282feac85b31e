#include "core/unit_items.hpp"

#include "core/refusal.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <numeric>

namespace pgbk::core {

namespace {

constexpr std::size_t most_entries = 1000;
constexpr std::size_t most_units = 50;
constexpr std::size_t longest_code = 64;
constexpr std::int64_t most_seats = 1000000; // of a session

// place: the name that the list has for its caller, and where in it.
[[noreturn]] void refuse_items(const std::string& place, const std::string& problem) {
    throw Refusal(RefusalKind::invalid_unit_items, place + problem, {},
                  R"(As in [{"unit": "adult", "quantity": 2}, {"unit": "child", "quantity": 1}].)",
                  place.substr(0, place.find('[')));
}

[[noreturn]] void refuse_quantity(const std::string& unit, std::int64_t quantity, const std::string& rule) {
    throw Refusal(RefusalKind::unit_quantity,
                  std::to_string(quantity) + " of unit " + quoted(unit) + " cannot be booked at once", rule, {},
                  "unit_items");
}

std::string place_of(const std::string& list, std::size_t entry) {
    return list + "[" + std::to_string(entry) + "]";
}

std::string code_of(const JsonNode& node, const std::string& place) {
    if (node.kind != JsonKind::string || node.text.empty() || node.text.size() > longest_code) {
        refuse_items(place, ".unit must be the code of a unit, of 1 to 64 characters");
    }
    return std::string(node.text);
}

std::int32_t quantity_of(const JsonNode& node, const std::string& place) {
    std::int32_t quantity = 0;
    const char* const end = node.text.data() + node.text.size();
    const auto read = std::from_chars(node.text.data(), end, quantity);
    if (node.kind != JsonKind::number || read.ec != std::errc() || read.ptr != end || quantity < 1 ||
        quantity > most_of_a_unit) {
        refuse_items(place, ".quantity must be a whole number from 1 to " + std::to_string(most_of_a_unit));
    }
    return quantity;
}

UnitItem item_of(const JsonNode& entry, const std::string& place) {
    if (entry.kind != JsonKind::object) {
        refuse_items(place, " must be an object");
    }
    UnitItem item{{}, 1};
    bool has_unit = false;
    for (const JsonNode* child = entry.first; child != nullptr; child = child->next) {
        if (child->key == "unit") {
            item.unit = code_of(*child, place);
            has_unit = true;
        } else if (child->key == "quantity") {
            item.quantity = quantity_of(*child, place);
        } else {
            refuse_items(place, " must have no other members than unit and quantity, got " + quoted(child->key));
        }
    }
    if (!has_unit) {
        refuse_items(place, ".unit is missing");
    }
    return item;
}

bool has_rule(const std::vector<UnitRule>& rules, const std::string& unit) {
    return std::any_of(rules.begin(), rules.end(), [&](const UnitRule& rule) { return rule.unit == unit; });
}

// Some of them, if they are many: a message is short.
std::string joined(const std::vector<std::string>& words, const char* separator) {
    constexpr std::size_t longest = 150;
    std::string text;
    for (const std::string& word : words) {
        if (text.size() + word.size() > longest) {
            return text + separator + "others";
        }
        text += (text.empty() ? "" : separator) + word;
    }
    return text;
}

std::string units_on_sale(const std::vector<UnitRule>& rules) {
    std::vector<std::string> units;
    for (const UnitRule& rule : rules) {
        if (rule.is_sold) {
            units.push_back(rule.unit);
        }
    }
    return units.empty() ? "It sells no units." : "It sells " + joined(units, ", ") + ".";
}

[[noreturn]] void refuse_unit(const std::string& unit, const std::vector<UnitRule>& rules, const char* why) {
    throw Refusal(RefusalKind::unknown_unit, "the activity " + std::string(why) + " unit " + quoted(unit),
                  units_on_sale(rules), {}, "unit_items");
}

// The rule of each item, which has to be there and to allow as many.
void check_quantity(const UnitRule& rule, std::int32_t quantity, std::int32_t had) {
    // What was bought under other rules may stay as it is.
    if (quantity == had) {
        return;
    }
    if (quantity < rule.least) {
        refuse_quantity(rule.unit, quantity, "The activity takes at least " + std::to_string(rule.least) + ".");
    }
    if (rule.most.has_value() && quantity > *rule.most) {
        refuse_quantity(rule.unit, quantity, "The activity takes at most " + std::to_string(*rule.most) + ".");
    }
}

void check_company(const UnitRule& rule, const std::vector<UnitLine>& lines) {
    const auto& company = rule.accompanied_by;
    if (company.empty() || std::any_of(company.begin(), company.end(),
                                       [&](const std::string& unit) { return quantity_in(lines, unit) > 0; })) {
        return;
    }
    throw Refusal(RefusalKind::unit_not_accompanied,
                  "unit " + quoted(rule.unit) + " cannot be booked without unit " + joined(company, " or "), {}, {},
                  "unit_items");
}

void add_line(std::vector<UnitLine>& lines, const UnitLine& line) {
    if (!lines.empty() && lines.back().unit == line.unit && lines.back().price == line.price &&
        lines.back().seats == line.seats) {
        lines.back().quantity += line.quantity;
    } else {
        lines.push_back(line);
    }
}

std::vector<UnitLine> lines_by_rule(const UnitItem& item, const UnitRule& rule, const std::vector<UnitRule>& rules,
                                    const std::vector<UnitLine>& had) {
    const std::int32_t before = quantity_in(had, item.unit);
    if (!rule.is_sold && item.quantity > before) {
        refuse_unit(item.unit, rules, "no longer sells");
    }
    check_quantity(rule, item.quantity, before);
    return lines_for(item.quantity, had, {item.unit, 0, rule.price, rule.seats});
}

} // namespace

std::vector<UnitItem> read_unit_items(const JsonNode& document) {
    const std::string list(document.key.empty() ? "unit_items" : document.key);
    if (document.kind != JsonKind::array) {
        refuse_items(list, " must be a list");
    }
    std::map<std::string, std::int32_t> quantities;
    std::size_t entry = 0;
    for (const JsonNode* child = document.first; child != nullptr; child = child->next, ++entry) {
        if (entry == most_entries) {
            refuse_items(list, " must have at most " + std::to_string(most_entries) + " entries");
        }
        const UnitItem item = item_of(*child, place_of(list, entry));
        std::int32_t& quantity = quantities[item.unit];
        quantity += item.quantity; // at most 1,000 times 10,000
        if (quantity > most_of_a_unit) {
            refuse_items(place_of(list, entry), ".quantity makes more than " + std::to_string(most_of_a_unit) +
                                                    " of unit " + quoted(item.unit));
        }
    }
    if (quantities.empty()) {
        refuse_items(list, " must name at least one unit");
    }
    if (quantities.size() > most_units) {
        refuse_items(list, " must name at most " + std::to_string(most_units) + " units");
    }
    std::vector<UnitItem> items;
    items.reserve(quantities.size());
    for (const auto& [unit, quantity] : quantities) {
        items.push_back({unit, quantity});
    }
    return items;
}

UnitOrder order_units(const std::vector<UnitItem>& items, std::vector<UnitRule> rules,
                      const std::vector<UnitLine>& had) {
    for (const UnitLine& line : had) {
        if (!has_rule(rules, line.unit)) { // it is gone from the activity
            rules.push_back({line.unit, line.price, line.seats, 1, std::nullopt, {}, false});
        }
    }
    for (const UnitItem& item : items) {
        if (!has_rule(rules, item.unit)) {
            refuse_unit(item.unit, rules, "has no");
        }
    }
    std::vector<UnitLine> lines;
    for (const UnitRule& rule : rules) {
        const auto item =
            std::find_if(items.begin(), items.end(), [&](const UnitItem& each) { return each.unit == rule.unit; });
        if (item != items.end()) {
            const auto of_unit = lines_by_rule(*item, rule, rules, had);
            lines.insert(lines.end(), of_unit.begin(), of_unit.end());
        }
    }
    for (const UnitRule& rule : rules) {
        if (quantity_in(lines, rule.unit) > 0) {
            check_company(rule, lines);
        }
    }
    UnitOrder order = order_of(std::move(lines));
    if (order.seats == 0) {
        throw Refusal(RefusalKind::invalid_party_size, "the units that were asked for take no seat", {}, {},
                      "unit_items");
    }
    return order;
}

UnitItem default_unit(const std::vector<UnitRule>& rules, std::int32_t party_size) {
    const auto found =
        std::find_if(rules.begin(), rules.end(), [](const UnitRule& rule) { return rule.is_sold && rule.seats == 1; });
    if (found == rules.end()) {
        throw Refusal(RefusalKind::no_default_unit,
                      "the activity is sold by units, none of which is for one seat, so that a number of seats says "
                      "too little",
                      units_on_sale(rules), "Pass unit_items.", "unit_items");
    }
    if (party_size > most_of_a_unit) {
        refuse_quantity(found->unit, party_size, "At most " + std::to_string(most_of_a_unit) + " are possible.");
    }
    return {found->unit, party_size};
}

std::vector<UnitLine> lines_for(std::int32_t quantity, const std::vector<UnitLine>& had, const UnitLine& more) {
    std::vector<UnitLine> lines;
    for (const UnitLine& line : had) {
        if (line.unit == more.unit && quantity > 0) {
            const std::int32_t stays = std::min(line.quantity, quantity);
            add_line(lines, {line.unit, stays, line.price, line.seats});
            quantity -= stays;
        }
    }
    if (quantity > 0) {
        add_line(lines, {more.unit, quantity, more.price, more.seats});
    }
    return lines;
}

std::vector<UnitItem> items_of(const std::vector<UnitLine>& lines) {
    std::vector<UnitItem> items;
    for (const UnitLine& line : lines) {
        const auto known =
            std::find_if(items.begin(), items.end(), [&](const UnitItem& item) { return item.unit == line.unit; });
        if (known == items.end()) {
            items.push_back({line.unit, line.quantity});
        } else {
            known->quantity += line.quantity;
        }
    }
    return items;
}

std::int32_t quantity_in(const std::vector<UnitLine>& lines, std::string_view unit) {
    std::int32_t quantity = 0;
    for (const UnitLine& line : lines) {
        quantity += line.unit == unit ? line.quantity : 0;
    }
    return quantity;
}

UnitOrder order_of(std::vector<UnitLine> lines) {
    // 50 units of at most 10,000 in all their lines, each of at most 10^12 and 1,000 seats: no sum overflows.
    std::int64_t seats = 0;
    UnitOrder order;
    for (const UnitLine& line : lines) {
        seats += std::int64_t{line.quantity} * line.seats;
        order.price += line.quantity * line.price;
    }
    if (seats > most_seats) {
        throw Refusal(RefusalKind::invalid_party_size, "party of " + std::to_string(seats) + " cannot be booked here",
                      {}, {}, "unit_items");
    }
    order.seats = static_cast<std::int32_t>(seats);
    order.lines = std::move(lines);
    return order;
}

std::string unit_lines_text(const std::vector<UnitLine>& lines) {
    std::string text = "[";
    for (const UnitLine& line : lines) { // a code needs no escapes: the table says what it may consist of
        text += text.size() > 1 ? "," : "";
        text += R"({"unit":")" + line.unit + R"(","quantity":)" + std::to_string(line.quantity) + R"(,"price_minor":)" +
                std::to_string(line.price) + R"(,"pax_count":)" + std::to_string(line.seats) + "}";
    }
    return text + "]";
}

std::string unit_items_text(const std::vector<UnitItem>& items) {
    std::string text;
    for (const UnitItem& item : items) { // the length first, since what was asked for may have any character
        text += std::to_string(item.unit.size()) + ":" + item.unit + "=" + std::to_string(item.quantity) + ";";
    }
    return text;
}

std::vector<std::int64_t> split_amount(std::int64_t amount, const std::vector<std::int64_t>& shares) {
    std::int64_t left = std::accumulate(shares.begin(), shares.end(), std::int64_t{0});
    std::vector<std::int64_t> parts;
    for (const std::int64_t share : shares) {
        // Where the product is not exact, the limits see to the sum.
        const auto wanted = static_cast<long double>(amount) * static_cast<long double>(share);
        const auto part = left == 0 ? 0 : static_cast<std::int64_t>(wanted / static_cast<long double>(left));
        const auto least = std::max<std::int64_t>(0, amount - (left - share));
        parts.push_back(std::clamp(part, least, std::min(share, amount)));
        amount -= parts.back();
        left -= share;
    }
    return parts;
}

} // namespace pgbk::core
