-- Triggers of waiting lists: legal changes, events, and the end of the list with that of the sale.

DROP TRIGGER IF EXISTS check_transition ON booking.waitlist_entries;
CREATE TRIGGER check_transition BEFORE UPDATE ON booking.waitlist_entries
    FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION booking.check_transition('waitlist');

DROP TRIGGER IF EXISTS waitlist_entries_inserted ON booking.waitlist_entries;
CREATE TRIGGER waitlist_entries_inserted AFTER INSERT ON booking.waitlist_entries
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('waitlist');
DROP TRIGGER IF EXISTS waitlist_entries_updated ON booking.waitlist_entries;
CREATE TRIGGER waitlist_entries_updated AFTER UPDATE ON booking.waitlist_entries
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('waitlist');

-- Also where somebody sets the status of a session by hand.
DROP TRIGGER IF EXISTS close_waitlist ON booking.sessions;
CREATE TRIGGER close_waitlist AFTER UPDATE OF status ON booking.sessions
    FOR EACH ROW WHEN (NEW.status <> 'open' AND NEW.waiting > 0)
    EXECUTE FUNCTION booking.close_waitlist();
