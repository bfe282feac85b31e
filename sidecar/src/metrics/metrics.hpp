// Counters, gauges and histograms, and their text for Prometheus (exposition format 0.0.4).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace pgbk::relay {

using Labels = std::vector<std::pair<std::string, std::string>>; // in the order in which they are written

class Metrics {
public:
    // Names are declared once, with what they count; a sample of an undeclared name is a mistake of the program.
    Metrics();

    void add(const std::string& name, const Labels& labels = {}, double amount = 1);
    void set(const std::string& name, double value, const Labels& labels = {});
    void observe(const std::string& name, double seconds, const Labels& labels = {});
    void forget(const std::string& name); // a gauge whose value is not known any more

    std::string text() const;

private:
    enum class Kind { counter, gauge, histogram };

    struct Histogram {
        std::vector<std::uint64_t> buckets; // not cumulative; the last is +Inf
        std::uint64_t count = 0;
        double sum = 0;
    };

    struct Family {
        Kind kind;
        std::string help;
        std::vector<double> bounds;
        std::map<std::string, double> values; // written labels -> value
        std::map<std::string, Histogram> histograms;
    };

    void declare(Kind kind, const std::string& name, std::string help, std::vector<double> bounds = {});
    Family& family(const std::string& name);

    std::map<std::string, Family> families_;
};

} // namespace pgbk::relay
