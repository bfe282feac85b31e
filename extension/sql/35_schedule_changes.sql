-- What an activity needs besides seats, when nothing takes place, and sessions that a schedule has left behind.

CREATE FUNCTION booking.use_resource(
    activity_id uuid, resource_id uuid, buffer_before_minutes integer DEFAULT 0, buffer_after_minutes integer DEFAULT 0)
    RETURNS boolean
    AS 'MODULE_PATHNAME', 'pgbk_use_resource' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.use_resource(uuid, uuid, integer, integer) IS
    'From now on each session of the activity that is sold has the resource for itself, so long before and after it; refused where sessions that are sold already would share it. True if it was not so already. Owners and trusted callers; BK040, BK103, BK140, BK270';

CREATE FUNCTION booking.stop_using_resource(activity_id uuid, resource_id uuid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'pgbk_stop_using_resource' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.stop_using_resource(uuid, uuid) IS
    'The activity does not need the resource any more; what its sessions have of it is free. True if it did. Owners and trusted callers; BK103, BK140';

CREATE FUNCTION booking.block_period(
    subject_id uuid, starts_at timestamptz, ends_at timestamptz, reason text DEFAULT NULL)
    RETURNS TABLE (period_id uuid, session_id uuid, activity_id uuid, start_time timestamptz, end_time timestamptz,
                   seats_taken integer, outcome text)
    AS 'MODULE_PATHNAME', 'pgbk_block_period' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 100;
COMMENT ON FUNCTION booking.block_period(uuid, timestamptz, timestamptz, text) IS
    'Nothing takes place at a venue, of an activity, or with a resource, whose id it is, from then until then: sessions in it are closed (outcome closed, or was_closed), and none are made. Bookings stay: a row for each session, with the seats taken. Staff and trusted callers; BK020, BK041';

CREATE FUNCTION booking.unblock_period(period_id uuid)
    RETURNS TABLE (id uuid, session_id uuid, activity_id uuid, start_time timestamptz, end_time timestamptz,
                   seats_taken integer, outcome text)
    AS 'MODULE_PATHNAME', 'pgbk_unblock_period' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 100;
COMMENT ON FUNCTION booking.unblock_period(uuid) IS
    'Ends a blocked period: sessions that it has closed are opened, or still_blocked by another; those that were not made are made by the next generation. Staff and trusted callers; BK141';

CREATE FUNCTION booking.apply_schedule_change(activity_id uuid, dry_run boolean DEFAULT false)
    RETURNS TABLE (outcome text, session_id uuid, start_time timestamptz, end_time timestamptz, seats_taken integer)
    AS 'MODULE_PATHNAME', 'pgbk_apply_schedule_change' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 100;
COMMENT ON FUNCTION booking.apply_schedule_change(uuid, boolean) IS
    'After a schedule, exception or time zone was changed: sessions to come that no longer fit are removed, or kept and flagged off_schedule where seats of them are taken, and missing ones are added for the dates that were generated before; a row for each. dry_run only reports. Staff and trusted callers; BK103, BK401';

CREATE FUNCTION booking.set_venue_timezone(venue_id uuid, timezone text, dry_run boolean DEFAULT false)
    RETURNS TABLE (activity_id uuid, session_id uuid, start_time timestamptz, end_time timestamptz,
                   local_start timestamp, seats_taken integer)
    AS 'MODULE_PATHNAME', 'pgbk_set_venue_timezone' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 100;
COMMENT ON FUNCTION booking.set_venue_timezone(uuid, text, boolean) IS
    'Gives a venue another time zone, in which its schedules are meant from then on, and returns the sessions to come that do not fit them there, with their civil start in it. No session and no booking moves: apply_schedule_change removes what is not sold. dry_run only reports. Owners and trusted callers; BK008, BK107';
