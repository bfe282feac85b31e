#include "realtime/admission.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace pgbk::relay {

namespace {

Request from(const std::string& address, const std::string& origin = "") {
    Request request;
    request.client = *parse_address(address);
    request.headers.emplace("host", "Relay.example:3001");
    if (!origin.empty()) {
        request.headers.emplace("origin", origin);
    }
    return request;
}

int status_of(Admission& admission, const Request& request) {
    const auto refusal = admission.refuse(request);
    return refusal ? refusal->status : 0;
}

bool says(const Metrics& metrics, const std::string& line) {
    return ("\n" + metrics.text()).find("\n" + line + "\n") != std::string::npos;
}

TEST(Admission, KnowsItsPages) {
    Metrics metrics;
    Admission admission(metrics, {10, 10, {"https://site.example"}});
    EXPECT_EQ(status_of(admission, from("192.0.2.1")), 0) << "no browser";
    EXPECT_EQ(status_of(admission, from("192.0.2.1", "https://site.example")), 0);
    EXPECT_EQ(status_of(admission, from("192.0.2.1", "https://relay.example:3001")), 0) << "our own";
    EXPECT_EQ(status_of(admission, from("192.0.2.1", "http://relay.example:3001")), 0);
    for (const std::string origin : {"https://evil.example", "https://site.example.evil.example", "http://site.example",
                                     "https://relay.example", "null", "https://SITE.example"}) {
        EXPECT_EQ(status_of(admission, from("192.0.2.1", origin)), 403) << origin;
    }
    EXPECT_EQ(status_of(admission, from("192.0.2.1", "https://venue.example")), 403);
    admission.set_of_venues({"https://venue.example"});
    EXPECT_EQ(status_of(admission, from("192.0.2.1", "https://venue.example")), 0);
    EXPECT_TRUE(says(metrics, "booking_relay_realtime_refusals_total{reason=\"origin\"} 7"));
}

TEST(Admission, CountsByAddressAndInAll) {
    Metrics metrics;
    Admission admission(metrics, {4, 2, {}});
    const auto first = admission.enter(from("192.0.2.1"), nullptr);
    auto second = admission.enter(from("192.0.2.1"), nullptr);
    EXPECT_EQ(status_of(admission, from("192.0.2.1")), 429);
    EXPECT_EQ(status_of(admission, from("192.0.2.2")), 0);
    EXPECT_TRUE(says(metrics, "booking_relay_realtime_connections 2"));
    second.reset();
    EXPECT_EQ(status_of(admission, from("192.0.2.1")), 0) << "the place is free again";

    const auto sixth = admission.enter(from("2001:db8::1"), nullptr);
    const auto seventh = admission.enter(from("2001:db8::ffff:1"), nullptr);
    EXPECT_EQ(status_of(admission, from("2001:db8::2")), 429) << "one /64 is one customer";
    EXPECT_EQ(status_of(admission, from("2001:db8:0:1::2")), 0);
    const auto last = admission.enter(from("192.0.2.9"), nullptr);
    EXPECT_EQ(status_of(admission, from("192.0.2.10")), 503) << "full";
}

TEST(Admission, EndsAllAndLetsNobodyIn) {
    Metrics metrics;
    Admission admission(metrics, {10, 10, {}});
    int ended = 0;
    std::vector<std::shared_ptr<void>> places(3);
    for (auto& place : places) {
        place = admission.enter(from("192.0.2.1"), [&ended, &places] {
            ++ended;
            places.clear(); // the first goodbye ends the others
        });
    }
    int emptied = 0;
    auto last = admission.enter(from("192.0.2.2"), [&] { EXPECT_EQ(emptied, 0) << "somebody is here yet"; });
    admission.end_all([&] { ++emptied; });
    EXPECT_EQ(ended, 3);
    EXPECT_EQ(admission.connections(), 1U);
    EXPECT_EQ(status_of(admission, from("192.0.2.1")), 503);
    EXPECT_EQ(emptied, 0);
    last.reset();
    EXPECT_EQ(emptied, 1);
    admission.end_all([&] { ++emptied; });
    EXPECT_EQ(emptied, 2) << "nobody is left";
    EXPECT_EQ(ended, 3) << "once each";
}

TEST(Admission, MayEndBeforeItsPlaces) {
    Metrics metrics;
    std::shared_ptr<void> place;
    {
        Admission admission(metrics, {10, 10, {}});
        place = admission.enter(from("192.0.2.1"), nullptr);
    }
    place.reset();
}

} // namespace

} // namespace pgbk::relay
