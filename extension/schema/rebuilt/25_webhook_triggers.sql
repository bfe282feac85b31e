-- Deliveries of events to webhooks.

DROP TRIGGER IF EXISTS stamp_row ON booking.webhook_endpoints;
CREATE TRIGGER stamp_row BEFORE INSERT OR UPDATE ON booking.webhook_endpoints
    FOR EACH ROW EXECUTE FUNCTION booking.stamp_row();
DROP TRIGGER IF EXISTS booking_events_webhook_trigger ON booking.booking_events;
CREATE TRIGGER booking_events_webhook_trigger AFTER INSERT ON booking.booking_events
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.trigger_booking_event_webhook();
-- Holds look whether anybody wants to hear of them.
DROP TRIGGER IF EXISTS renew_rules_version ON booking.webhook_endpoints;
CREATE TRIGGER renew_rules_version AFTER INSERT OR DELETE OR UPDATE OF status, events ON booking.webhook_endpoints
    FOR EACH ROW EXECUTE FUNCTION booking.renew_rules_version();
