// Whether the comparisons of signatures and tokens take a time that tells where two texts differ: Welch's t-test in the
// manner of dudect (Reparaz, Balasch, Verbauwhede: Dude, is my code constant time?).
//
//   constant_time [MEASUREMENTS]
//
// Two classes of candidates for a digest of 32 bytes, in random order: what differs in the first byte, and what differs
// in the last one only. Each measurement has a digest of its own, which is compared sixteen times; t is computed of all
// measurements and of those below each of a hundred percentiles, since what interrupts the processor says nothing of
// the code, and the largest is printed. Beside the code of the relay and of the extension stand a comparison that
// leaves at the first difference, which has to be told apart, or the machine is too noisy for the rest to mean
// anything, and memcmp. Ends with status 1 if the control was not told apart, 2 if one of ours was.
#include "core/token.hpp"
#include "inbound/verification.hpp"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace relay = pgbk::relay;
namespace core = pgbk::core;

constexpr std::size_t digest_size = 32;
constexpr std::size_t percentiles = 100;
constexpr double suspicious = 4.5; // dudect's bounds
constexpr double told_apart = 10;
constexpr std::size_t fewest = 10000; // below that t says little
constexpr int repeats = 16;           // of a comparison in a measurement: clocks tick more coarsely than it takes

using Digest = std::array<char, digest_size>;

// Cycles of the reference clock, or nanoseconds.
std::uint64_t now() {
#if defined(__x86_64__)
    _mm_lfence();
    const std::uint64_t ticks = __rdtsc();
    _mm_lfence();
    return ticks;
#else
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

// What a comparison must not be.
[[gnu::noinline]] bool naively_equal(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) {
        return false;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i] != b[i]) {
            return false;
        }
    }
    return true;
}

// Of a class: how many, their mean, and the sum of the squares of what they differ from it.
struct Moments {
    double count = 0;
    double mean = 0;
    double squares = 0;

    void add(double value) {
        ++count;
        const double before = value - mean;
        mean += before / count;
        squares += before * (value - mean);
    }
};

double welch(const std::array<Moments, 2>& classes) {
    const auto& [a, b] = classes;
    if (std::min(a.count, b.count) < static_cast<double>(fewest) / 4) {
        return 0;
    }
    const double error = std::sqrt(a.squares / (a.count - 1) / a.count + b.squares / (b.count - 1) / b.count);
    if (error == 0) { // no two measurements differ within a class
        return a.mean == b.mean ? 0 : std::numeric_limits<double>::infinity();
    }
    return (a.mean - b.mean) / error;
}

struct Measurement {
    std::uint8_t of_class;
    double ticks;
};

// Comparisons that are called by pointer cost the same whatever they are, and none is inlined.
using Comparison = std::function<bool(const Digest& candidate, const Digest& digest)>;

std::vector<Measurement> measure(const Comparison& equal, std::size_t count, std::mt19937_64& random) {
    constexpr std::size_t batch = 1024; // prepared before, so that nothing else is at work meanwhile
    struct Prepared {
        Digest digest;
        Digest candidate;
        std::uint8_t of_class;
    };
    std::vector<Prepared> prepared(batch);
    std::vector<Measurement> measured;
    measured.reserve(count);
    unsigned equals = 0;
    while (measured.size() < count) {
        for (auto& one : prepared) {
            std::generate(one.digest.begin(), one.digest.end(), [&] { return static_cast<char>(random()); });
            one.candidate = one.digest;
            one.of_class = static_cast<std::uint8_t>(random() & 1U);
            char& different = one.of_class == 0 ? one.candidate.front() : one.candidate.back();
            different = static_cast<char>(different ^ (1U << (random() % 8)));
        }
        Digest digest{}; // always at the same place
        Digest candidate{};
        for (const auto& one : prepared) {
            digest = one.digest;
            candidate = one.candidate;
            const std::uint64_t start = now();
            for (int i = 0; i < repeats; ++i) {
                equals += static_cast<unsigned>(equal(candidate, digest));
            }
            const std::uint64_t end = now();
            measured.push_back({one.of_class, static_cast<double>(end - start)});
        }
    }
    if (equals != 0) {
        std::fputs("what differs was found equal\n", stderr);
        std::exit(EXIT_FAILURE);
    }
    return measured;
}

