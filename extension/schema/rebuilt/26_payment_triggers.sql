-- Sources of webhooks: ids and updated_at.

DROP TRIGGER IF EXISTS stamp_row ON booking.webhook_sources;
CREATE TRIGGER stamp_row BEFORE INSERT OR UPDATE ON booking.webhook_sources
    FOR EACH ROW EXECUTE FUNCTION booking.stamp_row();
