-- Who may call what of providers.

GRANT EXECUTE ON FUNCTION booking.request_payment(uuid, text) TO booking_public, booking_customer, booking_member,
    booking_service;
GRANT EXECUTE ON FUNCTION booking.retry_provider_call(uuid) TO booking_member, booking_service;
GRANT EXECUTE ON FUNCTION booking.cleanup_provider_calls(integer) TO booking_service;
GRANT EXECUTE ON FUNCTION booking.relay_claim_calls(uuid, integer, integer, jsonb),
    booking.relay_complete_call(uuid, uuid, bigint, jsonb) TO booking_relay;
