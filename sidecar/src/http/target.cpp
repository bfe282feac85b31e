#include "http/target.hpp"

#include "text/ascii.hpp"
#include "text/stored_text.hpp"

#include <algorithm>
#include <utility>

namespace pgbk::relay {

namespace {

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
}

// Calls `take` with each part, empty ones too; stops and says no when it does.
template <class Take> bool each_part(std::string_view text, char separator, Take take) {
    for (;;) {
        const auto end = std::min(text.find(separator), text.size());
        if (!take(text.substr(0, end))) {
            return false;
        }
        if (end == text.size()) {
            return true;
        }
        text.remove_prefix(end + 1);
    }
}

bool add_pair(Query& query, std::string_view pair) {
    if (pair.empty()) {
        return true; // "a=1&&b=2"
    }
    const auto equals = std::min(pair.find('='), pair.size());
    auto name = percent_decoded(pair.substr(0, equals), true);
    auto value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) {
        return false;
    }
    query.emplace(std::move(*name), std::move(*value));
    return true;
}

} // namespace

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += plus_is_space && text[i] == '+' ? ' ' : text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    const bool readable = is_storable(out) && std::none_of(out.begin(), out.end(), is_control);
    return readable ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<Target> parse_target(std::string_view target) {
    Target out;
    const auto question = std::min(target.find('?'), target.size());
    out.path = std::string(target.substr(0, question));
    const bool decoded =
        percent_decoded(out.path) && each_part(target.substr(std::min(question + 1, target.size())), '&',
                                               [&](std::string_view pair) { return add_pair(out.query, pair); });
    return decoded ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<PathParameters> matched(std::string_view pattern, std::string_view path) {
    PathParameters parameters;
    bool more = true; // of the path
    const bool same = each_part(pattern, '/', [&](std::string_view part) {
        const auto end = std::min(path.find('/'), path.size());
        const std::string_view segment = path.substr(0, end);
        const bool had_more = std::exchange(more, end < path.size());
        path.remove_prefix(std::min(end + 1, path.size()));
        if (!had_more || !part.starts_with('{')) {
            return had_more && part == segment;
        }
        const auto value = percent_decoded(segment);
        parameters.emplace(part.substr(1, part.size() - 2), value.value_or(""));
        return value && !value->empty();
    });
    return same && !more ? std::optional(std::move(parameters)) : std::nullopt;
}

} // namespace pgbk::relay
