#include "http/client_address.hpp"

#include "text/ascii.hpp"

#include <algorithm>

namespace pgbk::relay {

namespace {

// Some proxies add the port: "192.0.2.1:4711", "[2001:db8::1]:4711".
std::string_view without_port(std::string_view entry) {
    if (entry.starts_with('[')) {
        const auto end = entry.find(']');
        return end == std::string_view::npos ? entry : entry.substr(1, end - 1);
    }
    const auto colon = entry.find(':');
    return colon != std::string_view::npos && entry.find(':', colon + 1) == std::string_view::npos
               ? entry.substr(0, colon)
               : entry;
}

} // namespace

Address client_address(const Address& peer, std::string_view forwarded_for, std::span<const Network> trusted) {
    const auto is_ours = [&](const Address& address) {
        return std::any_of(trusted.begin(), trusted.end(), [&](const Network& n) { return n.contains(address); });
    };
    Address client = peer;
    while (is_ours(client) && !forwarded_for.empty()) {
        const auto comma = forwarded_for.rfind(',');
        const auto start = comma == std::string_view::npos ? 0 : comma + 1;
        const auto address = parse_address(without_port(without_spaces(forwarded_for.substr(start))));
        if (!address) {
            break;
        }
        client = *address;
        forwarded_for = forwarded_for.substr(0, comma == std::string_view::npos ? 0 : comma);
    }
    return client;
}

std::string client_key(const Address& client) {
    if (client.is_v4()) {
        return client.text();
    }
    Address network = client;
    std::fill(network.bytes.begin() + 8, network.bytes.end(), std::uint8_t{0});
    return network.text() + "/64";
}

} // namespace pgbk::relay
