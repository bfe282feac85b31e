// Endpoints as their owners see them: made, changed, enabled, disabled, deleted; their secrets.
#include "core/event_kinds.hpp"
#include "core/webhook_options.hpp"
#include "core/webhook_secret.hpp"
#include "core/webhook_url.hpp"
#include "pg/access.hpp"
#include "pg/array.hpp"
#include "pg/digest.hpp"
#include "pg/identity.hpp"
#include "pg/jsonb_node.hpp"
#include "pg/settings.hpp"
#include "pg/webhook_endpoint.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

constexpr const char* networks_hint = "Ask for it where booking_service is called: it opens the network of the relay.";

// What an input function of the server makes of the text; refuses where it raises. Such functions touch nothing that an
// error would leave behind.
template <class Read> auto read_or_refuse(const std::string& problem, Read read) {
    try {
        return server(read);
    } catch (const ServerError& error) {
        server([&] { FreeErrorData(error.data); });
        throw Refusal(RefusalKind::invalid_webhook_options, problem);
    }
}

const Interval* read_max_age(const std::optional<std::string_view>& text) {
    if (!text.has_value()) {
        return nullptr;
    }
    const std::string copy(*text);
    const char* const bytes = copy.c_str();
    const std::string problem =
        "option \"max_age\" must be an interval from 1 minute to 30 days, got " + core::quoted(*text);
    const Interval* const interval = read_or_refuse(problem, [&] {
        return DatumGetIntervalP(
            DirectFunctionCall3(interval_in, CStringGetDatum(bytes), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
    });
    if (!is_between(*interval, USECS_PER_MINUTE, 30 * USECS_PER_DAY)) {
        throw Refusal(RefusalKind::invalid_webhook_options, problem);
    }
    return interval;
}

// What one organization may have under way at once, of all that relays send for everybody.
void check_share(const Call& call, std::optional<std::int32_t> max_in_flight) {
    constexpr std::int32_t most_for_owners = 32;
    if (max_in_flight.value_or(0) > most_for_owners && !is_trusted(call)) {
        throw Refusal(RefusalKind::invalid_webhook_options,
                      "option \"max_in_flight\" may be at most " + std::to_string(most_for_owners) + ", got " +
                          std::to_string(*max_in_flight),
                      {}, "More is for trusted callers, such as members of booking_service.");
    }
}

void check_networks(const Call& call, const std::optional<std::vector<std::string_view>>& networks) {
    if (!networks.has_value() || networks->empty()) {
        return;
    }
    require_trusted(call, "allow private networks to a webhook", networks_hint);
    for (const std::string_view network : *networks) {
        const std::string copy(network);
        const char* const bytes = copy.c_str();
        (void)read_or_refuse("option \"allowed_networks\" has " + core::quoted(network) + ", which is not a network",
                             [&] { return DirectFunctionCall1(cidr_in, CStringGetDatum(bytes)); });
    }
}

// In our words, each once.
std::vector<std::string> canonical(const std::vector<std::string_view>& events) {
    std::vector<std::string> filters;
    for (const std::string_view event : events) {
        std::string filter = core::canonical_filter(event);
        if (std::find(filters.begin(), filters.end(), filter) == filters.end()) {
            filters.push_back(std::move(filter));
        }
    }
    if (filters.empty()) {
        throw Refusal(RefusalKind::invalid_webhook_options, "events must name at least one kind of event", {},
                      "Pass {*} for all.");
    }
    return filters;
}

Value number_or_null(const std::optional<std::int32_t>& number) {
    return number.has_value() ? Value(*number) : Value::null(INT4OID);
}

const core::JsonNode& tree_of(Datum document) {
    return *server([&] { return json_tree(DatumGetJsonbP(document)); });
}

void check_header_option(const core::JsonNode& document, const core::EndpointOptions& options, bool has_bearer) {
    if (options.has_headers) {
        core::check_headers(*core::member(document, "headers"), has_bearer);
    }
}

[[noreturn]] void refuse_name(std::string_view name) {
    throw Refusal(RefusalKind::webhook_name_taken, "the organization has a webhook named " + core::quoted(name), {},
                  "Choose another name, or change that webhook by update_webhook_endpoint().");
}

Datum create_webhook_endpoint_body(Call& call) {
    NewEndpoint made{int4_argument(call, 0, "organization_id"),
                     text_argument(call, 1, "name"),
                     text_argument(call, 2, "url"),
                     text_argument(call, 4, "preset"),
                     {}};
    const std::vector<std::string_view> events = texts_argument(call, 3, "events");
    const Datum document = jsonb_argument(call, 5, "options");
    require_owner(call, made.organization, "create a webhook endpoint");
    core::check_endpoint_name(made.name);
    core::check_webhook_url(made.url, is_trusted(call));
    core::check_preset(made.preset);
    made.events = canonical(events);
    const core::JsonNode& tree = tree_of(document);
    const core::EndpointOptions options = core::read_endpoint_options(tree, false);
    check_header_option(tree, options, false);
    check_networks(call, options.allowed_networks);
    check_share(call, options.max_in_flight);
    const Interval* const max_age = read_max_age(options.max_age);
    check_organization(made.organization);
    const auto inserted = insert_endpoint(made, options, max_age, document);
    if (!inserted.has_value()) {
        refuse_name(made.name);
    }
    const core::Uuid id = *inserted;
    const std::string secret = core::make_webhook_secret("standard", random_bytes());
    const Interval none{};
    put_secret(made.organization, id, "standard", secret, &none);
    return record_result(call, {id, std::string_view(secret)});
}

// What a change must be checked against.
struct Present {
    bool has_bearer;
    bool has_networks;
    bool sends_keys; // in its headers, or as a secret that is not only a signature's key
};

Present read_present(std::int32_t organization, const core::Uuid& id) {
    static constinit Statement statement(
        "SELECT EXISTS (SELECT 1 FROM booking.webhook_secrets AS s"
        "                WHERE s.organization_id = e.organization_id AND s.endpoint_id = e.id AND s.scheme = 'bearer'"
        "                  AND (s.valid_until IS NULL OR s.valid_until > $3)), e.allowed_networks <> '{}',"
        "       e.headers <> '{}' OR EXISTS (SELECT 1 FROM booking.webhook_secrets AS s"
        "                                     WHERE s.organization_id = e.organization_id AND s.endpoint_id = e.id"
        "                                       AND s.scheme IN ('bearer', 'make_apikey'))"
        "  FROM booking.webhook_endpoints AS e WHERE e.organization_id = $1 AND e.id = $2 FOR UPDATE");
    const Rows rows = statement.write({organization, id, Value::timestamp(settings::now())});
    if (rows.empty()) {
        refuse_unknown_endpoint(id);
    }
    return {rows.boolean(0, 1), rows.boolean(0, 2), rows.boolean(0, 3)};
}

void check_name_is_free(std::int32_t organization, const core::Uuid& id, std::string_view name) {
    static constinit Statement statement("SELECT 1 FROM booking.webhook_endpoints AS e"
                                         " WHERE e.organization_id = $1 AND e.name = $3 AND e.id <> $2");
    if (!statement.write({organization, id, name}).empty()) {
        refuse_name(name);
    }
}

Datum update_webhook_endpoint_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "endpoint_id");
    const Datum document = jsonb_argument(call, 1, "changes");
    const std::int32_t organization = core::organization_of(id).value_or(0);
    require_owner(call, organization, "change a webhook endpoint");
    const core::JsonNode& tree = tree_of(document);
    const core::EndpointOptions options = core::read_endpoint_options(tree, true);
    const Present present = read_present(organization, id);
    check_header_option(tree, options, present.has_bearer);
    check_networks(call, options.allowed_networks);
    check_share(call, options.max_in_flight);
    if (options.url.has_value()) {
        core::check_webhook_url(*options.url, is_trusted(call));
        if (present.has_networks) {
            // Or an owner could look around in a network that was opened for one address.
            require_trusted(call, "change the URL of a webhook that may send to private networks", networks_hint);
        }
        if (present.sends_keys) {
            // Or an owner could have keys sent to an own server that nobody may read, those of the relay's too.
            require_trusted(call, "change the URL of a webhook that sends keys",
                            "Make a new endpoint with keys of its own, and delete this one.");
        }
    }
    if (options.name.has_value()) {
        check_name_is_free(organization, id, *options.name);
    }
    const Interval* const max_age = read_max_age(options.max_age);
    static constinit Statement statement(
        "UPDATE booking.webhook_endpoints AS e"
        "   SET name = COALESCE($3, e.name), url = COALESCE($4, e.url), preset = COALESCE($5, e.preset),"
        "       events = COALESCE($6, e.events), headers = COALESCE($7::jsonb -> 'headers', e.headers),"
        "       max_in_flight = COALESCE($8, e.max_in_flight),"
        "       rate_per_second = CASE WHEN $9 THEN $10::numeric ELSE e.rate_per_second END,"
        "       burst = COALESCE($11, e.burst), timeout_ms = COALESCE($12, e.timeout_ms),"
        "       batch_max = COALESCE($13, e.batch_max),"
        "       allowed_networks = COALESCE($14::cidr[], e.allowed_networks), max_age = COALESCE($15, e.max_age),"
        "       hmac_header = COALESCE($16, e.hmac_header), hmac_prefix = COALESCE($17, e.hmac_prefix),"
        "       hmac_encoding = COALESCE($18, e.hmac_encoding)"
        " WHERE e.organization_id = $1 AND e.id = $2");
    statement.write(
        {organization, id, text_or_null(options.name), text_or_null(options.url), text_or_null(options.preset),
         options.events.has_value() ? filter_array(canonical(*options.events)) : Value::null(TEXTARRAYOID),
         Value::jsonb(document), number_or_null(options.max_in_flight), options.has_rate,
         text_or_null(options.rate_per_second), number_or_null(options.burst), number_or_null(options.timeout_ms),
         number_or_null(options.batch_max), networks_or_null(options),
         max_age == nullptr ? Value::null(INTERVALOID) : Value::interval(max_age), text_or_null(options.hmac_header),
         text_or_null(options.hmac_prefix), text_or_null(options.hmac_encoding)});
    return Datum{0};
}

