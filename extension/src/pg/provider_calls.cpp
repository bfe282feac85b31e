// The intent of a call of a provider, written in the transaction that causes it.
#include "pg/provider_calls.hpp"

#include "core/token.hpp"
#include "pg/digest.hpp"
#include "pg/effect.hpp"
#include "pg/identity.hpp"
#include "pg/notify.hpp"
#include "pg/settings.hpp"

namespace pgbk {

core::Uuid queue_provider_call(const ProviderCallIntent& intent) {
    static constinit Statement statement(
        "INSERT INTO booking.provider_calls (organization_id, id, provider, action, booking_id, reservation_id,"
        "       about_call_id, request, return_token, idempotency_key, next_attempt_at, expires_at, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)");
    const core::Uuid id = new_id(intent.organization);
    const std::string key = core::token_text(random_bytes());
    const TimestampTz now = settings::now();
    statement.write({intent.organization, id, intent.provider, intent.action, uuid_or_null(intent.booking),
                     uuid_or_null(intent.reservation), uuid_or_null(intent.about), Value::jsonb(intent.request),
                     text_or_null(intent.return_token), std::string_view(key),
                     Value::timestamp(intent.not_before.value_or(now)), Value::timestamp(intent.expires_at),
                     Value::timestamp(now)});
    notify_of_work();
    return id;
}

} // namespace pgbk
