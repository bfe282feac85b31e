-- Units of activities: whether an activity has any is known where holds look, and what they cost is told.

DROP TRIGGER IF EXISTS note_units_inserted ON booking.activity_units;
CREATE TRIGGER note_units_inserted AFTER INSERT ON booking.activity_units
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.note_units();
DROP TRIGGER IF EXISTS note_units_updated ON booking.activity_units;
CREATE TRIGGER note_units_updated AFTER UPDATE ON booking.activity_units
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.note_units();
DROP TRIGGER IF EXISTS note_units_deleted ON booking.activity_units;
CREATE TRIGGER note_units_deleted AFTER DELETE ON booking.activity_units
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.note_units();

DROP TRIGGER IF EXISTS units_inserted ON booking.activity_units;
CREATE TRIGGER units_inserted AFTER INSERT ON booking.activity_units
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('unit');
DROP TRIGGER IF EXISTS units_updated ON booking.activity_units;
CREATE TRIGGER units_updated AFTER UPDATE ON booking.activity_units
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('unit');
DROP TRIGGER IF EXISTS units_deleted ON booking.activity_units;
CREATE TRIGGER units_deleted AFTER DELETE ON booking.activity_units
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('unit');
