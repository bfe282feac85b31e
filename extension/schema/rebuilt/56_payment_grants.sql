-- Rights on payments. What came in as it came may hold personal data that the booking has not, so that members see what
-- became of it and not the bytes; no column of a secret.

GRANT SELECT ON booking.webhook_sources, booking.payments, booking.refunds TO booking_member, booking_service;
GRANT SELECT (organization_id, id, source_id, external_id, id_is_signed, event_type, occurred_at, received_at, status, reason,
              attempts, next_attempt_at, settled_at, payment_id, booking_id)
    ON booking.payment_events TO booking_member;
GRANT SELECT ON booking.payment_events TO booking_service;
