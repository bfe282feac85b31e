#include "http/origin.hpp"

#include "text/ascii.hpp"

namespace pgbk::relay {

namespace {

constexpr std::string_view digits = "0123456789";
// Names as browsers have them (xn-- for others than ASCII), IPv4, and IPv6 in its brackets.
constexpr std::string_view name_characters = "abcdefghijklmnopqrstuvwxyz0123456789-._";
constexpr std::string_view address_characters = "0123456789abcdef:.";

bool consists_of(std::string_view text, std::string_view characters) {
    return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

bool is_host(std::string_view host) {
    if (host.starts_with('[') && host.ends_with(']')) {
        return consists_of(host.substr(1, host.size() - 2), address_characters);
    }
    return consists_of(host, name_characters);
}

bool is_port(std::string_view port) {
    constexpr std::size_t longest = 5;
    return consists_of(port, digits) && port.size() <= longest && !port.starts_with('0') &&
           std::stoi(std::string(port)) <= 65'535;
}

} // namespace

std::string canonical_origin(std::string_view text) {
    const std::string whole = lower_case(text);
    const bool secure = whole.starts_with("https://");
    if (!secure && !whole.starts_with("http://")) {
        return {};
    }
    std::string_view authority = std::string_view(whole).substr(whole.find("//") + 2);
    if (authority.ends_with('/')) {
        authority.remove_suffix(1);
    }
    const auto colon = authority.find(':', authority.starts_with('[') ? authority.find(']') : 0);
    const auto host = authority.substr(0, colon);
    std::string out = (secure ? "https://" : "http://") + std::string(host);
    if (!is_host(host)) {
        return {};
    }
    if (colon != std::string_view::npos) {
        const auto port = authority.substr(colon + 1);
        if (!is_port(port)) {
            return {};
        }
        if (port != (secure ? "443" : "80")) {
            out += ":" + std::string(port);
        }
    }
    return out;
}

std::optional<std::vector<std::string>> parse_origins(std::string_view text) {
    std::vector<std::string> origins;
    for (const auto part : comma_separated(text)) {
        origins.push_back(canonical_origin(part));
        if (origins.back().empty()) {
            return std::nullopt;
        }
    }
    return origins;
}

} // namespace pgbk::relay
