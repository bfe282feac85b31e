#include "core/webhook_url.hpp"

#include "core/refusal.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

namespace pgbk::core {

namespace {

constexpr std::size_t longest_url = 2048;
constexpr std::size_t longest_host = 253;

[[noreturn]] void refuse(const std::string& problem, std::string hint = "Expected https://host/path.") {
    throw Refusal(RefusalKind::invalid_webhook_url, "invalid webhook URL: " + problem, {}, std::move(hint));
}

bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool begins_with(std::string_view text, std::string_view lower_case_prefix) {
    return text.size() >= lower_case_prefix.size() &&
           std::equal(lower_case_prefix.begin(), lower_case_prefix.end(), text.begin(),
                      [](char p, char c) { return p == (c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c); });
}

void check_host(std::string_view host) {
    if (host.empty()) {
        refuse("it has no host");
    }
    if (host.size() > longest_host) {
        refuse("its host is longer than 253 characters");
    }
    if (host.front() == '[') {
        const std::string_view address = host.substr(1, host.size() - 2);
        const bool plausible = host.size() > 3 && host.back() == ']' && address.find(':') != std::string_view::npos &&
                               address.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
        if (!plausible) {
            refuse("its IPv6 address is malformed");
        }
        return;
    }
    const bool plausible = std::all_of(host.begin(), host.end(),
                                       [](char c) { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_'; }) &&
                           host.front() != '.' && host.front() != '-' && host.find("..") == std::string_view::npos;
    if (!plausible) {
        refuse("its host is malformed", "Write a name with other letters in its ASCII form (xn--...).");
    }
}

void check_port(std::string_view port) {
    int number = 0;
    const auto [rest, problem] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (problem != std::errc{} || rest != port.data() + port.size() || number < 1 || number > 65535) {
        refuse("its port is not a number from 1 to 65535");
    }
}

// The end of the host in host[:port].
std::size_t end_of_host(std::string_view authority) {
    if (!authority.empty() && authority.front() == '[') {
        const auto bracket = authority.find(']');
        return bracket == std::string_view::npos ? authority.size() : bracket + 1;
    }
    return std::min(authority.find(':'), authority.size());
}

} // namespace

void check_webhook_url(std::string_view url, bool http_allowed) {
    if (url.size() > longest_url) {
        refuse("it is longer than 2048 characters");
    }
    if (!std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < '\x7f'; })) {
        refuse("it has a space, a control character or one that is not ASCII", "Percent-encode such characters.");
    }
    std::string_view rest;
    if (begins_with(url, "https://")) {
        rest = url.substr(8);
    } else if (begins_with(url, "http://")) {
        if (!http_allowed) {
            refuse("it is not https", "Only trusted callers may send to http:// URLs.");
        }
        rest = url.substr(7);
    } else {
        refuse("it begins neither with https:// nor with http://");
    }
    if (url.find_first_of("\\\"<>^`{|}") != std::string_view::npos) {
        refuse("it has a character that no URL may have", "Percent-encode such characters.");
    }
    if (url.find('#') != std::string_view::npos) {
        refuse("it has a fragment", "Leave out the # and what follows it.");
    }
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
    if (authority.find('@') != std::string_view::npos) {
        refuse("it has a user name or password", "Send credentials as a secret: rotate_webhook_secret().");
    }
    const std::size_t end = end_of_host(authority);
    check_host(authority.substr(0, end));
    if (end < authority.size()) {
        if (authority[end] != ':') {
            refuse("its host is malformed");
        }
        check_port(authority.substr(end + 1));
    }
}

} // namespace pgbk::core
