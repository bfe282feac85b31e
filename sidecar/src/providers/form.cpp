#include "providers/form.hpp"

namespace pgbk::relay {

namespace {

constexpr std::string_view unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

void append_encoded(std::string& out, std::string_view text, std::string_view also_kept) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    for (const char c : text) {
        if (unreserved.find(c) != std::string_view::npos || also_kept.find(c) != std::string_view::npos) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4U];
        out += digits[byte & 0xFU];
    }
}

} // namespace

std::string percent_encoded(std::string_view text) {
    std::string out;
    append_encoded(out, text, {});
    return out;
}

void Form::add(std::string_view name, std::string_view value) {
    text_ += text_.empty() ? "" : "&";
    append_encoded(text_, name, "[]");
    text_ += '=';
    append_encoded(text_, value, {});
}

void Form::add_if_any(std::string_view name, std::string_view value) {
    if (!value.empty()) {
        add(name, value);
    }
}

} // namespace pgbk::relay
