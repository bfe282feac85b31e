#include "providers/airwallex.hpp"
#include "providers/calcom.hpp"
#include "providers/custom.hpp"
#include "providers/stripe.hpp"

#include <array>

namespace pgbk::relay {

const Provider* find_provider(std::string_view name) {
    static const Airwallex airwallex;
    static const Calcom calcom;
    static const Custom custom;
    static const Stripe stripe;
    static const std::array<const Provider*, 4> all{&airwallex, &calcom, &custom, &stripe};
    for (const Provider* const provider : all) {
        if (provider->name() == name) {
            return provider;
        }
    }
    return nullptr;
}

} // namespace pgbk::relay
