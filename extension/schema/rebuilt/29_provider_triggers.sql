-- Where nothing is to be paid any more, pages of providers on which it could be are closed. Fired for each row, so that
-- WHEN keeps all other changes from costing anything.

DROP TRIGGER IF EXISTS end_payment_calls ON booking.bookings;
CREATE TRIGGER end_payment_calls AFTER UPDATE OF status ON booking.bookings
    FOR EACH ROW
    WHEN (NEW.status = 'cancelled' AND OLD.status <> 'cancelled')
    EXECUTE FUNCTION booking.end_payment_calls('booking');
DROP TRIGGER IF EXISTS end_payment_calls ON booking.slot_reservations;
CREATE TRIGGER end_payment_calls AFTER UPDATE OF status ON booking.slot_reservations
    FOR EACH ROW
    WHEN (NEW.payment_call_id IS NOT NULL AND OLD.status = 'pending' AND NEW.status IN ('expired', 'cancelled'))
    EXECUTE FUNCTION booking.end_payment_calls('reservation');
