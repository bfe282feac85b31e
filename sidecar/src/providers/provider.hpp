// A provider of payments or of a calendar: which requests a call takes, and what their answers say. Pure: no network,
// no clock, no state of its own. The machinery (calls.hpp) claims, sends, logs in, waits and reports.
//
// A call begins with begin(). Each answer to a request that was asked for goes to proceed(), which asks for the next
// one or says how the call has ended. `uncertain` calls were sent before, by a relay that could not say what came of
// it: where repeating a request under its key is not safe, the first request looks whether it has been done.
//
// What requests and facts look like is written in migration 0019_provider_calls.sql.
#pragma once

#include <boost/json.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pgbk::relay {

// What a provider needs to be asked by us: from the configuration.
struct ProviderAccount {
    int organization = 0;
    std::string provider; // "stripe", "airwallex", "calcom", "custom"
    std::string base_url; // without a slash at its end
    // Keys of the account by the last word of their configuration key: secret_key; client_id, api_key; api_key and
    // event_type_<package>.
    std::map<std::string, std::string, std::less<>> keys;
    std::string site_url;     // where buyers come back to, without a slash at its end; may be empty
    std::string access_token; // of the login, for providers that have one

    std::string_view key(std::string_view name) const {
        const auto found = keys.find(name);
        return found == keys.end() ? std::string_view() : std::string_view(found->second);
    }
};

// A row of booking.relay_claim_calls.
struct ProviderCall {
    std::string id;
    std::string lease_token;
    int organization = 0;
    std::string provider;
    std::string action;
    boost::json::object request;
    std::string idempotency_key; // 43 characters of A-Z a-z 0-9 - _
    bool uncertain = false;
    int attempt = 0; // from 1
    double now = 0;  // Unix seconds, by the database
};

struct ProviderRequest {
    std::string step;            // says in proceed() what this was
    std::string method = "POST"; // or GET
    std::string path;            // with the query, after the base URL; what comes from data is percent-encoded
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::string memo; // anything that proceed() wants to know
};

struct ProviderAnswer {
    int status = 0;                                           // 0: none came
    std::vector<std::pair<std::string, std::string>> headers; // names in lower case
    std::string body;
    bool complete = false; // the body was read to its end
    bool sent = true;      // false: it certainly did not reach the provider (no name, no connection, no TLS)
    std::string error;     // why none came
    std::optional<std::chrono::seconds> retry_after;

    std::string_view header(std::string_view name) const {
        for (const auto& [key, value] : headers) {
            if (key == name) {
                return value;
            }
        }
        return {};
    }
};

// How a call ends.
struct Done {
    boost::json::object facts;
};
// This attempt has done nothing, and a later one may.
struct Retry {
    std::string reason; // no secret, no personal data
    std::optional<std::chrono::seconds> after = std::nullopt;
    bool holds_account = false; // all calls of the account wait as long
};
// Nobody knows whether it has done something: the next attempt has `uncertain`.
struct Ambiguous {
    std::string reason;
    std::optional<std::chrono::seconds> after = std::nullopt;
};
// It cannot be done, now or later. An earlier attempt whose answer was lost may have done it all the same, unless a
// look at the provider has shown that nothing of it is open.
struct Refused {
    std::string reason;
    bool is_certain = false;
};
// The access token is not valid, or there is none: log in and repeat this request. A second time in one call it is a
// Retry.
struct NeedsLogin {};

using ProviderStep = std::variant<ProviderRequest, Done, Retry, Ambiguous, Refused, NeedsLogin>;

struct ProviderLogin {
    std::string access_token;
    double valid_until = 0; // Unix seconds; a margin is taken off by the machinery
};
using ProviderLoginResult = std::variant<ProviderLogin, Retry>;

// Requests that an account allows, as far as it is known beforehand.
struct ProviderRate {
    double per_second = 25;
    int burst = 25;
};

class Provider {
public:
    Provider() = default;
    virtual ~Provider() = default;
    Provider(const Provider&) = delete;
    Provider& operator=(const Provider&) = delete;

    virtual std::string_view name() const = 0;
    virtual ProviderRate rate() const { return {}; }

    virtual ProviderStep begin(const ProviderCall& call, const ProviderAccount& account) const = 0;
    virtual ProviderStep proceed(const ProviderCall& call, const ProviderAccount& account, const ProviderRequest& asked,
                                 const ProviderAnswer& answer) const = 0;

    // A provider that has logins is asked for one before begin() where the account has none that is valid.
    virtual std::optional<ProviderRequest> login(const ProviderAccount& /*account*/) const { return std::nullopt; }
    virtual ProviderLoginResult read_login(const ProviderAnswer& /*answer*/) const { return Retry{"has no login"}; }
};

// The providers of this build, by name; nullptr: none of that name. Each is one file: stripe.cpp, airwallex.cpp,
// calcom.cpp, custom.cpp.
const Provider* find_provider(std::string_view name);

} // namespace pgbk::relay
