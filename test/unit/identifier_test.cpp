#include "core/identifier.hpp"

#include "unit/refused.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <set>
#include <vector>

namespace pgbk::core {

namespace {

// Lets a test move the counter to where 2^41 calls would take it. (An explicit instantiation may name private members.)
std::uint64_t& counter_of(IdGenerator& generator);
template <std::uint64_t IdGenerator::*Counter> struct CounterAccess {
    friend std::uint64_t& counter_of(IdGenerator& generator) { return generator.*Counter; }
};
template struct CounterAccess<&IdGenerator::counter_>;

constexpr std::int64_t noon = 1'700'000'000'000;
constexpr std::uint64_t all_bits = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t largest_counter = (1ULL << IdGenerator::counter_bits) - 1;

std::int64_t milliseconds_of(const Uuid& id) {
    std::int64_t value = 0;
    for (std::size_t i = 0; i < 6; ++i) {
        value = value << 8 | id.at(i);
    }
    return value;
}

TEST(Identifier, HasTheDocumentedBitLayout) {
    IdGenerator generator;
    // Alternating bits: 0x15555555555 is 0x555 above 30 bits of 0x15555555, and 682 above 31 bits that are drawn.
    const Uuid id = generator.next(0x0123456789AB, 0x55555555, 0x01020304, 682);
    EXPECT_EQ(id, (Uuid{0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0x85, 0x55, 0x95, 0x55, 0x55, 0x55, 1, 2, 3, 4}));
}

TEST(Identifier, KeepsVersionAndVariantWhateverTheBits) {
    for (const std::uint64_t random : {std::uint64_t{0}, all_bits}) {
        const Uuid id = IdGenerator().next(0xFFFFFFFFFFFF, random, std::numeric_limits<std::int32_t>::max());
        EXPECT_EQ(id[6] >> 4, 8);
        EXPECT_EQ(id[8] >> 6, 2);
    }
}

TEST(Identifier, StartsItsCounterInTheLowerHalf) {
    IdGenerator generator;
    generator.next(noon, all_bits, 1, 999);
    EXPECT_LE(counter_of(generator), largest_counter / 2);
}

TEST(Identifier, RisesFromBackendToBackendWithinAMillisecond) {
    IdGenerator one;
    IdGenerator other;
    const Uuid first = one.next(noon, all_bits, 1, 100);
    const Uuid second = other.next(noon, 0, 1, 101);
    const Uuid third = one.next(noon, 0, 1, 102);
    EXPECT_LT(first, second);
    EXPECT_LT(second, third);
    EXPECT_LT(third, one.next(noon, 0, 1, 102));
    EXPECT_LT(third, one.next(noon, 0, 1, 101)) << "also when the clock goes back";
}

TEST(Identifier, CountsUpWithinAMillisecond) {
    IdGenerator generator;
    const Uuid first = generator.next(noon, 7, 1);
    Uuid expected = first;
    ++expected[11];
    EXPECT_EQ(generator.next(noon, all_bits, 1), expected);
}

TEST(Identifier, CarriesTheCounterAcrossVersionAndVariant) {
    IdGenerator generator;
    const Uuid before = generator.next(noon, (1ULL << 30U) - 1, 1);
    const Uuid after = generator.next(noon, 0, 1);
    EXPECT_EQ(std::vector(before.begin() + 6, before.begin() + 12),
              (std::vector<std::uint8_t>{0x80, 0x00, 0xBF, 0xFF, 0xFF, 0xFF}));
    EXPECT_EQ(std::vector(after.begin() + 6, after.begin() + 12),
              (std::vector<std::uint8_t>{0x80, 0x01, 0x80, 0x00, 0x00, 0x00}));
}

TEST(Identifier, DrawsAgainInANewMillisecond) {
    IdGenerator generator;
    generator.next(noon, all_bits, 1);
    EXPECT_TRUE(generator.wants_random(noon + 1));
    const Uuid id = generator.next(noon + 1, 0, 1);
    EXPECT_EQ(milliseconds_of(id), noon + 1);
    EXPECT_EQ(counter_of(generator), 0U);
}

TEST(Identifier, WantsNoRandomBitsWhileTheClockStandsOrGoesBack) {
    IdGenerator generator;
    EXPECT_TRUE(generator.wants_random(0));
    generator.next(noon, 0, 1);
    EXPECT_FALSE(generator.wants_random(noon));
    EXPECT_FALSE(generator.wants_random(noon - 1));
}

TEST(Identifier, RisesWhenTheClockGoesBack) {
    IdGenerator generator;
    const Uuid first = generator.next(noon, all_bits, 1);
    const Uuid second = generator.next(noon - 3'600'000, 0, 1);
    EXPECT_LT(first, second);
    EXPECT_EQ(milliseconds_of(second), noon);
}

TEST(Identifier, RisesFromAClockBefore1970) {
    IdGenerator generator;
    const Uuid first = generator.next(-5, 0, 1);
    const Uuid second = generator.next(0, 0, 1);
    const Uuid third = generator.next(noon, 0, 1);
    EXPECT_LT(first, second);
    EXPECT_LT(second, third);
}

TEST(Identifier, BorrowsTheNextMillisecondWhenTheCounterIsFull) {
    IdGenerator generator;
    generator.next(noon, 0, 1);
    counter_of(generator) = largest_counter - 1;
    const Uuid last = generator.next(noon, 0, 1);
    const Uuid over = generator.next(noon, 0, 1);
    EXPECT_EQ(milliseconds_of(last), noon);
    EXPECT_EQ(milliseconds_of(over), noon + 1);
    EXPECT_LT(last, over);
    EXPECT_LT(over, generator.next(noon + 1, 0, 1)) << "also when the clock arrives at the borrowed millisecond";
}

TEST(Identifier, RisesStrictlyOverAHundredThousandOnAnUnsteadyClock) {
    std::mt19937_64 random(20240331); // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each run
    IdGenerator generator;
    std::int64_t clock = noon;
    Uuid last{};
    std::set<Uuid> seen;
    for (int i = 0; i < 100'000; ++i) {
        clock += static_cast<std::int64_t>(random() % 5) - 1; // stands, goes back, runs
        const Uuid id = generator.next(clock, random(), static_cast<std::int32_t>(1 + random() % 1000));
        ASSERT_LT(last, id) << i;
        last = id;
        seen.insert(id);
    }
    EXPECT_EQ(seen.size(), 100'000U);
}

TEST(Identifier, CarriesTheOrganizationBack) {
    IdGenerator generator;
    for (const std::int32_t organization :
         {1, 255, 256, 65'536, 0x01020304, std::numeric_limits<std::int32_t>::max()}) {
        EXPECT_EQ(organization_of(generator.next(noon, 0, organization)), organization);
    }
}

TEST(Identifier, RefusesAnOrganizationThatIsNotPositive) {
    for (const std::int32_t organization : {0, -1, std::numeric_limits<std::int32_t>::min()}) {
        EXPECT_EQ(test::outcome_of([&] { IdGenerator().next(noon, 0, organization); }), "invalid_organization");
    }
    EXPECT_EQ(test::outcome_of([] { IdGenerator().next(noon, 0, 1); }), "accepted");
}

TEST(Identifier, ARefusedCallLeavesTheGeneratorAsItWas) {
    IdGenerator generator;
    generator.next(noon, 0, 1);
    EXPECT_EQ(test::outcome_of([&] { generator.next(noon + 1, 0, 0); }), "invalid_organization");
    EXPECT_TRUE(generator.wants_random(noon + 1));
}

TEST(OrganizationOf, FindsNothingInAForeignUuid) {
    const Uuid ours = IdGenerator().next(noon, 0, 42);
    for (unsigned version = 0; version < 16; ++version) {
        Uuid foreign = ours;
        foreign[6] = static_cast<std::uint8_t>(version << 4U);
        EXPECT_EQ(organization_of(foreign).has_value(), version == 8) << version;
    }
    for (unsigned variant = 0; variant < 4; ++variant) {
        Uuid foreign = ours;
        foreign[8] = static_cast<std::uint8_t>(variant << 6U);
        EXPECT_EQ(organization_of(foreign).has_value(), variant == 2) << variant;
    }
    EXPECT_EQ(organization_of(Uuid{}), std::nullopt);
    Uuid largest;
    largest.fill(0xFF);
    EXPECT_EQ(organization_of(largest), std::nullopt);
}

TEST(OrganizationOf, FindsNothingWhereTheNumberIsNotPositive) {
    Uuid id = IdGenerator().next(noon, 0, 1);
    id[15] = 0;
    EXPECT_EQ(organization_of(id), std::nullopt) << "zero";
    id[12] = 0x80;
    id[15] = 1;
    EXPECT_EQ(organization_of(id), std::nullopt) << "negative";
}

} // namespace

} // namespace pgbk::core
