#include "metrics/metrics.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace pgbk::relay {

namespace {

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST(Metrics, SayNothingOfWhatHasNotHappened) {
    EXPECT_EQ(Metrics().text(), "");
}

TEST(Metrics, CountByLabel) {
    Metrics metrics;
    metrics.add("booking_relay_deliveries_total", {{"result", "2xx"}});
    metrics.add("booking_relay_deliveries_total", {{"result", "2xx"}}, 2);
    metrics.add("booking_relay_deliveries_total", {{"result", "dns"}});
    EXPECT_EQ(
        metrics.text(),
        "# HELP booking_relay_deliveries_total Deliveries attempted, by result: status class (2xx to 5xx) or error "
        "class.\n"
        "# TYPE booking_relay_deliveries_total counter\n"
        "booking_relay_deliveries_total{result=\"2xx\"} 3\n"
        "booking_relay_deliveries_total{result=\"dns\"} 1\n");
}

TEST(Metrics, GaugesAreSetAndForgotten) {
    Metrics metrics;
    metrics.set("booking_relay_queue", 5, {{"state", "due"}});
    metrics.set("booking_relay_queue", 2.5, {{"state", "due"}});
    EXPECT_TRUE(contains(metrics.text(), "booking_relay_queue{state=\"due\"} 2.5\n"));
    metrics.forget("booking_relay_queue");
    EXPECT_EQ(metrics.text(), "");
}

TEST(Metrics, HistogramsAreCumulative) {
    Metrics metrics;
    metrics.observe("booking_relay_response_seconds", 0.001);
    metrics.observe("booking_relay_response_seconds", 0.0011);
    metrics.observe("booking_relay_response_seconds", 3);
    metrics.observe("booking_relay_response_seconds", 1000);
    const std::string text = metrics.text();
    EXPECT_TRUE(contains(text, "# TYPE booking_relay_response_seconds histogram\n"));
    EXPECT_TRUE(contains(text, "booking_relay_response_seconds_bucket{le=\"0.001\"} 1\n")) << text;
    EXPECT_TRUE(contains(text, "booking_relay_response_seconds_bucket{le=\"0.0025\"} 2\n"));
    EXPECT_TRUE(contains(text, "booking_relay_response_seconds_bucket{le=\"2\"} 2\n"));
    EXPECT_TRUE(contains(text, "booking_relay_response_seconds_bucket{le=\"5\"} 3\n"));
    EXPECT_TRUE(contains(text, "booking_relay_response_seconds_bucket{le=\"60\"} 3\n"));
    EXPECT_TRUE(contains(text, "booking_relay_response_seconds_bucket{le=\"+Inf\"} 4\n"));
    EXPECT_TRUE(contains(text, "booking_relay_response_seconds_count 4\n"));
    EXPECT_TRUE(contains(text, "booking_relay_response_seconds_sum 1003.0021\n"));
}

TEST(Metrics, LabelsOfHistogramsComeBeforeTheBound) {
    Metrics metrics;
    metrics.observe("booking_relay_database_seconds", 0.5, {{"call", "claim"}});
    const std::string text = metrics.text();
    EXPECT_TRUE(contains(text, "booking_relay_database_seconds_bucket{call=\"claim\",le=\"0.5\"} 1\n"));
    EXPECT_TRUE(contains(text, "booking_relay_database_seconds_count{call=\"claim\"} 1\n"));
}

TEST(Metrics, LabelsAreEscaped) {
    Metrics metrics;
    metrics.add("booking_relay_deliveries_total", {{"result", "a\"b\\c\nd"}});
    EXPECT_TRUE(contains(metrics.text(), R"({result="a\"b\\c\nd"} 1)"));
}

TEST(Metrics, UndeclaredNamesAreMistakes) {
    Metrics metrics;
    EXPECT_THROW(metrics.add("booking_relay_nonsense"), std::logic_error);
}

} // namespace

} // namespace pgbk::relay
