#include "http/client_address.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

std::string client(const std::string& peer, const std::string& forwarded, const std::string& trusted) {
    const auto networks = parse_networks(trusted);
    const auto address = parse_address(peer);
    EXPECT_TRUE(networks && address);
    return client_address(address.value_or(Address{}), forwarded, networks.value_or(std::vector<Network>())).text();
}

TEST(ClientAddress, IsThePeerUnlessThatIsOurProxy) {
    EXPECT_EQ(client("192.0.2.1", "", ""), "192.0.2.1");
    EXPECT_EQ(client("192.0.2.1", "198.51.100.7", ""), "192.0.2.1") << "anybody can write that";
    EXPECT_EQ(client("192.0.2.1", "198.51.100.7", "10.0.0.0/8"), "192.0.2.1");
    EXPECT_EQ(client("10.0.0.1", "198.51.100.7", "10.0.0.0/8"), "198.51.100.7");
    EXPECT_EQ(client("10.0.0.1", "", "10.0.0.0/8"), "10.0.0.1");
    EXPECT_EQ(client("::ffff:10.0.0.1", "198.51.100.7", "10.0.0.0/8"), "198.51.100.7") << "on a socket for both";
}

TEST(ClientAddress, IsTheRightMostThatIsNotOurs) {
    const std::string ours = "10.0.0.0/8, fd00::/8";
    EXPECT_EQ(client("10.0.0.1", "1.2.3.4, 198.51.100.7, 10.0.0.9", ours), "198.51.100.7")
        << "1.2.3.4 is his word only";
    EXPECT_EQ(client("10.0.0.1", "198.51.100.7,fd00::2 ,\t10.0.0.9", ours), "198.51.100.7");
    EXPECT_EQ(client("10.0.0.1", "10.0.0.2, 10.0.0.3", ours), "10.0.0.2") << "from within";
    EXPECT_EQ(client("10.0.0.1", "2001:db8::7", ours), "2001:db8::7");
    EXPECT_EQ(client("10.0.0.1", "198.51.100.7:4711", ours), "198.51.100.7");
    EXPECT_EQ(client("10.0.0.1", "[2001:db8::7]:4711", ours), "2001:db8::7");
    EXPECT_EQ(client("10.0.0.1", "[2001:db8::7]", ours), "2001:db8::7");
}

TEST(ClientAddress, IsTheLastOneKnownWhereTheListIsGarbled) {
    const std::string ours = "10.0.0.0/8";
    for (const char* garbled :
         {"unknown", "1.2.3.4, ", "1.2.3.4, x", ",", "_hidden", "1.2.3", "[::1", "1.2.3.4 5.6.7.8"}) {
        EXPECT_EQ(client("10.0.0.1", garbled, ours), "10.0.0.1") << garbled;
    }
    EXPECT_EQ(client("10.0.0.1", "1.2.3.4, x, 10.0.0.2", ours), "10.0.0.2");
}

TEST(ClientAddress, CountsForItsNetwork) {
    EXPECT_EQ(client_key(*parse_address("192.0.2.1")), "192.0.2.1");
    EXPECT_EQ(client_key(*parse_address("2001:db8:1:2:3:4:5:6")), "2001:db8:1:2::/64");
    EXPECT_EQ(client_key(*parse_address("2001:db8:1:2::1")), client_key(*parse_address("2001:db8:1:2:ffff::")));
}

TEST(Networks, AreAListWithCommas) {
    EXPECT_EQ(parse_networks("")->size(), 0U);
    EXPECT_EQ(parse_networks(" ")->size(), 0U);
    EXPECT_EQ(parse_networks("10.0.0.0/8")->size(), 1U);
    EXPECT_EQ(parse_networks(" 10.0.0.0/8 ,\t::1,192.0.2.1 ")->size(), 3U);
    for (const char* bad : {",", "10.0.0.0/8,", "10.0.0.1/8", "10.0.0.0/8 ::1", "proxy.example"}) {
        EXPECT_FALSE(parse_networks(bad)) << bad;
    }
}

} // namespace

} // namespace pgbk::relay
