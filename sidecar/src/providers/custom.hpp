// A payment service of your own: it takes our calls as they are, and answers with facts as they are. docs/relay.md says
// how. Pure.
#pragma once

#include "providers/provider.hpp"

namespace pgbk::relay {

class Custom : public Provider {
public:
    std::string_view name() const override { return "custom"; }
    ProviderStep begin(const ProviderCall& call, const ProviderAccount& account) const override;
    ProviderStep proceed(const ProviderCall& call, const ProviderAccount& account, const ProviderRequest& asked,
                         const ProviderAnswer& answer) const override;
};

} // namespace pgbk::relay
