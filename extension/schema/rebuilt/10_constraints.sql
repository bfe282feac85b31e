-- Checks and defaults that call the extension's functions. DROP EXTENSION ... CASCADE takes them away (never the
-- columns), so they are made here, on every install().

ALTER TABLE booking.activities DROP CONSTRAINT IF EXISTS activities_schedule_check;
ALTER TABLE booking.activities ADD CONSTRAINT activities_schedule_check CHECK (booking.check_schedule(schedule));
ALTER TABLE booking.venues DROP CONSTRAINT IF EXISTS venues_timezone_check;
ALTER TABLE booking.venues ADD CONSTRAINT venues_timezone_check CHECK (booking.check_time_zone(timezone));

-- An id that carries another organization could not be found by it. Holds and bookings get their ids from the functions,
-- and sessions are checked by integrity_check(), where a check on each take would cost too much.
ALTER TABLE booking.venues DROP CONSTRAINT IF EXISTS venues_id_check;
ALTER TABLE booking.venues ADD CONSTRAINT venues_id_check CHECK (booking.organization_of(id) IS NOT DISTINCT FROM organization_id);
ALTER TABLE booking.activities DROP CONSTRAINT IF EXISTS activities_id_check;
ALTER TABLE booking.activities ADD CONSTRAINT activities_id_check CHECK (booking.organization_of(id) IS NOT DISTINCT FROM organization_id);
