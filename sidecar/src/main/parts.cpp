#include "main/parts.hpp"

#include "outbound/signature.hpp"

#include <unistd.h>

#include <array>
#include <random>

namespace pgbk::relay {

std::string relay_version() {
    return PGBK_RELAY_VERSION;
}

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::string new_relay_id() {
    std::random_device device; // getrandom
    std::string bytes;
    for (int i = 0; i < 16; ++i) {
        bytes += static_cast<char>(device() & 0xFFU);
    }
    bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0FU) | 0x40U); // version 4
    bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3FU) | 0x80U); // variant
    const std::string digits = hex(bytes);
    std::string id;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i == 8 || i == 12 || i == 16 || i == 20) {
            id += '-';
        }
        id += digits[i];
    }
    return id;
}

Link::Settings link_settings(const Config& config, const std::string& purpose) {
    return {purpose, std::chrono::milliseconds(config.database_connect_timeout_ms),
            std::chrono::milliseconds(config.database_statement_timeout_ms)};
}

Sender::Settings sender_settings(const Config& config) {
    // Endpoints that take turns are more than requests under way, and each wants its connection kept until its next
    // turn.
    const long most_connections = 4L * config.outbound_max_in_flight;
    return {relay_version(), config.outbound_proxy, config.outbound_ca_file,
            std::chrono::milliseconds(config.outbound_connect_timeout_ms), most_connections};
}

} // namespace pgbk::relay