Datum enable_webhook_endpoint_body(Call& call) {
    enable_endpoint(lock_endpoint(call, uuid_argument(call, 0, "endpoint_id"), "enable a webhook endpoint"));
    return Datum{0};
}

Datum disable_webhook_endpoint_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "endpoint_id");
    const std::string_view reason = optional_text(call, 1).value_or("");
    const Endpoint endpoint = lock_endpoint(call, id, "disable a webhook endpoint");
    disable_endpoint(endpoint.organization, endpoint.id, reason);
    return Datum{0};
}

Datum delete_webhook_endpoint_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "endpoint_id");
    const Endpoint endpoint = lock_endpoint(call, id, "delete a webhook endpoint");
    // In the order in which relays complete them.
    static constinit Statement deliveries(
        "DELETE FROM booking.webhook_deliveries AS d"
        " USING (SELECT x.organization_id, x.id FROM booking.webhook_deliveries AS x"
        "         WHERE x.organization_id = $1 AND x.endpoint_id = $2 ORDER BY x.organization_id, x.id FOR UPDATE) AS n"
        " WHERE d.organization_id = n.organization_id AND d.id = n.id");
    static constinit Statement statement("DELETE FROM booking.webhook_endpoints AS e"
                                         " WHERE e.organization_id = $1 AND e.id = $2");
    deliveries.write({endpoint.organization, endpoint.id});
    statement.write({endpoint.organization, endpoint.id});
    return Datum{0};
}

