#include "net/address.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace pgbk::relay {

namespace {

Address parsed(const std::string& text) {
    const auto address = parse_address(text);
    EXPECT_TRUE(address.has_value()) << text;
    return address.value_or(Address{});
}

TEST(Address, OfThePublicInternetIsAllowed) {
    for (const char* text : {"1.1.1.1",
                             "8.8.8.8",
                             "9.255.255.255",
                             "11.0.0.0",
                             "100.63.255.255",
                             "100.128.0.0",
                             "126.255.255.255",
                             "128.0.0.0",
                             "168.63.129.15",
                             "168.63.129.17",
                             "169.253.255.255",
                             "169.255.0.0",
                             "172.15.255.255",
                             "172.32.0.0",
                             "192.0.1.0",
                             "192.0.3.0",
                             "192.167.255.255",
                             "192.169.0.0",
                             "198.17.255.255",
                             "198.20.0.0",
                             "198.51.99.255",
                             "198.51.101.0",
                             "203.0.112.255",
                             "203.0.114.0",
                             "223.255.255.255",
                             "2606:4700:4700::1111",
                             "2a00:1450:4001:80b::200e",
                             "2001:200::1",
                             "2001:4860:4860::8888",
                             "2003::1",
                             "3ffe::1"}) {
        EXPECT_TRUE(is_public(parsed(text))) << text;
    }
}

TEST(Address, OfEveryOtherKindIsNot) {
    for (const char* text : {"0.0.0.0",
                             "0.255.255.255",
                             "10.0.0.0",
                             "10.255.255.255",
                             "100.64.0.0",
                             "100.127.255.255",
                             "127.0.0.1",
                             "127.255.255.255",
                             "168.63.129.16",
                             "169.254.0.0",
                             "169.254.169.254",
                             "169.254.170.2",
                             "172.16.0.0",
                             "172.31.255.255",
                             "192.0.0.0",
                             "192.0.0.170",
                             "192.0.0.255",
                             "192.0.2.1",
                             "192.31.196.1",
                             "192.52.193.1",
                             "192.88.99.1",
                             "192.168.0.0",
                             "192.168.255.255",
                             "192.175.48.1",
                             "198.18.0.0",
                             "198.19.255.255",
                             "198.51.100.1",
                             "203.0.113.1",
                             "224.0.0.1",
                             "239.255.255.255",
                             "240.0.0.1",
                             "255.255.255.255",
                             "::",
                             "::1",
                             "::2",
                             "::127.0.0.1",
                             "::ffff:127.0.0.1",
                             "::ffff:10.0.0.1",
                             "::ffff:168.63.129.16",
                             "::ffff:169.254.169.254",
                             "64:ff9b::7f00:1",
                             "64:ff9b::1.1.1.1",
                             "64:ff9b:1::1",
                             "100::1",
                             "2001::1",
                             "2001:0:4136:e378::",
                             "2001:2::1",
                             "2001:10::1",
                             "2001:20::1",
                             "2001:db8::1",
                             "2001:1ff:ffff::",
                             "2002:7f00:1::",
                             "2002:101:101::",
                             "3fff::1",
                             "4000::1",
                             "5f00::1",
                             "fc00::1",
                             "fd12:3456:789a::1",
                             "fe80::1",
                             "fe80::1%lo",
                             "febf::1",
                             "fec0::1",
                             "ff02::1",
                             "ff0e::1"}) {
        EXPECT_FALSE(is_public(parsed(text))) << text;
    }
}

TEST(Address, MappedIsTheAddressItIsMappedTo) {
    EXPECT_EQ(parsed("::ffff:1.2.3.4"), parsed("1.2.3.4"));
    EXPECT_EQ(parsed("::ffff:102:304").text(), "1.2.3.4");
    EXPECT_TRUE(is_public(parsed("::ffff:1.1.1.1")));
}

TEST(Address, HasStrictSpellingsOnly) {
    for (const char* text : {"", "localhost", "127.1", "0x7f.0.0.1", "0177.0.0.1", "2130706433", "127.0.0.1.",
                             "1.2.3.4.5", "::1::", "[::1]", " 127.0.0.1", "1.2.3.256"}) {
        EXPECT_EQ(parse_address(text), std::nullopt) << text;
    }
}

TEST(Network, ContainsItsAddresses) {
    const auto network = parse_network("10.1.0.0/16");
    ASSERT_TRUE(network.has_value());
    EXPECT_TRUE(network->contains(parsed("10.1.255.255")));
    EXPECT_TRUE(network->contains(parsed("::ffff:10.1.2.3")));
    EXPECT_FALSE(network->contains(parsed("10.2.0.0")));
    const auto odd = parse_network("172.16.0.0/12");
    ASSERT_TRUE(odd.has_value());
    EXPECT_TRUE(odd->contains(parsed("172.31.255.255")));
    EXPECT_FALSE(odd->contains(parsed("172.32.0.0")));
    const auto one = parse_network("::1");
    ASSERT_TRUE(one.has_value());
    EXPECT_TRUE(one->contains(parsed("::1")));
    EXPECT_FALSE(one->contains(parsed("::2")));
    EXPECT_FALSE(one->contains(parsed("127.0.0.1")));
    EXPECT_TRUE(parse_network("0.0.0.0/0")->contains(parsed("255.0.0.1")));
    EXPECT_FALSE(parse_network("0.0.0.0/0")->contains(parsed("::1"))) << "all of IPv4 is not all of IPv6";
}

TEST(Network, IsRefusedWhenMalformed) {
    for (const char* text : {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.1/8", "::/129",
                             "fd00::1/8", "lan/8"}) {
        EXPECT_FALSE(parse_network(text).has_value()) << text;
    }
}

TEST(MayConnect, ToAllowedNetworksAsWell) {
    const std::vector<Network> allowed{*parse_network("127.0.0.0/8"), *parse_network("fd00::/8")};
    EXPECT_TRUE(may_connect(parsed("1.1.1.1"), {}));
    EXPECT_FALSE(may_connect(parsed("127.0.0.1"), {}));
    EXPECT_TRUE(may_connect(parsed("127.0.0.1"), allowed));
    EXPECT_TRUE(may_connect(parsed("::ffff:127.0.0.1"), allowed));
    EXPECT_TRUE(may_connect(parsed("fd00::1"), allowed));
    EXPECT_FALSE(may_connect(parsed("::1"), allowed));
    EXPECT_FALSE(may_connect(parsed("10.0.0.1"), allowed));
    EXPECT_FALSE(may_connect(parsed("64:ff9b::7f00:1"), allowed)) << "a detour to an allowed address";
}

} // namespace

} // namespace pgbk::relay
