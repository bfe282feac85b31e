-- Who may call what of webhooks. The functions check whose organization it is.

GRANT EXECUTE ON FUNCTION
    booking.create_webhook_endpoint(integer, text, text, text[], text, jsonb),
    booking.update_webhook_endpoint(uuid, jsonb),
    booking.enable_webhook_endpoint(uuid),
    booking.disable_webhook_endpoint(uuid, text),
    booking.delete_webhook_endpoint(uuid),
    booking.rotate_webhook_secret(uuid, text, text, interval),
    booking.test_webhook(uuid),
    booking.test_webhook(integer, text),
    booking.retry_failed_webhooks(integer),
    booking.manually_trigger_webhook(text, uuid),
    booking.replay_webhook_event(uuid, uuid),
    booking.replay_webhook_events(uuid, timestamptz, timestamptz, text[], boolean, integer),
    booking.validate_webhook_config(integer)
    TO booking_member, booking_service;

GRANT EXECUTE ON FUNCTION booking.cleanup_webhook_logs(integer) TO booking_service;

-- The relay: these and nothing else of webhooks. Nobody else, since claims come with the secrets of endpoints.
GRANT EXECUTE ON FUNCTION
    booking.relay_attach(uuid, text, text),
    booking.relay_claim(uuid, integer, integer, uuid),
    booking.relay_complete(uuid, jsonb),
    booking.relay_delivery(uuid),
    booking.relay_status(),
    booking.relay_make_endpoint(integer, text, text),
    booking.receive_booking_event(integer, jsonb),
    booking.relay_origins()
    TO booking_relay;
