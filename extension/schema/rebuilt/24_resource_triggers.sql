-- Resources and blocked periods: ids, updated_at, events.

ALTER TABLE booking.resources DROP CONSTRAINT IF EXISTS resources_id_check;
ALTER TABLE booking.resources ADD CONSTRAINT resources_id_check CHECK (booking.organization_of(id) IS NOT DISTINCT FROM organization_id);
DROP TRIGGER IF EXISTS stamp_row ON booking.resources;
CREATE TRIGGER stamp_row BEFORE INSERT OR UPDATE ON booking.resources
    FOR EACH ROW EXECUTE FUNCTION booking.stamp_row();

DROP TRIGGER IF EXISTS resources_inserted ON booking.resources;
CREATE TRIGGER resources_inserted AFTER INSERT ON booking.resources
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('resource');
DROP TRIGGER IF EXISTS resources_updated ON booking.resources;
CREATE TRIGGER resources_updated AFTER UPDATE ON booking.resources
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('resource');
DROP TRIGGER IF EXISTS resources_deleted ON booking.resources;
CREATE TRIGGER resources_deleted AFTER DELETE ON booking.resources
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('resource');

DROP TRIGGER IF EXISTS uses_inserted ON booking.activity_resources;
CREATE TRIGGER uses_inserted AFTER INSERT ON booking.activity_resources
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('use');
DROP TRIGGER IF EXISTS uses_updated ON booking.activity_resources;
CREATE TRIGGER uses_updated AFTER UPDATE ON booking.activity_resources
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('use');
DROP TRIGGER IF EXISTS uses_deleted ON booking.activity_resources;
CREATE TRIGGER uses_deleted AFTER DELETE ON booking.activity_resources
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('use');

DROP TRIGGER IF EXISTS periods_inserted ON booking.blocked_periods;
CREATE TRIGGER periods_inserted AFTER INSERT ON booking.blocked_periods
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('period');
DROP TRIGGER IF EXISTS periods_deleted ON booking.blocked_periods;
CREATE TRIGGER periods_deleted AFTER DELETE ON booking.blocked_periods
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('period');
