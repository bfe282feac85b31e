-- Who may call what of payments. The functions check whose organization it is.

GRANT EXECUTE ON FUNCTION
    booking.create_webhook_source(integer, text, text, text, jsonb),
    booking.update_webhook_source(uuid, jsonb),
    booking.enable_webhook_source(uuid),
    booking.disable_webhook_source(uuid, text),
    booking.delete_webhook_source(uuid),
    booking.rotate_source_secret(uuid, text, interval),
    booking.resolve_payment(uuid, text, uuid)
    TO booking_member, booking_service;

-- Nobody but the relay: with it come the secrets of sources.
GRANT EXECUTE ON FUNCTION booking.relay_sources() TO booking_relay;
GRANT EXECUTE ON FUNCTION booking.receive_webhook(uuid, bytea, jsonb) TO booking_relay;

GRANT EXECUTE ON FUNCTION booking.retry_payment_events(integer, integer), booking.cleanup_payment_events(integer),
    booking.cancel_unpaid_bookings(integer)
    TO booking_service;
GRANT EXECUTE ON PROCEDURE booking.payment_job() TO booking_service;
