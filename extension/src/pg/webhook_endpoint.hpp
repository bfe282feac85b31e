// One endpoint: finding it, locking it, ending it.
#pragma once

#include "core/webhook_options.hpp"
#include "pg/arguments.hpp"
#include "pg/webhook_state.hpp"

namespace pgbk {

struct Endpoint {
    std::int32_t organization;
    core::Uuid id;
    bool is_active;
    EndpointState state;
};

[[noreturn]] void refuse_unknown_endpoint(const core::Uuid& id);

// Throws Refusal organization_not_found.
void check_organization(std::int32_t organization);

struct NewEndpoint {
    std::int32_t organization;
    std::string_view name;
    std::string_view url;
    std::string_view preset;
    std::vector<std::string> events; // canonical
};

// All of it checked. What the options leave out is the preset's; max_age may be nullptr; document is the options, for
// its headers. Returns nothing if the organization has an endpoint of this name.
std::optional<core::Uuid> insert_endpoint(const NewEndpoint& made, const core::EndpointOptions& options,
                                          const Interval* max_age, Datum document);

// Parameters of what was given, or NULL.
Value filter_array(const std::vector<std::string>& filters);
Value networks_or_null(const core::EndpointOptions& options);

// Checks that the caller may act as an owner of the endpoint's organization, and locks its state. Throws Refusal
// endpoint_not_found. action is for the message: "delete a webhook endpoint".
Endpoint lock_endpoint(const Call& call, const core::Uuid& id, const char* action);

// The state must be locked by the caller. reason may be empty.
void disable_endpoint(std::int32_t organization, const core::Uuid& id, std::string_view reason);

// Does the reverse, from now on: what is parked is due, and failures are forgotten.
void enable_endpoint(const Endpoint& endpoint);

// How long an old secret is valid along with a new one: up to 30 days. Throws Refusal invalid_webhook_secret.
void check_overlap(const Interval& overlap);

// A new secret; those of the same scheme are valid for the overlap still. The state must be locked.
void put_secret(std::int32_t organization, const core::Uuid& endpoint, std::string_view scheme, std::string_view secret,
                const Interval* overlap);

} // namespace pgbk
