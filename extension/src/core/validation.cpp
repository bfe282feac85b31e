#include "core/validation.hpp"

#include "core/refusal.hpp"

#include <algorithm>
#include <string>

namespace pgbk::core {

namespace {

constexpr std::size_t longest_email = 254;
constexpr std::size_t longest_local_part = 64;
constexpr std::size_t longest_label = 63;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_local_part(std::string_view local) {
    constexpr std::string_view specials = "!#$%&'*+-/=?^_`{|}~.";
    if (local.empty() || local.size() > longest_local_part || local.front() == '.' || local.back() == '.' ||
        local.find("..") != std::string_view::npos) {
        return false;
    }
    return std::all_of(local.begin(), local.end(), [&](char c) {
        return is_letter(c) || is_digit(c) || (static_cast<unsigned char>(c) & 0x80U) != 0 ||
               specials.find(c) != std::string_view::npos;
    });
}

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= longest_label && label.front() != '-' && label.back() != '-' &&
           std::all_of(label.begin(), label.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

bool is_domain(std::string_view domain) {
    std::size_t labels = 0;
    for (;;) {
        const auto dot = domain.find('.');
        if (!is_label(domain.substr(0, dot))) {
            return false;
        }
        ++labels;
        if (dot == std::string_view::npos) {
            // A top-level domain is never all digits, but an IPv4 address ends like that.
            return labels >= 2 && !std::all_of(domain.begin(), domain.end(), is_digit);
        }
        domain.remove_prefix(dot + 1);
    }
}

// What may follow Etc/GMT: nothing, 0, -14 to -1, +0 to +12. The sign is the one of POSIX: -14 is east of Greenwich.
bool is_fixed_offset(std::string_view suffix) {
    if (suffix.empty() || suffix == "0") {
        return true;
    }
    const std::string_view digits = suffix.substr(1);
    const bool is_number =
        (digits.size() == 1 && is_digit(digits[0])) || (digits.size() == 2 && digits[0] == '1' && is_digit(digits[1]));
    if (!is_number) {
        return false;
    }
    const int hours = digits.size() == 1 ? digits[0] - '0' : 10 + (digits[1] - '0');
    return (suffix[0] == '+' && hours <= 12) || (suffix[0] == '-' && hours <= 14);
}

} // namespace

void check_party_size(std::int32_t party_size) {
    if (party_size <= 0) {
        throw Refusal(RefusalKind::invalid_party_size, "party size must be positive, got " + std::to_string(party_size),
                      {}, "Pass the number of seats to hold, 1 or more.", "party_size");
    }
}

void check_party_fits(std::int32_t party_size, std::int32_t least, std::optional<std::int32_t> most) {
    if (party_size < least || (most.has_value() && party_size > *most)) {
        throw Refusal(RefusalKind::invalid_party_size,
                      "party of " + std::to_string(party_size) + " cannot be booked here",
                      "This activity takes parties of " + std::to_string(least) +
                          (most.has_value() ? " to " + std::to_string(*most) + "." : " or more."),
                      {}, "party_size");
    }
}

bool is_email(std::string_view email, std::size_t longest) {
    const auto at = email.rfind('@');
    return email.size() <= longest && at != std::string_view::npos && is_local_part(email.substr(0, at)) &&
           is_domain(email.substr(at + 1));
}

void check_email(std::string_view email) {
    if (!is_email(email, longest_email)) {
        throw Refusal(RefusalKind::invalid_email,
                      "invalid e-mail address of " + std::to_string(email.size()) + " bytes", {},
                      "Expected local@domain.tld of at most 254 bytes, without spaces or quotes.", "email");
    }
}

void check_idempotency_key(std::string_view key) {
    const bool printable = std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < '\x7f'; });
    if (key.size() < 16 || key.size() > 255 || !printable) {
        throw Refusal(RefusalKind::invalid_idempotency_key,
                      "invalid idempotency key of " + std::to_string(key.size()) + " bytes", {},
                      "Pass 16 to 255 printable ASCII characters that nobody can guess, for example a random uuid.",
                      "idempotency_key");
    }
}

void check_hold_length(std::chrono::seconds requested, std::chrono::seconds longest) {
    if (requested < std::chrono::seconds(1) || requested > longest) {
        throw Refusal(RefusalKind::invalid_hold_length,
                      "hold of " + std::to_string(requested.count()) + " seconds is out of range",
                      "This activity allows 1 to " + std::to_string(longest.count()) + " seconds.",
                      "Ask for fewer seconds, or pass NULL for the activity's own length.");
    }
}

void check_days_ahead(std::int32_t days_ahead) {
    constexpr std::int32_t most = 3660;
    if (days_ahead < 0 || days_ahead > most) {
        throw Refusal(RefusalKind::invalid_generation_range, "days_ahead must be between 0 and " +
                                                                 std::to_string(most) + ", got " +
                                                                 std::to_string(days_ahead));
    }
}

void check_limit(std::int32_t limit) {
    constexpr std::int32_t most = 1000;
    if (limit < 1 || limit > most) {
        throw Refusal(RefusalKind::invalid_limit,
                      "limit must be between 1 and " + std::to_string(most) + ", got " + std::to_string(limit));
    }
}

void check_customer_name(std::string_view name) {
    const bool blank = std::all_of(name.begin(), name.end(), [](char c) { return c == ' '; });
    // A line break in a name would become a header of its own in somebody's mail.
    if (blank || has_control_character(name) || characters(name) > 200) {
        throw Refusal(RefusalKind::invalid_customer,
                      "invalid customer name of " + std::to_string(characters(name)) + " characters", {},
                      "Pass 1 to 200 characters without line breaks, or NULL.", "customer_name");
    }
}

bool is_phone(std::string_view phone) {
    const bool well_formed = std::all_of(phone.begin(), phone.end(), [](char c) {
        return is_digit(c) || std::string_view(" +-().x/").find(c) != std::string_view::npos;
    });
    return well_formed && phone.size() <= 40 && std::count_if(phone.begin(), phone.end(), is_digit) >= 3;
}

void check_customer_phone(std::string_view phone) {
    if (!is_phone(phone)) {
        throw Refusal(
            RefusalKind::invalid_customer, "invalid customer phone of " + std::to_string(phone.size()) + " bytes", {},
            "Pass at least three digits, spaces and + - ( ) . / x, 40 characters in all, or NULL.", "customer_phone");
    }
}

// A byte that does not continue a UTF-8 sequence begins a character.
std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool has_control_character(std::string_view text, Lines lines) {
    return std::any_of(text.begin(), text.end(), [lines](char c) {
        const bool breaks_line = c == '\n' || c == '\r' || c == '\t';
        return (static_cast<unsigned char>(c) < 0x20U && !(lines == Lines::many && breaks_line)) || c == '\x7f';
    });
}

bool looks_like_time_zone_name(std::string_view name) {
    if (name == "UTC" || name == "GMT") {
        return true;
    }
    constexpr std::string_view fixed = "Etc/GMT";
    if (name.substr(0, fixed.size()) == fixed) {
        return is_fixed_offset(name.substr(fixed.size()));
    }
    return name.size() <= 64 && name.find('/') != std::string_view::npos && is_letter(name.front()) &&
           name.back() != '/' && name.find("//") == std::string_view::npos &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return is_letter(c) || c == '/' || c == '_' || c == '-'; });
}

} // namespace pgbk::core
