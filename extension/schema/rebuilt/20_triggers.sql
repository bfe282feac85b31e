-- Triggers of the catalogue: ids where none was given, updated_at, legal changes of status.

DROP TRIGGER IF EXISTS stamp_row ON booking.venues;
CREATE TRIGGER stamp_row BEFORE INSERT OR UPDATE ON booking.venues
    FOR EACH ROW EXECUTE FUNCTION booking.stamp_row();
DROP TRIGGER IF EXISTS stamp_row ON booking.activities;
CREATE TRIGGER stamp_row BEFORE INSERT OR UPDATE ON booking.activities
    FOR EACH ROW EXECUTE FUNCTION booking.stamp_row();
DROP TRIGGER IF EXISTS stamp_row ON booking.schedule_exceptions;
CREATE TRIGGER stamp_row BEFORE INSERT OR UPDATE ON booking.schedule_exceptions
    FOR EACH ROW EXECUTE FUNCTION booking.stamp_row();
DROP TRIGGER IF EXISTS stamp_row ON booking.customers;
CREATE TRIGGER stamp_row BEFORE INSERT OR UPDATE ON booking.customers
    FOR EACH ROW EXECUTE FUNCTION booking.stamp_row();

DROP TRIGGER IF EXISTS check_transition ON booking.bookings;
CREATE TRIGGER check_transition BEFORE UPDATE ON booking.bookings
    FOR EACH ROW
    WHEN ((OLD.status, OLD.payment_status, OLD.refund_status)
          IS DISTINCT FROM (NEW.status, NEW.payment_status, NEW.refund_status))
    EXECUTE FUNCTION booking.check_transition('booking');
DROP TRIGGER IF EXISTS check_transition ON booking.slot_reservations;
CREATE TRIGGER check_transition BEFORE UPDATE ON booking.slot_reservations
    FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION booking.check_transition('reservation');
