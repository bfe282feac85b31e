// What news of a payment does.
#pragma once

#include "pg/effect.hpp"

#include "core/provider_event.hpp"

namespace pgbk {

// What an event names.
struct Target {
    std::optional<core::Uuid> booking;
    std::optional<core::Uuid> reservation;
    bool differs = false; // it names two bookings, or one and the hold of another
};
// A token that opens nothing is not made up for by an id, which is no secret.
Target find_target(std::int32_t organization, const core::Subject& subject);

// Raises Refusal retry; whatever else keeps it from being applied is in the effect.
Effect apply_payment(const Sender& sender, const core::ProviderEvent& event);

} // namespace pgbk
