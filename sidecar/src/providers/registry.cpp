#include "providers/calcom.hpp"
#include "providers/custom.hpp"

#include <array>

namespace pgbk::relay {

const Provider* find_provider(std::string_view name) {
    static const Calcom calcom;
    static const Custom custom;
    static const std::array<const Provider*, 2> all{&calcom, &custom};
    for (const Provider* const provider : all) {
        if (provider->name() == name) {
            return provider;
        }
    }
    return nullptr;
}

} // namespace pgbk::relay
