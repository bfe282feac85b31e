#include "core/personal_data.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace pgbk::core {

namespace {

TEST(PersonalData, EachColumnIsSaidOnceAndWhy) {
    std::set<std::string> places;
    for (const PersonalColumn& column : personal_columns()) {
        EXPECT_TRUE(places.insert(std::string(column.table) + "." + std::string(column.column)).second)
            << column.table << "." << column.column;
        EXPECT_FALSE(column.why.empty()) << column.table << "." << column.column;
    }
}

TEST(PersonalData, TreatmentsHaveNames) {
    EXPECT_EQ(treatment_name(Treatment::replaced), "replaced");
    EXPECT_EQ(treatment_name(Treatment::removed), "removed");
    EXPECT_EQ(treatment_name(Treatment::searched), "searched");
    EXPECT_EQ(treatment_name(Treatment::kept), "kept");
}

TEST(PersonalData, ErasedAddresses) {
    EXPECT_TRUE(is_erased_address("erased-0192f0c4-0000-8000-8000-000000000001@erased.invalid"));
    EXPECT_FALSE(is_erased_address("ann@example.org"));
    EXPECT_FALSE(is_erased_address("erased-ann@example.org"));
    EXPECT_FALSE(is_erased_address("ann@erased.invalid"));
    EXPECT_FALSE(is_erased_address(""));
}

TEST(MentionPattern, NobodyIsNotLookedFor) {
    EXPECT_EQ(mention_pattern({}), "");
}

TEST(MentionPattern, WhatIsTooShortIsNotLookedFor) {
    EXPECT_EQ(mention_pattern({{}, {"May", " May ", ""}, {"555019", ""}, {"42", "123456789012345"}}), "");
}

TEST(MentionPattern, AddressesAsTextJsonAndForms) {
    EXPECT_EQ(
        mention_pattern({{"a.b+c@x.org"}, {}, {}, {}}),
        R"((?:(?<![[:alnum:]._%+-])|(?<=\\[bfnrt]))a\.b\+c(?:@|\\+u0040|%40)x\.org(?![[:alnum:]-]|\.[[:alnum:]]))");
}

TEST(MentionPattern, NamesHoweverTheyAreSpaced) {
    EXPECT_EQ(mention_pattern({{}, {"  Ann \t Lee "}, {}, {}}),
              R"((?:(?<![[:alnum:]])|(?<=\\[bfnrt]))Ann\s+Lee(?![[:alnum:]]))");
}

TEST(MentionPattern, WhatMeansSomethingInPatternsDoesNot) {
    EXPECT_EQ(mention_pattern({{}, {R"(A.*| "B\)"}, {}, {}}),
              R"((?:(?<![[:alnum:]])|(?<=\\[bfnrt]))A\.\*\|\s+\\*"B\\+(?![[:alnum:]]))");
}

TEST(MentionPattern, NumbersHoweverTheyAreGrouped) {
    EXPECT_EQ(mention_pattern({{}, {}, {"(030) 12-34"}, {}}),
              "(?<![[:digit:]])0[ ()./-]*3[ ()./-]*0[ ()./-]*1[ ()./-]*2[ ()./-]*3[ ()./-]*4(?![[:digit:]])");
}

TEST(MentionPattern, AllOfThemAtOnce) {
    EXPECT_EQ(mention_pattern({{"a@x.org", "b@x.org"}, {"Ann Lee"}, {"1234567"}, {"0123456789abcdef"}}),
              mention_pattern({{"a@x.org"}, {}, {}, {}}) + "|" + mention_pattern({{"b@x.org"}, {}, {}, {}}) + "|" +
                  mention_pattern({{}, {"Ann Lee"}, {}, {}}) + "|" + mention_pattern({{}, {}, {"1234567"}, {}}) + "|" +
                  mention_pattern({{}, {}, {}, {"0123456789abcdef"}}));
    EXPECT_EQ(mention_pattern({{}, {}, {}, {"0123456789abcdef"}}),
              R"((?:(?<![[:alnum:]])|(?<=\\[bfnrt]))0123456789abcdef(?![[:alnum:]]))");
}

} // namespace

} // namespace pgbk::core
