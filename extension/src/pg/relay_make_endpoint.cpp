// The endpoint of Make.com as the relay's environment configures it: MAKE_WEBHOOK_URL and MAKE_WEBHOOK_SECRET.
#include "core/webhook_secret.hpp"
#include "core/webhook_url.hpp"
#include "pg/access.hpp"
#include "pg/webhook_endpoint.hpp"

namespace pgbk {

namespace {

struct MakeEndpoint {
    core::Uuid id;
    bool is_new_url;
};

// The endpoint named make, with this URL.
MakeEndpoint find_or_make(std::int32_t organization, std::string_view url) {
    static constinit Statement find("SELECT e.id, e.url <> $2 FROM booking.webhook_endpoints AS e"
                                    " WHERE e.organization_id = $1 AND e.name = 'make' FOR UPDATE");
    static constinit Statement change("UPDATE booking.webhook_endpoints AS e SET url = $3, preset = 'make'"
                                      " WHERE e.organization_id = $1 AND e.id = $2");
    Rows rows = find.write({organization, url});
    if (rows.empty()) {
        const Datum no_options = server([] { return DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")); });
        const auto made = insert_endpoint({organization, "make", url, "make", {"*"}}, {}, nullptr, no_options);
        if (made.has_value()) {
            return {*made, false};
        }
        rows = find.write({organization, url}); // a rival was faster
    }
    const MakeEndpoint found{rows.uuid(0, 1), rows.boolean(0, 2)};
    if (found.is_new_url) {
        change.write({organization, found.id, url});
    }
    return found;
}

void keep_secret(std::int32_t organization, const core::Uuid& id, const std::optional<std::string_view>& secret) {
    static constinit Statement current(
        "SELECT s.secret FROM booking.webhook_secrets AS s"
        " WHERE s.organization_id = $1 AND s.endpoint_id = $2 AND s.scheme = 'make_apikey' AND s.valid_until IS NULL"
        " ORDER BY s.valid_from DESC, s.id DESC LIMIT 1");
    static constinit Statement remove("DELETE FROM booking.webhook_secrets AS s"
                                      " WHERE s.organization_id = $1 AND s.endpoint_id = $2"
                                      "   AND s.scheme = 'make_apikey'");
    if (!secret.has_value()) {
        remove.write({organization, id});
        return;
    }
    const Rows rows = current.write({organization, id});
    if (rows.empty() || rows.bytes(0, 1) != *secret) {
        Interval day{};
        day.day = 1;
        put_secret(organization, id, "make_apikey", *secret, &day);
    }
}

Datum relay_make_endpoint_body(Call& call) {
    const std::int32_t organization = int4_argument(call, 0, "organization_id");
    const std::string_view url = text_argument(call, 1, "url");
    auto secret = optional_text(call, 2);
    require_relay(call, "configure the webhook of Make.com");
    core::check_webhook_url(url, true);
    if (secret.has_value()) {
        core::check_webhook_secret("make_apikey", *secret);
    }
    check_organization(organization);
    const MakeEndpoint made = find_or_make(organization, url);
    const std::vector<EndpointState> states = lock_states({organization}, {made.id});
    keep_secret(organization, made.id, secret);
    if (made.is_new_url) {
        enable_endpoint({organization, made.id, false, states.front()});
    }
    return uuid_result(call, made.id);
}

} // namespace

PGBK_WRITER(relay_make_endpoint, relay_make_endpoint_body);

} // namespace pgbk
