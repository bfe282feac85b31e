// Cal.com, API v2: appointments that are made, moved, called off and looked up.
//
// Cal.com knows no idempotency key. What may have been done already (no answer came, or nobody could keep it) is looked
// up before it is asked for again: what we make carries the call's key in its metadata.
#pragma once

#include "providers/provider.hpp"

namespace pgbk::relay {

class Calcom : public Provider {
public:
    std::string_view name() const override { return "calcom"; }
    // 120 requests a minute are allowed; a few are left to others who use the key.
    ProviderRate rate() const override { return {1.5, 20}; }

    ProviderStep begin(const ProviderCall& call, const ProviderAccount& account) const override;
    ProviderStep proceed(const ProviderCall& call, const ProviderAccount& account, const ProviderRequest& asked,
                         const ProviderAnswer& answer) const override;
};

} // namespace pgbk::relay
