// Who may be told what: by the claims of a token that the relay has verified, or by the token of a booking.
#include "core/booking_request.hpp"
#include "core/refusal.hpp"
#include "pg/access.hpp"
#include "pg/arguments.hpp"
#include "pg/digest.hpp"
#include "pg/jsonb_node.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

constexpr std::size_t longest_user = 255;
constexpr std::string_view role_of_trusted_servers = "service_role"; // as Supabase calls it

// The claim, if it is there: empty and null are as good as absent.
std::string_view text_claim(const core::JsonNode& claims, std::string_view name) {
    const core::JsonNode* const claim = core::member(claims, name);
    if (claim == nullptr || claim->kind == core::JsonKind::null) {
        return {};
    }
    if (claim->kind != core::JsonKind::string || claim->text.size() > longest_user) {
        throw Refusal(RefusalKind::invalid_claims, "the claim \"" + std::string(name) +
                                                       "\" is not a string of at most " + std::to_string(longest_user) +
                                                       " bytes");
    }
    return claim->text;
}

Datum relay_identity_body(Call& call) {
    const Datum document = jsonb_argument(call, 0, "claims");
    require_relay(call, "see who has a token");
    const core::JsonNode* const claims = server([&] { return json_tree(DatumGetJsonbP(document)); });
    if (claims->kind != core::JsonKind::object) {
        throw Refusal(RefusalKind::invalid_claims, "the claims are not an object");
    }
    const std::string_view user = text_claim(*claims, "sub");
    const bool is_service = text_claim(*claims, "role") == role_of_trusted_servers;
    static constinit Statement statement(
        "SELECT jsonb_build_object('user', NULLIF($1, ''), 'service', $2, 'organizations', COALESCE(("
        "           SELECT jsonb_agg(jsonb_build_object('id', m.organization_id, 'role', m.role)"
        "                            ORDER BY m.organization_id)"
        "             FROM booking.organization_members AS m WHERE m.user_id = $1), '[]'))");
    return copied_result(call, statement.read({user, is_service}), 0, 1);
}

Datum relay_booking_body(Call& call) {
    const std::string_view text = text_argument(call, 0, "token");
    require_relay(call, "see which booking has a token");
    const core::BookingToken token = core::read_booking_token(text, "token");
    const Digest hash = sha256_of(as_bytes(token.token));
    static constinit Statement statement(
        "SELECT jsonb_build_object('booking_id', b.id, 'organization_id', b.organization_id)"
        "  FROM booking.bookings AS b WHERE b.organization_id = $1 AND b.token_hash = $2");
    const Rows rows = statement.read({token.organization, Value::bytea(as_bytes(hash))});
    if (rows.empty()) {
        throw Refusal(RefusalKind::booking_not_found, "no booking has this token");
    }
    return copied_result(call, rows, 0, 1);
}

} // namespace

PGBK_READER(relay_identity, relay_identity_body);
PGBK_READER(relay_booking, relay_booking_body);

} // namespace pgbk
