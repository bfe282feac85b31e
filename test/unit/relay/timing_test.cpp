// How long it takes to refuse a signature tells nothing about it: neither whether its first bytes are right nor its
// last ones. Measured in turns that chance decides, and judged by Welch's t, whose usual limit for leaks is 4.5.
#include "inbound/verification.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <random>

namespace pgbk::relay {

namespace {

constexpr double leak = 4.5;
constexpr std::size_t samples = 20'000;
constexpr int calls = 32; // a sample

struct Sums {
    double number = 0, sum = 0, squares = 0;

    void add(double value) {
        ++number;
        sum += value;
        squares += value * value;
    }
    double mean() const { return sum / number; }
    double variance() const { return (squares - number * mean() * mean()) / (number - 1); }
};

// Compares with a digest that is wrong in its first byte, and with one that is wrong in its last.
template <class Compare> double t_of(Compare compare) {
    const std::string digest(32, 'd');
    std::array<std::string, 2> wrong{digest, digest};
    wrong[0].front() = 'x';
    wrong[1].back() = 'x';
    std::vector<std::string> candidates{digest}; // always at the same place
    std::mt19937 random(std::random_device{}());
    std::vector<std::pair<unsigned, double>> times;
    times.reserve(samples);
    unsigned equal = 0;
    for (std::size_t i = 0; i < samples; ++i) {
        const unsigned kind = random() & 1U;
        candidates[0].assign(wrong.at(kind));
        equal += static_cast<unsigned>(compare(candidates, digest));
        const auto start = std::chrono::steady_clock::now();
        for (int call = 0; call < calls; ++call) {
            equal += static_cast<unsigned>(compare(candidates, digest));
        }
        times.emplace_back(kind,
                           std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count());
    }
    EXPECT_EQ(equal, 0U);
    // The slowest say what else the machine did.
    std::nth_element(times.begin(), times.begin() + samples * 8 / 10, times.end(),
                     [](const auto& a, const auto& b) { return a.second < b.second; });
    std::array<Sums, 2> sums;
    for (std::size_t i = 0; i < samples * 8 / 10; ++i) {
        sums.at(times[i].first).add(times[i].second);
    }
    const double error = std::sqrt(sums[0].variance() / sums[0].number + sums[1].variance() / sums[1].number);
    return std::abs(sums[0].mean() - sums[1].mean()) / error;
}

bool equal_at_leisure(const std::vector<std::string>& candidates, std::string_view digest) {
    const volatile char* const bytes = candidates[0].data(); // not to be made into anything cleverer
    for (std::size_t i = 0; i < digest.size(); ++i) {
        if (bytes[i] != digest[i]) {
            return false;
        }
    }
    return true;
}

TEST(Timing, OfAComparisonTellsNothing) {
    double least = t_of(any_equal);
    for (int again = 0; again < 4 && least >= leak; ++again) { // a leak would be there each time
        least = std::min(least, t_of(any_equal));
    }
    EXPECT_LT(least, leak);
    EXPECT_GT(t_of(equal_at_leisure), 10 * leak) << "the measurement would not see a leak";
}

} // namespace

} // namespace pgbk::relay
