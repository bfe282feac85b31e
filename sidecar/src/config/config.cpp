#include "config/config.hpp"

#include "http/origin.hpp"
#include "net/address.hpp"
#include "realtime/token_keys.hpp"
#include "text/ascii.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>
#include <variant>

namespace pgbk::relay {

namespace {

enum class Secrecy { open, secret, database_url, url };

struct Number {
    int Config::*member;
    int least;
    int most;
};

using Text = std::string Config::*;

struct Key {
    std::string_view name;
    std::variant<Text, Number> target;
    std::string_view variable = {};
    std::string_view other_variable = {}; // of lower rank
    Secrecy secrecy = Secrecy::open;
};

constexpr int million = 1'000'000;

const std::array keys{
    Key{"organization", Number{&Config::organization, 0, 2'147'483'647}, "BOOKING_ORGANIZATION"},
    Key{"site_url", &Config::site_url, "NEXT_PUBLIC_APP_URL", "VITE_SITE_URL"},
    Key{"log_level", &Config::log_level},
    Key{"database.url", &Config::database_url, "BOOKING_DATABASE_URL", {}, Secrecy::database_url},
    Key{"database.connect_timeout_ms", Number{&Config::database_connect_timeout_ms, 100, 60'000}},
    Key{"database.statement_timeout_ms", Number{&Config::database_statement_timeout_ms, 1'000, 600'000}},
    Key{"http.address", &Config::http_address},
    Key{"http.port", Number{&Config::http_port, 0, 65'535}},
    Key{"http.port_file", &Config::http_port_file},
    Key{"http.certificate_file", &Config::http_certificate_file},
    Key{"http.key_file", &Config::http_key_file},
    Key{"http.max_connections", Number{&Config::http_max_connections, 8, million}},
    Key{"http.read_timeout_ms", Number{&Config::http_read_timeout_ms, 100, 600'000}},
    Key{"http.body_limit", Number{&Config::http_body_limit, 1'024, 16 * 1'048'576}},
    Key{"http.trusted_proxies", &Config::http_trusted_proxies},
    Key{"outbound.max_in_flight", Number{&Config::outbound_max_in_flight, 1, 10'000}},
    Key{"outbound.claim_limit", Number{&Config::outbound_claim_limit, 1, 1'000}},
    Key{"outbound.lease_seconds", Number{&Config::outbound_lease_seconds, 40, 3'600}},
    Key{"outbound.poll_ms", Number{&Config::outbound_poll_ms, 50, 60'000}},
    Key{"outbound.connect_timeout_ms", Number{&Config::outbound_connect_timeout_ms, 100, 60'000}},
    Key{"outbound.drain_seconds", Number{&Config::outbound_drain_seconds, 0, 3'600}},
    Key{"outbound.proxy", &Config::outbound_proxy, {}, {}, Secrecy::url},
    Key{"outbound.ca_file", &Config::outbound_ca_file},
    Key{"inbound.secret", &Config::inbound_secret, "SUPABASE_WEBHOOK_SECRET", {}, Secrecy::secret},
    Key{"inbound.failures_per_minute", Number{&Config::inbound_failures_per_minute, 1, million}},
    Key{"inbound.connections", Number{&Config::inbound_connections, 1, 64}},
    Key{"gateway.connections", Number{&Config::gateway_connections, 0, 4}},
    Key{"gateway.allowed_origins", &Config::gateway_allowed_origins},
    Key{"gateway.create_per_minute", Number{&Config::gateway_create_per_minute, 1, million}},
    Key{"gateway.schedule_per_minute", Number{&Config::gateway_schedule_per_minute, 1, million}},
    Key{"gateway.change_per_minute", Number{&Config::gateway_change_per_minute, 1, million}},
    Key{"gateway.status_per_minute", Number{&Config::gateway_status_per_minute, 1, million}},
    Key{"gateway.catalogue_per_minute", Number{&Config::gateway_catalogue_per_minute, 1, million}},
    Key{"gateway.hold_per_minute", Number{&Config::gateway_hold_per_minute, 1, million}},
    Key{"realtime.connections", Number{&Config::realtime_connections, 0, million}},
    Key{"realtime.connections_per_address", Number{&Config::realtime_connections_per_address, 1, million}},
    Key{"realtime.subscriptions", Number{&Config::realtime_subscriptions, 1, 1'000}},
    Key{"realtime.queue_limit", Number{&Config::realtime_queue_limit, 65'536, 64 * 1'048'576}},
    Key{"realtime.frame_limit", Number{&Config::realtime_frame_limit, 1'024, 1'048'576}},
    Key{"realtime.heartbeat_seconds", Number{&Config::realtime_heartbeat_seconds, 1, 50}},
    Key{"realtime.recheck_seconds", Number{&Config::realtime_recheck_seconds, 1, 3'600}},
    Key{"realtime.availability_ms", Number{&Config::realtime_availability_ms, 50, 60'000}},
    Key{"realtime.ring", Number{&Config::realtime_ring, 1, million}},
    Key{"realtime.poll_ms", Number{&Config::realtime_poll_ms, 50, 60'000}},
    Key{"realtime.allowed_origins", &Config::realtime_allowed_origins},
    Key{"realtime.jwt_secret", &Config::realtime_jwt_secret, "SUPABASE_JWT_SECRET", "JWT_SECRET", Secrecy::secret},
    Key{"realtime.jwt_audience", &Config::realtime_jwt_audience},
    Key{"realtime.jwt_issuer", &Config::realtime_jwt_issuer},
    Key{"gateway.payment_wait_ms", Number{&Config::gateway_payment_wait_ms, 0, 20'000}},
    Key{"providers.max_in_flight", Number{&Config::providers_max_in_flight, 0, 1'000}},
    Key{"providers.lease_seconds", Number{&Config::providers_lease_seconds, 10, 3'600}},
    Key{"providers.poll_ms", Number{&Config::providers_poll_ms, 50, 60'000}},
    Key{"providers.timeout_ms", Number{&Config::providers_timeout_ms, 100, 60'000}},
    Key{"stripe.secret_key", &Config::stripe_secret_key, "STRIPE_SECRET_KEY", {}, Secrecy::secret},
    Key{"stripe.base_url", &Config::stripe_base_url, "STRIPE_BASE_URL"},
    Key{"airwallex.client_id", &Config::airwallex_client_id, "AIRWALLEX_CLIENT_ID"},
    Key{"airwallex.api_key", &Config::airwallex_api_key, "AIRWALLEX_API_KEY", {}, Secrecy::secret},
    Key{"airwallex.base_url", &Config::airwallex_base_url, "AIRWALLEX_BASE_URL"},
    Key{"calcom.api_key", &Config::calcom_api_key, "CAL_API_KEY", {}, Secrecy::secret},
    Key{"calcom.base_url", &Config::calcom_base_url, "CAL_BASE_URL"},
    Key{"calcom.event_type_discovery", &Config::calcom_event_type_discovery, "CAL_DISCOVERY_EVENT_TYPE_ID"},
    Key{"calcom.event_type_single", &Config::calcom_event_type_single, "CAL_SINGLE_EVENT_TYPE_ID"},
    Key{"calcom.event_type_monthly", &Config::calcom_event_type_monthly, "CAL_MONTHLY_EVENT_TYPE_ID"},
    Key{"calcom.event_type_quarterly", &Config::calcom_event_type_quarterly, "CAL_QUARTERLY_EVENT_TYPE_ID"},
    Key{"custom.secret", &Config::custom_secret, "CUSTOM_PROVIDER_SECRET", {}, Secrecy::secret},
    Key{"custom.base_url", &Config::custom_base_url, "CUSTOM_PROVIDER_URL"},
    Key{"make.url", &Config::make_url, "MAKE_WEBHOOK_URL", {}, Secrecy::url},
    Key{"make.secret", &Config::make_secret, "MAKE_WEBHOOK_SECRET", {}, Secrecy::secret},
};

void assign_number(Config& config, const Key& key, std::int64_t value, const std::string& place) {
    const auto& number = std::get<Number>(key.target);
    if (value < number.least || value > number.most) {
        throw ConfigError(place + ": " + std::string(key.name) + " must be a number from " +
                          std::to_string(number.least) + " to " + std::to_string(number.most));
    }
    config.*number.member = static_cast<int>(value);
}

void assign_text(Config& config, const Key& key, const std::string& value, const std::string& place) {
    // None of these is ever printed with its value: the value may be the secret that was put at the wrong place.
    if (value.find_first_of(std::string_view("\0\r\n", 3)) != std::string::npos) {
        throw ConfigError(place + ": " + std::string(key.name) + " contains a line break or a NUL");
    }
    config.*std::get<Text>(key.target) = value;
}

void read_variable(LoadedConfig& loaded, const Key& key, std::string_view name, const Environment& environment) {
    if (name.empty()) {
        return;
    }
    const std::string variable(name);
    const auto value = environment(variable);
    if (!value || value->empty()) {
        return;
    }
    const std::string place = "environment " + variable;
    if (std::holds_alternative<Text>(key.target)) {
        assign_text(loaded.config, key, *value, place);
    } else {
        std::int64_t number = 0;
        const auto* end = value->data() + value->size();
        const auto [at, error] = std::from_chars(value->data(), end, number);
        if (error != std::errc() || at != end) {
            number = -1; // below each of the ranges
        }
        assign_number(loaded.config, key, number, place);
    }
    loaded.origins[std::string(key.name)] = place;
}

// [organizations.7.stripe] secret_key = "...": what stripe.secret_key is for the relay's own organization.
void read_provider_key(LoadedConfig& loaded, ProviderKeys& account, const std::string& name, const std::string& word,
                       const toml::node& node, const std::string& place) {
    const std::string own = account.provider + "." + word;
    const auto* const key = std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.name == own; });
    const bool is_event_type = account.provider == "calcom" && word.starts_with("event_type_");
    if (key == keys.end() && !is_event_type) {
        throw ConfigError(place + ": unknown key \"" + name + "\"");
    }
    const auto* const text = node.as_string();
    if (text == nullptr) {
        throw ConfigError(place + ": " + name + " must be a string");
    }
    if (text->get().find_first_of(std::string_view("\0\r\n", 3)) != std::string::npos) {
        throw ConfigError(place + ": " + name + " contains a line break or a NUL");
    }
    account.keys[word] = text->get();
    loaded.origins[name] = place;
}

void read_organizations(LoadedConfig& loaded, const toml::table& table, const std::string& path) {
    static const std::set<std::string_view> providers{"stripe", "airwallex", "calcom", "custom"};
    const auto place_of = [&](const toml::key& key) { return path + ":" + std::to_string(key.source().begin.line); };
    for (const auto& [number, organization] : table) {
        ProviderKeys account;
        const std::string digits(number.str());
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), account.organization);
        if (error != std::errc() || end != digits.data() + digits.size() || account.organization <= 0 ||
            !organization.is_table()) {
            throw ConfigError(place_of(number) + ": organizations needs the numbers of organizations, as in "
                                                 "[organizations.7.stripe]");
        }
        for (const auto& [provider, inner] : *organization.as_table()) {
            account.provider = std::string(provider.str());
            account.keys.clear();
            const std::string name = "organizations." + digits + "." + account.provider;
            if (!providers.contains(account.provider) || !inner.is_table()) {
                throw ConfigError(place_of(provider) + ": unknown table \"" + name + "\"");
            }
            for (const auto& [word, node] : *inner.as_table()) {
                read_provider_key(loaded, account, name + "." + std::string(word.str()), std::string(word.str()), node,
                                  place_of(word));
            }
            loaded.config.provider_keys.push_back(account);
        }
    }
}

void read_table(LoadedConfig& loaded, const toml::table& table, const std::string& prefix, const std::string& path) {
    for (const auto& [toml_key, node] : table) {
        const std::string name = prefix + std::string(toml_key.str());
        const std::string place = path + ":" + std::to_string(toml_key.source().begin.line);
        if (const auto* inner = node.as_table()) {
            if (name == "organizations") {
                read_organizations(loaded, *inner, path);
                continue;
            }
            const bool known =
                std::any_of(keys.begin(), keys.end(), [&](const Key& key) { return key.name.starts_with(name + "."); });
            if (!known) {
                throw ConfigError(place + ": unknown table \"" + name + "\"");
            }
            read_table(loaded, *inner, name + ".", path);
            continue;
        }
        const auto* const key = std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.name == name; });
        if (key == keys.end()) {
            throw ConfigError(place + ": unknown key \"" + name + "\"");
        }
        if (std::holds_alternative<Text>(key->target)) {
            const auto* const text = node.as_string();
            if (text == nullptr) {
                throw ConfigError(place + ": " + name + " must be a string");
            }
            assign_text(loaded.config, *key, text->get(), place);
        } else {
            const auto* const number = node.as_integer();
            assign_number(loaded.config, *key, number == nullptr ? -1 : number->get(), place);
        }
        loaded.origins[name] = place;
    }
}

void read_file(LoadedConfig& loaded, const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    // An empty file is fine, and would set failbit.
    if (!file || (file.peek() != std::ifstream::traits_type::eof() && !(text << file.rdbuf()))) {
        throw ConfigError(path + ": cannot be read");
    }
    try {
        read_table(loaded, toml::parse(text.str(), path), "", path);
    } catch (const toml::parse_error& error) {
        throw ConfigError(path + ":" + std::to_string(error.source().begin.line) + ": " +
                          std::string(error.description()));
    }
}

bool is_web_url(std::string_view url) {
    const auto origin = url_origin(url);
    return !origin.empty() && url.find_first_of(" \t\"<>\\^`{|}") == std::string_view::npos;
}

class Check {
public:
    explicit Check(const LoadedConfig& loaded) : loaded_(loaded) {}

    void require(bool kept, std::string_view key, const std::string& rule) const {
        if (kept) {
            return;
        }
        const auto origin = loaded_.origins.find(key);
        throw ConfigError((origin == loaded_.origins.end() ? "configuration" : origin->second) + ": " +
                          std::string(key) + " " + rule);
    }

private:
    const LoadedConfig& loaded_;
};

void check_providers(const Config& config, const Check& check) {
    const std::pair<const char*, const std::string*> urls[] = {{"stripe.base_url", &config.stripe_base_url},
                                                               {"airwallex.base_url", &config.airwallex_base_url},
                                                               {"calcom.base_url", &config.calcom_base_url},
                                                               {"custom.base_url", &config.custom_base_url}};
    for (const auto& [name, url] : urls) {
        check.require(url->empty() || is_web_url(*url), name, "must be an http or https URL");
    }
    const std::pair<const char*, const std::string*> secrets[] = {{"stripe.secret_key", &config.stripe_secret_key},
                                                                  {"airwallex.api_key", &config.airwallex_api_key},
                                                                  {"calcom.api_key", &config.calcom_api_key},
                                                                  {"custom.secret", &config.custom_secret}};
    for (const auto& [name, secret] : secrets) {
        check.require(secret->empty() || config.organization > 0, name,
                      "needs an organization (BOOKING_ORGANIZATION), whose account it is");
    }
    check.require(config.airwallex_api_key.empty() == config.airwallex_client_id.empty(), "airwallex.api_key",
                  "and airwallex.client_id need each other");
    for (const auto& account : config.provider_keys) {
        const auto url = account.keys.find("base_url");
        const std::string name = "organizations." + std::to_string(account.organization) + "." + account.provider;
        check.require(url == account.keys.end() || is_web_url(url->second), name + ".base_url",
                      "must be an http or https URL");
        check.require(account.organization != config.organization, name,
                      "is the organization whose keys have tables of their own, as [" + account.provider + "]");
    }
    // A request must fit into the lease, with the time to report it.
    check.require(config.providers_lease_seconds * 1000 >= config.providers_timeout_ms + 6'000,
                  "providers.lease_seconds", "must be longer than providers.timeout_ms by six seconds");
}

void check(const LoadedConfig& loaded) {
    const Config& config = loaded.config;
    const Check check(loaded);
    static const std::set<std::string_view> levels{"trace", "debug", "info", "warn", "error"};
    check.require(levels.contains(config.log_level), "log_level", "must be trace, debug, info, warn or error");
    check.require(config.site_url.empty() || is_web_url(config.site_url), "site_url", "must be an http or https URL");
    check.require(!config.http_address.empty(), "http.address", "must be an address, or \"*\" for all");
    check.require(config.http_certificate_file.empty() || !config.http_key_file.empty(), "http.certificate_file",
                  "needs http.key_file as well");
    check.require(config.http_key_file.empty() || !config.http_certificate_file.empty(), "http.key_file",
                  "needs http.certificate_file as well");
    check.require(parse_networks(config.http_trusted_proxies).has_value(), "http.trusted_proxies",
                  "must be addresses or networks with commas between them, such as \"10.0.0.0/8, ::1\"");
    check.require(config.inbound_secret.empty() || config.inbound_secret.size() >= 16, "inbound.secret",
                  "must have 16 characters or more");
    check.require(config.inbound_secret.empty() || config.organization > 0, "inbound.secret",
                  "needs an organization (BOOKING_ORGANIZATION), to which the events belong");
    check.require(parse_origins(config.gateway_allowed_origins).has_value(), "gateway.allowed_origins",
                  "must be origins with commas between them, such as \"https://example.com, http://localhost:5173\"");
    check.require(parse_origins(config.realtime_allowed_origins).has_value(), "realtime.allowed_origins",
                  "must be origins with commas between them, such as \"https://example.com, http://localhost:5173\"");
    check.require(parse_token_keys(config.realtime_jwt_secret).has_value(), "realtime.jwt_secret",
                  "must be secrets of 32 bytes or more, with blanks between them, each alone or as kid:secret");
    check_providers(config, check);
    check.require(config.make_url.empty() || is_web_url(config.make_url), "make.url", "must be an http or https URL");
    check.require(config.make_url.empty() || config.organization > 0, "make.url",
                  "needs an organization (BOOKING_ORGANIZATION), whose events go there");
    check.require(config.make_secret.empty() || !config.make_url.empty(), "make.secret", "needs make.url as well");
}

std::string shown(const Config& config, const Key& key) {
    if (const auto* number = std::get_if<Number>(&key.target)) {
        return std::to_string(config.*number->member);
    }
    const std::string& value = config.*std::get<Text>(key.target);
    if (value.empty()) {
        return "\"\"";
    }
    switch (key.secrecy) {
    case Secrecy::secret:
        return "\"****\"";
    case Secrecy::database_url:
        return "\"" + masked_database_url(value) + "\"";
    case Secrecy::url:
        return "\"" + url_origin(value) + "/****\"";
    case Secrecy::open:
        break;
    }
    return "\"" + value + "\"";
}

} // namespace

LoadedConfig load_config(const std::string& path, const Environment& environment) {
    LoadedConfig loaded;
    if (!path.empty()) {
        read_file(loaded, path);
    }
    for (const Key& key : keys) {
        read_variable(loaded, key, key.other_variable, environment);
        read_variable(loaded, key, key.variable, environment);
    }
    check(loaded);
    return loaded;
}

std::vector<std::string> describe_config(const LoadedConfig& loaded) {
    std::vector<std::string> lines;
    for (const Key& key : keys) {
        const auto origin = loaded.origins.find(key.name);
        lines.push_back(std::string(key.name) + " = " + shown(loaded.config, key) + "  # " +
                        (origin == loaded.origins.end() ? "default" : origin->second));
    }
    for (const auto& account : loaded.config.provider_keys) {
        for (const auto& [word, value] : account.keys) {
            const std::string name =
                "organizations." + std::to_string(account.organization) + "." + account.provider + "." + word;
            const bool is_open = word == "base_url" || word == "client_id" || word.starts_with("event_type_");
            lines.push_back(name + " = " + (is_open ? "\"" + value + "\"" : "\"****\"") + "  # " +
                            loaded.origins.at(name));
        }
    }
    return lines;
}

std::string masked_database_url(std::string_view url) {
    if (url.starts_with("postgresql://") || url.starts_with("postgres://")) {
        const auto start = url.find("//") + 2;
        const auto query = url.find('?', start);
        const auto authority = url.substr(start, std::min(url.find('/', start), query) - start);
        // A password may itself contain an unescaped @: the last one is what ends it.
        const auto at = authority.rfind('@');
        const auto colon = authority.find(':');
        std::string out(url.substr(0, start));
        if (at != std::string_view::npos && colon < at) {
            out += authority.substr(0, colon);
            out += ":****";
            out += authority.substr(at);
        } else {
            out += authority;
        }
        const auto rest = start + authority.size();
        out += url.substr(rest, query == std::string_view::npos ? query : query - rest);
        // password, sslpassword and whatever else may be secret: the parameters are not shown.
        return query == std::string_view::npos ? out : out + "?****";
    }
    // key = 'value' pairs: everything from the first password on.
    const auto password = url.find("password");
    return std::string(url.substr(0, password)) + (password == std::string_view::npos ? "" : "password=****");
}

std::string url_origin(std::string_view url) {
    const auto scheme_end = url.find("://");
    const std::string scheme = lower_case(url.substr(0, scheme_end == std::string_view::npos ? 0 : scheme_end));
    if (scheme != "http" && scheme != "https") {
        return {};
    }
    const auto start = scheme_end + 3;
    auto authority = url.substr(start, url.find_first_of("/?#", start) - start);
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        authority.remove_prefix(at + 1); // user and password
    }
    return authority.empty() ? std::string() : scheme + "://" + std::string(authority);
}

} // namespace pgbk::relay