struct Result {
    double t = 0;       // of all
    double largest = 0; // of all, and of those below each percentile
    std::array<double, 2> medians{};
};

Result judge(const std::vector<Measurement>& measured) {
    std::vector<double> sorted;
    std::array<std::vector<double>, 2> by_class;
    for (const auto& one : measured) {
        sorted.push_back(one.ticks);
        by_class.at(one.of_class).push_back(one.ticks);
    }
    std::sort(sorted.begin(), sorted.end());
    Result result;
    for (std::size_t i = 0; i < by_class.size(); ++i) {
        auto& values = by_class.at(i);
        std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
        result.medians.at(i) = values.at(values.size() / 2);
    }
    for (std::size_t i = 0; i <= percentiles; ++i) {
        // As dudect spaces them: the more, the nearer to the end.
        const double share = 1 - std::pow(0.5, 10.0 * static_cast<double>(i) / percentiles);
        const double limit = i == percentiles
                                 ? std::numeric_limits<double>::infinity()
                                 : sorted.at(static_cast<std::size_t>(share * static_cast<double>(sorted.size())));
        std::array<Moments, 2> classes;
        for (const auto& one : measured) {
            if (one.ticks < limit) {
                classes.at(one.of_class).add(one.ticks);
            }
        }
        const double t = welch(classes);
        if (i == percentiles) {
            result.t = t;
        }
        if (std::abs(t) > std::abs(result.largest)) {
            result.largest = t;
        }
    }
    return result;
}

const char* verdict(double t) {
    return std::abs(t) > told_apart ? "told apart" : (std::abs(t) > suspicious ? "suspicious" : "not told apart");
}

std::string_view view(const Digest& digest) {
    return {digest.data(), digest.size()};
}

struct Subject {
    const char* name;
    bool is_ours;
    bool is_control;
    Comparison equal;
};

} // namespace

int main(int argc, char** argv) {
    constexpr std::size_t by_default = 1000000;
    const std::size_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : by_default;
    if (count < fewest) {
        std::fprintf(stderr, "usage: constant_time [MEASUREMENTS], %zu at least\n", fewest);
        return EXIT_FAILURE;
    }
    // What the relay holds of a request and of its own, made before it is timed.
    std::vector<std::string> claimed{std::string(digest_size, '\0')};
    const std::vector<Subject> subjects{
        {"leaves at the first difference (control)", false, true,
         [](const Digest& candidate, const Digest& digest) { return naively_equal(view(candidate), view(digest)); }},
        {"memcmp of the C library", false, false,
         [](const Digest& candidate, const Digest& digest) {
             return std::memcmp(candidate.data(), digest.data(), digest.size()) == 0;
         }},
        {"signatures of webhooks (relay, any_equal)", true, false,
         [&](const Digest& candidate, const Digest& digest) {
             claimed.front().assign(candidate.data(), candidate.size());
             return relay::any_equal(claimed, view(digest));
         }},
        {"tokens (extension, equal_in_constant_time)", true, false,
         [](const Digest& candidate, const Digest& digest) {
             return core::equal_in_constant_time(view(candidate), view(digest));
         }},
    };
    std::mt19937_64 random(std::random_device{}());
    bool control_failed = false;
    bool ours_failed = false;
    std::printf("%zu measurements each, of sixteen comparisons\n\n"
                "| comparison | median, first byte differs | median, last byte differs | t | largest t, cropped | |\n"
                "|---|---|---|---|---|---|\n",
                count);
    for (const auto& subject : subjects) {
        (void)measure(subject.equal, fewest, random); // caches and branch predictors
        const Result result = judge(measure(subject.equal, count, random));
        std::printf("| %s | %.0f | %.0f | %.2f | %.2f | %s |\n", subject.name, result.medians[0], result.medians[1],
                    result.t, result.largest, verdict(result.largest));
        control_failed = control_failed || (subject.is_control && std::abs(result.largest) <= told_apart);
        ours_failed = ours_failed || (subject.is_ours && std::abs(result.largest) > told_apart);
    }
    if (control_failed) {
        std::puts("\nThe control was not told apart: this run says nothing.");
        return 1;
    }
    return ours_failed ? 2 : EXIT_SUCCESS;
}
