#include "providers/accounts.hpp"

namespace pgbk::relay {

namespace {

// Whether there is what it takes to be asked by us.
bool is_complete(const ProviderAccount& account) {
    const std::string_view key = account.provider == "custom"   ? "secret"
                                 : account.provider == "stripe" ? "secret_key"
                                                                : "api_key";
    return account.organization > 0 && !account.base_url.empty() && !account.key(key).empty() &&
           (account.provider != "airwallex" || !account.key("client_id").empty());
}

std::string without_slash(std::string url) {
    while (url.ends_with('/')) {
        url.pop_back();
    }
    return url;
}

} // namespace

std::vector<ProviderAccount> provider_accounts(const Config& config) {
    const auto own = [&](const char* provider, const std::string& base_url,
                         std::map<std::string, std::string, std::less<>> keys) {
        return ProviderAccount{config.organization, provider, base_url, std::move(keys), config.site_url, {}};
    };
    const std::map<std::string, std::string, std::less<>> base_urls{{"stripe", config.stripe_base_url},
                                                                    {"airwallex", config.airwallex_base_url},
                                                                    {"calcom", config.calcom_base_url},
                                                                    {"custom", config.custom_base_url}};
    std::vector<ProviderAccount> known{
        own("stripe", config.stripe_base_url, {{"secret_key", config.stripe_secret_key}}),
        own("airwallex", config.airwallex_base_url,
            {{"client_id", config.airwallex_client_id}, {"api_key", config.airwallex_api_key}}),
        own("calcom", config.calcom_base_url,
            {{"api_key", config.calcom_api_key},
             {"event_type_discovery", config.calcom_event_type_discovery},
             {"event_type_single", config.calcom_event_type_single},
             {"event_type_monthly", config.calcom_event_type_monthly},
             {"event_type_quarterly", config.calcom_event_type_quarterly}}),
        own("custom", config.custom_base_url, {{"secret", config.custom_secret}})};
    for (const auto& [organization, provider, keys] : config.provider_keys) {
        ProviderAccount account = own(provider.c_str(), base_urls.at(provider), keys);
        account.organization = organization;
        if (const auto found = keys.find("base_url"); found != keys.end()) {
            account.base_url = found->second;
        }
        known.push_back(std::move(account));
    }
    std::vector<ProviderAccount> accounts;
    for (auto& account : known) {
        account.base_url = without_slash(account.base_url);
        account.site_url = without_slash(account.site_url);
        if (is_complete(account)) {
            accounts.push_back(std::move(account));
        }
    }
    return accounts;
}

std::string accounts_json(const std::vector<const ProviderAccount*>& accounts) {
    boost::json::object out;
    for (const auto* const account : accounts) {
        auto& providers = out[std::to_string(account->organization)];
        if (!providers.is_array()) {
            providers.emplace_array();
        }
        providers.get_array().emplace_back(account->provider);
    }
    return boost::json::serialize(out);
}

} // namespace pgbk::relay
