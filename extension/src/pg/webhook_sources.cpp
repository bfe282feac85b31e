// Sources as their owners see them: made, changed, enabled, disabled, deleted; their secrets. And as relays see them.
#include "core/source_options.hpp"
#include "core/webhook_options.hpp"
#include "core/webhook_secret.hpp"
#include "pg/access.hpp"
#include "pg/digest.hpp"
#include "pg/identity.hpp"
#include "pg/jsonb_node.hpp"
#include "pg/settings.hpp"
#include "pg/webhook_endpoint.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

// The route of the token flow, whose events have names of their own.
constexpr std::string_view legacy_route = "payment-webhook";

[[noreturn]] void refuse_unknown_source(const core::Uuid& id) {
    throw Refusal(RefusalKind::source_not_found, "no source of webhooks has the id " + uuid_text(id));
}

[[noreturn]] void refuse_name(std::string_view name) {
    throw Refusal(RefusalKind::webhook_name_taken,
                  "the organization has a source of webhooks named " + core::quoted(name), {},
                  "Choose another name, or change that source by update_webhook_source().");
}

void check_options(std::string_view scheme, Datum document) {
    (void)core::read_source_options(scheme, *server([&] { return json_tree(DatumGetJsonbP(document)); }));
}

std::string secret_of(std::string_view scheme, const std::optional<std::string_view>& given) {
    if (!given.has_value() && !core::makes_own_secret(scheme)) {
        throw Refusal(RefusalKind::invalid_webhook_source,
                      "the secret of a source of scheme " + std::string(scheme) + " comes from there", {},
                      "Pass the signing secret that the provider shows for the webhook.");
    }
    std::string secret = given.has_value()
                             ? std::string(*given)
                             : core::make_webhook_secret(scheme == "standard" ? "standard" : "hmac", random_bytes());
    core::check_source_secret(scheme, secret);
    return secret;
}

// Old ones are valid for the overlap still; the newest few are enough for any rotation.
void put_source_secret(std::int32_t organization, const core::Uuid& source, std::string_view secret,
                       const Interval* overlap) {
    static constinit Statement limit("UPDATE booking.webhook_source_secrets AS s SET valid_until = $3 + $4"
                                     " WHERE s.organization_id = $1 AND s.source_id = $2"
                                     "   AND (s.valid_until IS NULL OR s.valid_until > $3 + $4)");
    static constinit Statement remove("DELETE FROM booking.webhook_source_secrets AS s"
                                      " WHERE s.organization_id = $1 AND s.source_id = $2"
                                      "   AND (s.valid_until <= $3"
                                      "        OR s.id NOT IN (SELECT x.id FROM booking.webhook_source_secrets AS x"
                                      "                         WHERE x.organization_id = $1 AND x.source_id = $2"
                                      "                         ORDER BY x.valid_from DESC, x.id DESC LIMIT 2))");
    static constinit Statement insert("INSERT INTO booking.webhook_source_secrets (organization_id, source_id, id,"
                                      "       secret, valid_from) VALUES ($1, $2, $3, $4, $5)");
    const Value now = Value::timestamp(settings::now());
    limit.write({organization, source, now, Value::interval(overlap)});
    remove.write({organization, source, now});
    insert.write({organization, source, new_id(organization), secret, now});
}

Datum create_webhook_source_body(Call& call) {
    const std::int32_t organization = int4_argument(call, 0, "organization_id");
    const std::string_view name = text_argument(call, 1, "name");
    const std::string_view scheme = text_argument(call, 2, "scheme");
    const auto given = optional_text(call, 3);
    const Datum options = jsonb_argument(call, 4, "options");
    require_owner(call, organization, "create a source of webhooks");
    core::check_endpoint_name(name);
    core::check_source_scheme(scheme);
    check_options(scheme, options);
    const std::string secret = secret_of(scheme, given);
    check_organization(organization);
    static constinit Statement statement(
        "INSERT INTO booking.webhook_sources (organization_id, id, name, scheme, options)"
        " VALUES ($1, $2, $3, $4, CASE WHEN $6 THEN '{\"legacy_event_names\": true}'::jsonb ELSE '{}' END"
        "         || jsonb_strip_nulls($5))"
        " ON CONFLICT (organization_id, name) DO NOTHING RETURNING id");
    const core::Uuid id = new_id(organization);
    const bool is_legacy = name == legacy_route && scheme == "airwallex";
    if (statement.write({organization, id, name, scheme, Value::jsonb(options), is_legacy}).empty()) {
        refuse_name(name);
    }
    const Interval none{};
    put_source_secret(organization, id, secret, &none);
    wake_relays();
    return record_result(call, {std::string_view(secret), id});
}

// Locks the source of somebody who may change it, and returns its scheme.
std::string_view lock_source(const Call& call, const core::Uuid& id, const char* action) {
    const std::int32_t organization = core::organization_of(id).value_or(0);
    require_owner(call, organization, action);
    static constinit Statement statement("SELECT s.scheme FROM booking.webhook_sources AS s"
                                         " WHERE s.organization_id = $1 AND s.id = $2 FOR UPDATE");
    const Rows rows = statement.write({organization, id});
    if (rows.empty()) {
        refuse_unknown_source(id);
    }
    return rows.bytes(0, 1);
}

