#include "core/unit_items.hpp"

#include "core/refusal.hpp"
#include "unit/json_text.hpp"
#include "unit/refused.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <string>

namespace pgbk::core {

namespace {

std::string refusal_text(const std::optional<Refusal>& refusal) {
    return refusal.has_value()
               ? std::string(refusal->code().sqlstate) + " " + refusal->field() + ": " + refusal->message()
               : "accepted";
}

// "adult=2 child=1", or the refusal.
std::string read(const std::string& json) {
    std::string text;
    const auto refusal = test::refusal_of([&] {
        const test::JsonText document(json);
        for (const UnitItem& item : read_unit_items(document.root())) {
            text += (text.empty() ? "" : " ") + item.unit + "=" + std::to_string(item.quantity);
        }
    });
    return refusal.has_value() ? refusal_text(refusal) : text;
}

const std::vector<UnitRule> rules{{"adult", 3000, 1, 1, 6, {}, true},
                                  {"child", 1500, 1, 1, std::nullopt, {"adult", "senior"}, true},
                                  {"senior", 2500, 1, 2, std::nullopt, {}, true},
                                  {"infant", 0, 0, 1, std::nullopt, {"adult"}, true},
                                  {"family", 8000, 4, 1, std::nullopt, {}, true},
                                  {"student", 2000, 1, 1, std::nullopt, {}, false}};

// "3 seats for 7500: 2 adult 3000, 1 child 1500", or the refusal.
std::string ordered(const std::vector<UnitItem>& items, const std::vector<UnitLine>& had = {}) {
    std::string text;
    const auto refusal = test::refusal_of([&] {
        const UnitOrder order = order_units(items, rules, had);
        text = std::to_string(order.seats) + " seats for " + std::to_string(order.price);
        for (const UnitLine& line : order.lines) {
            text += ", " + std::to_string(line.quantity) + " " + line.unit + " " + std::to_string(line.price);
        }
    });
    return refusal.has_value() ? refusal_text(refusal) : text;
}

} // namespace

TEST(UnitItems, AreSummedByUnit) {
    EXPECT_EQ(read(R"([{"unit": "child", "quantity": 1}, {"unit": "adult", "quantity": 2}])"), "adult=2 child=1");
    EXPECT_EQ(read(R"([{"unit": "adult"}, {"unit": "adult"}, {"quantity": 3, "unit": "adult"}])"), "adult=5");
    EXPECT_EQ(read(R"([{"unit": "adult", "quantity": 10000}])"), "adult=10000");
}

TEST(UnitItems, ThatAreNoneAreNamedByTheirPlace) {
    EXPECT_EQ(read("{}"), "BK260 unit_items: unit_items must be a list");
    EXPECT_EQ(read("[]"), "BK260 unit_items: unit_items must name at least one unit");
    EXPECT_EQ(read("[[]]"), "BK260 unit_items: unit_items[0] must be an object");
    EXPECT_EQ(read(R"([{"unit": "a"}, {}])"), "BK260 unit_items: unit_items[1].unit is missing");
    EXPECT_EQ(read(R"([{"unit": ""}])"),
              "BK260 unit_items: unit_items[0].unit must be the code of a unit, of 1 to 64 characters");
    EXPECT_EQ(read(R"([{"unit": ")" + std::string(65, 'x') + R"("}])"),
              "BK260 unit_items: unit_items[0].unit must be the code of a unit, of 1 to 64 characters");
    EXPECT_EQ(read(R"([{"unit": "a", "price": 0}])"),
              R"(BK260 unit_items: unit_items[0] must have no other members than unit and quantity, got "price")");
    for (const char* const quantity : {"0", "-1", "10001", "1.0", "1e2", "\"1\"", "true", "[]", "99999999999"}) {
        EXPECT_EQ(read(std::string(R"([{"unit": "a", "quantity": )") + quantity + "}]"),
                  "BK260 unit_items: unit_items[0].quantity must be a whole number from 1 to 10000")
            << quantity;
    }
    EXPECT_EQ(read(R"([{"unit": "a", "quantity": 10000}, {"unit": "b"}, {"unit": "a"}])"),
              R"(BK260 unit_items: unit_items[2].quantity makes more than 10000 of unit "a")");
}

TEST(UnitItems, AreNotTooMany) {
    std::string entries = R"({"unit": "a"})";
    for (int i = 1; i < 1000; ++i) {
        entries += R"(, {"unit": "a"})";
    }
    EXPECT_EQ(read("[" + entries + "]"), "a=1000");
    EXPECT_EQ(read("[" + entries + R"(, {"unit": "a"}])"),
              "BK260 unit_items: unit_items must have at most 1000 entries");
    std::string units = R"({"unit": "u0"})";
    for (int i = 1; i <= 50; ++i) {
        units += R"(, {"unit": "u)" + std::to_string(i) + R"("})";
    }
    EXPECT_EQ(read("[" + units + "]"), "BK260 unit_items: unit_items must name at most 50 units");
}

TEST(UnitItems, ArePricedInTheOrderOfTheRules) {
    EXPECT_EQ(ordered({{"child", 1}, {"adult", 2}, {"infant", 1}}),
              "3 seats for 7500, 2 adult 3000, 1 child 1500, 1 infant 0");
    EXPECT_EQ(ordered({{"family", 2}}), "8 seats for 16000, 2 family 8000");
}

TEST(UnitItems, KeepTheRulesOfTheirUnits) {
    EXPECT_EQ(ordered({{"dog", 1}}), R"(BK261 unit_items: the activity has no unit "dog")");
    EXPECT_EQ(ordered({{"student", 1}}), R"(BK261 unit_items: the activity no longer sells unit "student")");
    EXPECT_EQ(ordered({{"adult", 7}}), R"(BK262 unit_items: 7 of unit "adult" cannot be booked at once)");
    EXPECT_EQ(ordered({{"senior", 1}}), R"(BK262 unit_items: 1 of unit "senior" cannot be booked at once)");
    EXPECT_EQ(ordered({{"child", 1}}),
              R"(BK263 unit_items: unit "child" cannot be booked without unit adult or senior)");
    EXPECT_EQ(ordered({{"infant", 2}, {"senior", 2}}),
              R"(BK263 unit_items: unit "infant" cannot be booked without unit adult)");
    EXPECT_EQ(ordered({{"family", 2}, {"adult", 6}, {"infant", 10000}}),
              "14 seats for 34000, 6 adult 3000, 10000 infant 0, 2 family 8000");
}

TEST(UnitItems, ThatAreThereKeepTheirPrice) {
    const std::vector<UnitLine> had{{"adult", 7, 1000, 1}, {"student", 2, 500, 1}, {"gone", 1, 50, 3}};
    EXPECT_EQ(ordered({{"adult", 7}, {"student", 2}, {"gone", 1}}, had),
              "12 seats for 8050, 7 adult 1000, 2 student 500, 1 gone 50");
    EXPECT_EQ(ordered({{"adult", 3}, {"student", 1}, {"family", 1}}, had),
              "8 seats for 11500, 3 adult 1000, 1 family 8000, 1 student 500");
    EXPECT_EQ(ordered({{"student", 3}}, had), R"(BK261 unit_items: the activity no longer sells unit "student")");
    EXPECT_EQ(ordered({{"gone", 2}}, had), R"(BK261 unit_items: the activity no longer sells unit "gone")");
    EXPECT_EQ(ordered({{"adult", 8}}, had), R"(BK262 unit_items: 8 of unit "adult" cannot be booked at once)");
}

TEST(UnitItems, TakeASeatAndNotTooMany) {
    const std::vector<UnitRule> odd{{"lap", 0, 0, 1, std::nullopt, {}, true},
                                    {"bus", 1'000'000'000'000, 1000, 1, std::nullopt, {}, true}};
    EXPECT_EQ(test::outcome_of([&] { (void)order_units({{"lap", 3}}, odd); }), "invalid_party_size");
    EXPECT_EQ(test::outcome_of([&] { (void)order_units({{"bus", 1001}}, odd); }), "invalid_party_size");
    const UnitOrder order = order_units({{"bus", 1000}, {"lap", 10000}}, odd);
    EXPECT_EQ(order.seats, 1'000'000);
    EXPECT_EQ(order.price, 1'000'000'000'000'000);
}

TEST(UnitItems, OfANumberAreOfTheFirstUnitForOne) {
    EXPECT_EQ(default_unit(rules, 3).unit, "adult");
    EXPECT_EQ(default_unit(rules, 3).quantity, 3);
    const std::vector<UnitRule> other{{"family", 1, 4, 1, {}, {}, true}, {"adult", 1, 1, 1, {}, {}, false}};
    EXPECT_EQ(test::outcome_of([&] { (void)default_unit(other, 1); }), "no_default_unit");
    EXPECT_EQ(test::outcome_of([&] { (void)default_unit(rules, 10001); }), "unit_quantity");
}

TEST(UnitItems, ThatAreAddedCostWhatTheyCostNow) {
    const std::vector<UnitLine> had{{"adult", 2, 1000, 1}};
    EXPECT_EQ(ordered({{"adult", 4}}, had), "4 seats for 8000, 2 adult 1000, 2 adult 3000");
    const std::vector<UnitLine> grown{{"adult", 2, 1000, 1}, {"adult", 2, 3000, 1}, {"infant", 1, 0, 0}};
    EXPECT_EQ(ordered({{"adult", 6}}, grown), "6 seats for 14000, 2 adult 1000, 4 adult 3000");
    EXPECT_EQ(ordered({{"adult", 3}}, grown), "3 seats for 5000, 2 adult 1000, 1 adult 3000");
    EXPECT_EQ(ordered({{"adult", 1}, {"infant", 1}}, grown), "1 seats for 1000, 1 adult 1000, 1 infant 0");
    EXPECT_EQ(ordered({{"adult", 7}}, grown), R"(BK262 unit_items: 7 of unit "adult" cannot be booked at once)");
    const std::vector<UnitLine> between{{"adult", 1, 3000, 1}, {"adult", 1, 1000, 1}};
    EXPECT_EQ(ordered({{"adult", 3}}, between), "3 seats for 7000, 1 adult 3000, 1 adult 1000, 1 adult 3000");
    EXPECT_EQ(ordered({{"adult", 1}}, {{"adult", 1, 1000, 2}}), "2 seats for 1000, 1 adult 1000");
    EXPECT_EQ(ordered({{"adult", 2}}, {{"adult", 1, 3000, 2}}), "3 seats for 6000, 1 adult 3000, 1 adult 3000");
}

TEST(UnitItems, AreCountedInAllTheirLines) {
    const std::vector<UnitLine> lines{{"adult", 2, 1, 1}, {"child", 1, 1, 1}, {"adult", 3, 2, 1}};
    EXPECT_EQ(unit_items_text(items_of(lines)), "5:adult=5;5:child=1;");
    EXPECT_EQ(quantity_in(lines, "adult"), 5);
    EXPECT_EQ(quantity_in(lines, "infant"), 0);
}

TEST(UnitItems, AreStoredAsText) {
    EXPECT_EQ(unit_lines_text({}), "[]");
    EXPECT_EQ(unit_lines_text({{"adult", 2, 3000, 1}, {"family", 1, 8000, 4}}),
              R"([{"unit":"adult","quantity":2,"price_minor":3000,"pax_count":1},)"
              R"({"unit":"family","quantity":1,"price_minor":8000,"pax_count":4}])");
    EXPECT_NE(unit_items_text({{"a", 1}, {"b", 1}}), unit_items_text({{"a=1;1:b", 1}}));
}

TEST(SplitAmount, AddsUpAndNeverExceedsAShare) {
    EXPECT_EQ(split_amount(2750, {3500, 2000}), (std::vector<std::int64_t>{1750, 1000}));
    EXPECT_EQ(split_amount(0, {1, 2}), (std::vector<std::int64_t>{0, 0}));
    EXPECT_EQ(split_amount(0, {0, 0}), (std::vector<std::int64_t>{0, 0}));
    std::mt19937_64 dice(1); // NOLINT(cert-msc51-cpp): the same each time
    for (int round = 0; round < 2000; ++round) {
        std::vector<std::int64_t> shares(1 + dice() % 8);
        for (std::int64_t& share : shares) {
            share = static_cast<std::int64_t>(dice() % (round % 2 == 0 ? 10 : 1'000'000'000'001));
        }
        const std::int64_t sum = std::accumulate(shares.begin(), shares.end(), std::int64_t{0});
        const auto amount = static_cast<std::int64_t>(dice() % (static_cast<std::uint64_t>(sum) + 1));
        const std::vector<std::int64_t> parts = split_amount(amount, shares);
        ASSERT_EQ(std::accumulate(parts.begin(), parts.end(), std::int64_t{0}), amount);
        for (std::size_t i = 0; i < shares.size(); ++i) {
            ASSERT_GE(parts.at(i), 0);
            ASSERT_LE(parts.at(i), shares.at(i));
        }
    }
}

} // namespace pgbk::core
