// What the relay is told: an optional TOML file, then the environment, which wins. Secrets come from these two only,
// never from the command line, where every user of the machine could read them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace pgbk::relay {

// The account of one organization at one provider, as the file has it.
struct ProviderKeys {
    int organization = 0;
    std::string provider;
    std::map<std::string, std::string, std::less<>> keys; // by the last word of the key

    friend bool operator==(const ProviderKeys&, const ProviderKeys&) = default;
};

// The defaults stand here and, annotated, in sidecar/config/booking-relay.toml; a test compares the two.
struct Config {
    int organization = 0; // 0: none
    std::string site_url;
    std::string log_level = "info";

    std::string database_url; // empty: libpq's own defaults and PG* variables
    int database_connect_timeout_ms = 5'000;
    int database_statement_timeout_ms = 30'000;

    std::string http_address = "*";
    int http_port = 3001;
    std::string http_port_file;
    std::string http_certificate_file;
    std::string http_key_file;
    int http_max_connections = 1'024;
    int http_read_timeout_ms = 10'000;
    int http_body_limit = 1'048'576;
    std::string http_trusted_proxies;

    int outbound_max_in_flight = 256;
    int outbound_claim_limit = 100;
    int outbound_lease_seconds = 60;
    int outbound_poll_ms = 1'000;
    int outbound_connect_timeout_ms = 5'000;
    int outbound_drain_seconds = 20;
    std::string outbound_proxy;
    std::string outbound_ca_file;

    std::string inbound_secret;
    int inbound_failures_per_minute = 60;
    int inbound_connections = 4;

    int gateway_connections = 2; // 0: without the gateway
    std::string gateway_allowed_origins;
    int gateway_create_per_minute = 10;
    int gateway_schedule_per_minute = 20;
    int gateway_change_per_minute = 20;
    int gateway_status_per_minute = 60;
    int gateway_catalogue_per_minute = 300;
    int gateway_hold_per_minute = 30;

    int realtime_connections = 10'000; // 0: without realtime
    int realtime_connections_per_address = 200;
    int realtime_subscriptions = 10;
    int realtime_queue_limit = 1'048'576;
    int realtime_frame_limit = 65'536;
    int realtime_heartbeat_seconds = 25;
    int realtime_recheck_seconds = 60;
    int realtime_availability_ms = 500;
    int realtime_ring = 65'536;
    int realtime_poll_ms = 1'000;
    std::string realtime_allowed_origins;
    std::string realtime_jwt_secret;
    std::string realtime_jwt_audience;
    std::string realtime_jwt_issuer;

    std::string make_url;
    std::string make_secret;

    int providers_max_in_flight = 16; // 0: without calls of providers
    int providers_lease_seconds = 60;
    int providers_poll_ms = 1'000;
    int providers_timeout_ms = 15'000;
    int gateway_payment_wait_ms = 3'000;

    std::string stripe_secret_key;
    std::string stripe_base_url = "https://api.stripe.com";
    std::string airwallex_client_id;
    std::string airwallex_api_key;
    std::string airwallex_base_url = "https://api.airwallex.com";
    std::string calcom_api_key;
    std::string calcom_base_url = "https://api.cal.com";
    std::string calcom_event_type_discovery;
    std::string calcom_event_type_single;
    std::string calcom_event_type_monthly;
    std::string calcom_event_type_quarterly;
    std::string custom_secret;
    std::string custom_base_url;

    // Keys of further organizations, from the file: [organizations.7.stripe] and the like.
    std::vector<ProviderKeys> provider_keys;

    friend bool operator==(const Config&, const Config&) = default;
};

// Its message names the place: file and line, or the variable of the environment.
class ConfigError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

struct LoadedConfig {
    Config config;
    std::map<std::string, std::string, std::less<>>
        origins; // key -> "file:12" or "environment NAME"; no entry: default
};

// An empty path means that there is no file. Variables that are empty count as not set. Throws ConfigError.
LoadedConfig load_config(const std::string& path, const Environment& environment);

// One line a key, "name = value  # origin", as --check-config prints it; secrets are masked.
std::vector<std::string> describe_config(const LoadedConfig& loaded);

// A connection string with what may be a password in it masked, in both of libpq's spellings.
std::string masked_database_url(std::string_view url);

// The part of a URL that says who is talked to: scheme, host and port. A path may be a secret, as Make's is.
std::string url_origin(std::string_view url);

} // namespace pgbk::relay
