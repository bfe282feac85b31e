-- Rights on what webhooks consist of. All columns of an endpoint but its headers, which may hold keys; no column of a
-- secret.

GRANT SELECT (organization_id, id, name, url, preset, events, status, disabled_reason, max_in_flight, rate_per_second,
              burst, timeout_ms, batch_max, allowed_networks, max_age, hmac_header, hmac_prefix, hmac_encoding,
              created_at, updated_at)
    ON booking.webhook_endpoints TO booking_member, booking_service;
GRANT SELECT ON booking.webhook_endpoint_states, booking.webhook_deliveries, booking.webhook_attempts,
                booking.webhook_logs, booking.webhook_stats TO booking_member, booking_service;
GRANT SELECT ON booking.received_events, booking.relay_instances TO booking_service;
