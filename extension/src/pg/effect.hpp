// What became of an event that a source has sent.
#pragma once

#include "core/source_options.hpp"
#include "pg/arguments.hpp"

namespace pgbk {

// Who sent it. Plain data of the call.
struct Sender {
    std::int32_t organization;
    core::Uuid id;
    std::string_view name;
    std::string_view scheme;
    core::SourceOptions options;
};

struct Effect {
    std::string_view status; // of payment_events
    std::string reason;      // empty where it was simply applied
    std::optional<core::Uuid> payment = std::nullopt;
    std::optional<core::Uuid> booking = std::nullopt;
};

inline Effect failed_effect(std::string reason) {
    return {"failed", std::move(reason)};
}

inline Value uuid_or_null(const std::optional<core::Uuid>& id) {
    return id.has_value() ? Value(*id) : Value::null(UUIDOID);
}

} // namespace pgbk
