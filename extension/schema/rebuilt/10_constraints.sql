-- Checks and defaults that call the extension's functions. DROP EXTENSION ... CASCADE takes them away (never the
-- columns), so they are made here, on every install().

ALTER TABLE booking.activities DROP CONSTRAINT IF EXISTS activities_schedule_check;
ALTER TABLE booking.activities ADD CONSTRAINT activities_schedule_check CHECK (booking.check_schedule(schedule));
ALTER TABLE booking.venues DROP CONSTRAINT IF EXISTS venues_timezone_check;
ALTER TABLE booking.venues ADD CONSTRAINT venues_timezone_check CHECK (booking.check_time_zone(timezone));
