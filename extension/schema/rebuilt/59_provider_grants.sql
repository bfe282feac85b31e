-- Rights on calls of providers: no role reads the token, the key or the page in them.

GRANT SELECT (organization_id, id, provider, action, booking_id, reservation_id, about_call_id, status, attempts,
              uncertain, http_status, reason, next_attempt_at, expires_at, check_at, checks, created_at, finished_at)
    ON booking.provider_calls TO booking_member, booking_service;
GRANT SELECT ON booking.provider_call_log TO booking_member, booking_service;
