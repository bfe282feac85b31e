-- Former prices of activities are kept for the holds that were made at them.

DROP TRIGGER IF EXISTS record_prices ON booking.activities;
CREATE TRIGGER record_prices AFTER UPDATE ON booking.activities
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_prices();
