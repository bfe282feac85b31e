// application/x-www-form-urlencoded, with the nested names of Stripe: a[b][0]. Pure.
#pragma once

#include <string>
#include <string_view>

namespace pgbk::relay {

// Everything but letters, digits, '-', '.', '_' and '~' as %XX.
std::string percent_encoded(std::string_view text);

class Form {
public:
    // The brackets of a name stay as they are.
    void add(std::string_view name, std::string_view value);
    void add_if_any(std::string_view name, std::string_view value); // not if it is empty

    const std::string& text() const { return text_; }

private:
    std::string text_;
};

} // namespace pgbk::relay
