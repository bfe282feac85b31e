// The refusal that a call ends in.
#pragma once

#include "core/refusal.hpp"

#include <optional>
#include <string>
#include <utility>

namespace pgbk::test {

template <typename Call> std::optional<core::Refusal> refusal_of(Call&& call) {
    try {
        std::forward<Call>(call)();
    } catch (const core::Refusal& refusal) {
        return refusal;
    }
    return std::nullopt;
}

// The name of its code, or "accepted": reads well in a failed expectation.
template <typename Call> std::string outcome_of(Call&& call) {
    const auto refusal = refusal_of(std::forward<Call>(call));
    return refusal.has_value() ? std::string(refusal->code().name) : "accepted";
}

} // namespace pgbk::test