void check_authorization_is_free(const Endpoint& endpoint) {
    static constinit Statement statement(
        "SELECT 1 FROM booking.webhook_endpoints AS e, jsonb_object_keys(e.headers) AS k"
        " WHERE e.organization_id = $1 AND e.id = $2 AND lower(k) = 'authorization'");
    if (!statement.write({endpoint.organization, endpoint.id}).empty()) {
        throw Refusal(RefusalKind::invalid_webhook_options,
                      "the headers of the webhook have Authorization, which a bearer secret would set", {},
                      "Take it out of the headers first.");
    }
}

Datum rotate_webhook_secret_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "endpoint_id");
    const std::string_view scheme = text_argument(call, 1, "scheme");
    const auto given = optional_text(call, 2);
    const Interval* const overlap = interval_argument(call, 3, "overlap");
    require_owner(call, core::organization_of(id).value_or(0), "rotate a webhook secret");
    core::check_secret_scheme(scheme);
    check_overlap(*overlap);
    const std::string secret =
        given.has_value() ? std::string(*given) : core::make_webhook_secret(scheme, random_bytes());
    core::check_webhook_secret(scheme, secret);
    const Endpoint endpoint = lock_endpoint(call, id, "rotate a webhook secret");
    if (scheme == "bearer") {
        check_authorization_is_free(endpoint);
    }
    put_secret(endpoint.organization, endpoint.id, scheme, secret, overlap);
    return text_result(call, secret);
}

} // namespace

PGBK_WRITER(create_webhook_endpoint, create_webhook_endpoint_body);
PGBK_WRITER(update_webhook_endpoint, update_webhook_endpoint_body);
PGBK_WRITER(enable_webhook_endpoint, enable_webhook_endpoint_body);
PGBK_WRITER(disable_webhook_endpoint, disable_webhook_endpoint_body);
PGBK_WRITER(delete_webhook_endpoint, delete_webhook_endpoint_body);
PGBK_WRITER(rotate_webhook_secret, rotate_webhook_secret_body);

} // namespace pgbk
