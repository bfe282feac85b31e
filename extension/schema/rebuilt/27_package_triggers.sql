-- Packages: their time runs from the payment. And the record of changes, beside the events.

DROP TRIGGER IF EXISTS start_scheduling ON booking.bookings;
CREATE TRIGGER start_scheduling BEFORE UPDATE ON booking.bookings
    FOR EACH ROW
    WHEN (OLD.status = 'pending' AND NEW.status = 'paid' AND NEW.schedule_days IS NOT NULL)
    EXECUTE FUNCTION booking.start_scheduling();

DROP TRIGGER IF EXISTS call_off_appointments ON booking.bookings;
CREATE TRIGGER call_off_appointments AFTER UPDATE ON booking.bookings
    FOR EACH ROW
    WHEN (OLD.status <> 'cancelled' AND NEW.status = 'cancelled' AND NEW.package_id IS NOT NULL)
    EXECUTE FUNCTION booking.call_off_appointments();

DROP TRIGGER IF EXISTS changes_inserted ON booking.bookings;
CREATE TRIGGER changes_inserted AFTER INSERT ON booking.bookings
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_changes();
DROP TRIGGER IF EXISTS changes_updated ON booking.bookings;
CREATE TRIGGER changes_updated AFTER UPDATE ON booking.bookings
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_changes();
DROP TRIGGER IF EXISTS changes_deleted ON booking.bookings;
CREATE TRIGGER changes_deleted AFTER DELETE ON booking.bookings
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_changes();

-- Not even the owner changes the record by mistake.
DROP TRIGGER IF EXISTS refuse_change ON booking.booking_changes;
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON booking.booking_changes
    FOR EACH STATEMENT EXECUTE FUNCTION booking.refuse_change();
