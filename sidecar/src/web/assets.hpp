// The files of sidecar/web, which the build puts into the binary.
#pragma once

#include <span>
#include <string_view>

namespace pgbk::relay {

struct Asset {
    std::string_view name; // "widget.js"
    std::string_view text;
};

std::span<const Asset> assets();

} // namespace pgbk::relay
