#include "net/address.hpp"

#include "text/ascii.hpp"

#include <arpa/inet.h> // inet_pton and inet_ntop only: text to bytes

#include <algorithm>
#include <charconv>

namespace pgbk::relay {

namespace {

constexpr unsigned v4_bits = 96; // what precedes the IPv4 address in ::ffff:a.b.c.d

struct V4Block {
    std::uint32_t address;
    unsigned prefix;
};

// The IANA registry of special-purpose addresses, without what is globally reachable, plus multicast and a cloud's
// metadata service that is not link-local.
constexpr std::array refused_v4{
    V4Block{0x00000000, 8},  // this network
    V4Block{0x0A000000, 8},  // private
    V4Block{0x64400000, 10}, // shared, carrier-grade NAT
    V4Block{0x7F000000, 8},  // loopback
    V4Block{0xA9FE0000, 16}, // link-local, with the clouds' metadata service
    V4Block{0xA83F8110, 32}, // Azure's WireServer: a public address, but the virtual machine's own host answers
    V4Block{0xAC100000, 12}, // private
    V4Block{0xC0000000, 24}, // IETF protocol assignments
    V4Block{0xC0000200, 24}, // documentation
    V4Block{0xC01FC400, 24}, // AS112
    V4Block{0xC034C100, 24}, // AMT
    V4Block{0xC0586300, 24}, // 6to4 relay anycast
    V4Block{0xC0A80000, 16}, // private
    V4Block{0xC0AF3000, 24}, // AS112
    V4Block{0xC6120000, 15}, // benchmarks
    V4Block{0xC6336400, 24}, // documentation
    V4Block{0xCB007100, 24}, // documentation
    V4Block{0xE0000000, 4},  // multicast
    V4Block{0xF0000000, 4},  // reserved, and broadcast
};

struct V6Block {
    std::array<std::uint16_t, 4> start; // the first 64 bits
    unsigned prefix;
};

// Only 2000::/3 is handed out as global unicast; everything outside is refused without being listed: ::, ::1, mapped
// and compatible addresses, 64:ff9b::/96 and 64:ff9b:1::/48 (NAT64), 100::/64, fc00::/7, fe80::/10, fec0::/10,
// ff00::/8.
constexpr V6Block global_unicast{{0x2000, 0, 0, 0}, 3};
constexpr std::array refused_v6{
    V6Block{{0x2001, 0, 0, 0}, 23},      // protocol assignments: Teredo, ORCHID, benchmarks
    V6Block{{0x2001, 0x0DB8, 0, 0}, 32}, // documentation
    V6Block{{0x2002, 0, 0, 0}, 16},      // 6to4
    V6Block{{0x3FFF, 0, 0, 0}, 20},      // documentation
};

std::uint32_t v4_value(const Address& address) {
    std::uint32_t value = 0;
    for (std::size_t i = 12; i < 16; ++i) {
        value = (value << 8U) | address.bytes.at(i);
    }
    return value;
}

bool in_block(std::uint32_t value, const V4Block& block) {
    return ((value ^ block.address) >> (32 - block.prefix)) == 0;
}

std::uint64_t upper_half(const Address& address) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) {
        value = (value << 8U) | address.bytes.at(i);
    }
    return value;
}

bool in_block(std::uint64_t upper, const V6Block& block) {
    std::uint64_t start = 0;
    for (const auto part : block.start) {
        start = (start << 16U) | part;
    }
    return ((upper ^ start) >> (64 - block.prefix)) == 0;
}

} // namespace

bool Address::is_v4() const {
    constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    return std::equal(mapped.begin(), mapped.end(), bytes.begin());
}

std::string Address::text() const {
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    const bool v4 = is_v4();
    const char* out = inet_ntop(v4 ? AF_INET : AF_INET6, bytes.data() + (v4 ? 12 : 0), buffer.data(), buffer.size());
    return out == nullptr ? std::string() : std::string(out);
}

Address address_from_v4(const std::array<std::uint8_t, 4>& bytes) {
    Address address;
    address.bytes[10] = address.bytes[11] = 0xFF;
    std::copy(bytes.begin(), bytes.end(), address.bytes.begin() + 12);
    return address;
}

std::optional<Address> parse_address(std::string_view text) {
    const std::string spelled(text.substr(0, text.find('%')));
    std::array<std::uint8_t, 4> v4{};
    if (inet_pton(AF_INET, spelled.c_str(), v4.data()) == 1) {
        return address_from_v4(v4);
    }
    Address address;
    if (inet_pton(AF_INET6, spelled.c_str(), address.bytes.data()) == 1) {
        return address;
    }
    return std::nullopt;
}

bool Network::contains(const Address& other) const {
    for (unsigned bit = 0; bit < prefix; bit += 8) {
        const unsigned difference = address.bytes.at(bit / 8) ^ other.bytes.at(bit / 8);
        const unsigned bits = std::min(8U, prefix - bit);
        if ((difference >> (8 - bits)) != 0) {
            return false;
        }
    }
    return true;
}

std::optional<Network> parse_network(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = parse_address(text.substr(0, slash));
    if (!address) {
        return std::nullopt;
    }
    const bool v4 = text.find(':') == std::string_view::npos;
    const unsigned most = v4 ? 32 : 128;
    unsigned prefix = most;
    if (slash != std::string_view::npos) {
        const auto digits = text.substr(slash + 1);
        const auto [at, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
        if (error != std::errc() || at != digits.data() + digits.size() || prefix > most) {
            return std::nullopt;
        }
    }
    const Network network{*address, v4 ? prefix + v4_bits : prefix};
    for (unsigned bit = network.prefix; bit < 128; ++bit) {
        if (((address->bytes.at(bit / 8) >> (7 - bit % 8)) & 1U) != 0) {
            return std::nullopt;
        }
    }
    return network;
}

std::optional<std::vector<Network>> parse_networks(std::string_view text) {
    std::vector<Network> networks;
    for (const auto part : comma_separated(text)) {
        const auto network = parse_network(part);
        if (!network) {
            return std::nullopt;
        }
        networks.push_back(*network);
    }
    return networks;
}

bool is_public(const Address& address) {
    if (address.is_v4()) {
        const std::uint32_t value = v4_value(address);
        return std::none_of(refused_v4.begin(), refused_v4.end(), [&](const V4Block& b) { return in_block(value, b); });
    }
    const std::uint64_t upper = upper_half(address);
    return in_block(upper, global_unicast) &&
           std::none_of(refused_v6.begin(), refused_v6.end(), [&](const V6Block& b) { return in_block(upper, b); });
}

bool may_connect(const Address& address, std::span<const Network> allowed) {
    return is_public(address) ||
           std::any_of(allowed.begin(), allowed.end(), [&](const Network& n) { return n.contains(address); });
}

} // namespace pgbk::relay
