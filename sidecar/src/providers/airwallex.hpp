// Airwallex: a link at which one booking or hold is paid. Pure.
//
// Links are not documented to know a repeated request by its request_id; so before one is made for a second time it is
// looked for by the call's id in its metadata.
#pragma once

#include "providers/payment.hpp"

namespace pgbk::relay {

class Airwallex : public Provider {
public:
    std::string_view name() const override { return "airwallex"; }
    ProviderRate rate() const override { return {10, 10}; }
    ProviderStep begin(const ProviderCall& call, const ProviderAccount& account) const override;
    ProviderStep proceed(const ProviderCall& call, const ProviderAccount& account, const ProviderRequest& asked,
                         const ProviderAnswer& answer) const override;
    std::optional<ProviderRequest> login(const ProviderAccount& account) const override;
    ProviderLoginResult read_login(const ProviderAnswer& answer) const override;
};

} // namespace pgbk::relay