// What becomes of the options; a null takes one back to its default.
Datum merged_options(std::int32_t organization, const core::Uuid& id, Datum changes) {
    static constinit Statement statement("SELECT jsonb_strip_nulls(s.options || ($3 - 'name'))"
                                         "  FROM booking.webhook_sources AS s"
                                         " WHERE s.organization_id = $1 AND s.id = $2");
    return statement.write({organization, id, Value::jsonb(changes)}).datum(0, 1);
}

std::optional<std::string_view> new_name(std::int32_t organization, const core::Uuid& id, Datum changes) {
    const core::JsonNode& tree = *server([&] { return json_tree(DatumGetJsonbP(changes)); });
    if (tree.kind != core::JsonKind::object) {
        throw Refusal(RefusalKind::invalid_webhook_options, "changes must be an object");
    }
    const core::JsonNode* const node = core::member(tree, "name");
    if (node == nullptr) {
        return std::nullopt;
    }
    if (node->kind != core::JsonKind::string) {
        throw Refusal(RefusalKind::invalid_webhook_options, "option \"name\" must be a string");
    }
    core::check_endpoint_name(node->text);
    static constinit Statement statement("SELECT 1 FROM booking.webhook_sources AS s"
                                         " WHERE s.organization_id = $1 AND s.name = $3 AND s.id <> $2");
    if (!statement.write({organization, id, node->text}).empty()) {
        refuse_name(node->text);
    }
    return node->text;
}

Datum update_webhook_source_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "source_id");
    const Datum changes = jsonb_argument(call, 1, "changes");
    const std::string_view scheme = lock_source(call, id, "change a source of webhooks");
    const std::int32_t organization = core::organization_of(id).value_or(0);
    const auto name = new_name(organization, id, changes);
    const Datum options = merged_options(organization, id, changes);
    check_options(scheme, options);
    static constinit Statement statement("UPDATE booking.webhook_sources AS s"
                                         "   SET name = COALESCE($3, s.name), options = $4"
                                         " WHERE s.organization_id = $1 AND s.id = $2");
    statement.write({organization, id, text_or_null(name), Value::jsonb(options)});
    wake_relays();
    return Datum{0};
}

void set_source_status(const Call& call, std::string_view status, std::string_view reason, const char* action) {
    const core::Uuid id = uuid_argument(call, 0, "source_id");
    lock_source(call, id, action);
    static constinit Statement statement("UPDATE booking.webhook_sources AS s"
                                         "   SET status = $3, disabled_reason = NULLIF(left($4, 500), '')"
                                         " WHERE s.organization_id = $1 AND s.id = $2");
    statement.write({core::organization_of(id).value_or(0), id, status, reason});
    wake_relays();
}

Datum enable_webhook_source_body(Call& call) {
    set_source_status(call, "active", "", "enable a source of webhooks");
    return Datum{0};
}

Datum disable_webhook_source_body(Call& call) {
    set_source_status(call, "disabled", optional_text(call, 1).value_or(""), "disable a source of webhooks");
    return Datum{0};
}

Datum delete_webhook_source_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "source_id");
    lock_source(call, id, "delete a source of webhooks");
    static constinit Statement statement("DELETE FROM booking.webhook_sources AS s"
                                         " WHERE s.organization_id = $1 AND s.id = $2");
    statement.write({core::organization_of(id).value_or(0), id});
    wake_relays();
    return Datum{0};
}

Datum rotate_source_secret_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "source_id");
    const auto given = optional_text(call, 1);
    const Interval* const overlap = interval_argument(call, 2, "overlap");
    const std::string_view scheme = lock_source(call, id, "rotate the secret of a source");
    check_overlap(*overlap);
    const std::string secret = secret_of(scheme, given);
    put_source_secret(core::organization_of(id).value_or(0), id, secret, overlap);
    wake_relays();
    return text_result(call, secret);
}

Datum relay_sources_body(Call& call) {
    require_relay(call, "see the secrets of sources");
    static constinit Statement statement(
        "SELECT s.id, s.organization_id, s.name, s.scheme, s.options, k.secret,"
        "       extract(epoch FROM k.valid_from)::double precision, extract(epoch FROM k.valid_until)::double precision"
        "  FROM booking.webhook_sources AS s"
        "  JOIN booking.webhook_source_secrets AS k ON k.organization_id = s.organization_id AND k.source_id = s.id"
        " WHERE s.status = 'active' AND (k.valid_until IS NULL OR k.valid_until > $1)"
        " ORDER BY s.organization_id, s.name, k.valid_from DESC, k.id DESC",
        Plan::automatic);
    ResultSet result(call);
    result.add(statement.read({Value::timestamp(settings::now())}));
    return null_result(call);
}

} // namespace

PGBK_WRITER(create_webhook_source, create_webhook_source_body);
PGBK_WRITER(update_webhook_source, update_webhook_source_body);
PGBK_WRITER(enable_webhook_source, enable_webhook_source_body);
PGBK_WRITER(disable_webhook_source, disable_webhook_source_body);
PGBK_WRITER(delete_webhook_source, delete_webhook_source_body);
PGBK_WRITER(rotate_source_secret, rotate_source_secret_body);
PGBK_READER(relay_sources, relay_sources_body);

} // namespace pgbk
