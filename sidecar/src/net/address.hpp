// Addresses and networks, and which addresses a webhook may be sent to. Pure: the caller resolves names and asks here
// about each address before it connects, so that no spelling of a URL and no change of a DNS answer gets past it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgbk::relay {

// Always 16 bytes in network order; an IPv4 address as ::ffff:a.b.c.d.
struct Address {
    std::array<std::uint8_t, 16> bytes{};

    bool is_v4() const;
    std::string text() const; // an IPv4 address in its usual spelling

    friend bool operator==(const Address&, const Address&) = default;
};

Address address_from_v4(const std::array<std::uint8_t, 4>& bytes);

// The strict spellings of inet_pton; no names, no octal or short forms. A zone (%eth0) is left out.
std::optional<Address> parse_address(std::string_view text);

struct Network {
    Address address;
    unsigned prefix = 128; // of 128 bits

    bool contains(const Address& other) const;
};

// "10.0.0.0/8", "fd00::/8", or an address alone. Bits behind the prefix must be zero, as PostgreSQL's cidr has them.
std::optional<Network> parse_network(std::string_view text);

// Networks with commas between them; nothing if one of them is none.
std::optional<std::vector<Network>> parse_networks(std::string_view text);

// Whether the address is one of the public internet. An IPv6 address that carries an IPv4 address (mapped, 6to4, NAT64,
// Teredo and the like) never is: it would be a detour to an address that is judged by its own rules.
bool is_public(const Address& address);

// Public, or in one of the networks that the endpoint was allowed. A mapped address is judged as what it is mapped to.
bool may_connect(const Address& address, std::span<const Network> allowed);

} // namespace pgbk::relay
