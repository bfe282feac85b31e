-- Events: what happened, in the transaction in which it happened.

CREATE FUNCTION booking.record_events() RETURNS trigger
    AS 'MODULE_PATHNAME', 'pgbk_record_events' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.record_events() IS
    'Trigger: writes booking_events for the changed rows of the entity that its argument names, and notifies listeners';

CREATE FUNCTION booking.event_kinds(OUT kind text, OUT entity text, OUT audience text, OUT description text)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pgbk_event_kinds' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 40;
COMMENT ON FUNCTION booking.event_kinds() IS
    'Every kind of event, the widest circle that may see it (public, owner, full), and its description, in which {} is the name of what it is about';

CREATE FUNCTION booking.event_audience(kind text) RETURNS text
    AS 'MODULE_PATHNAME', 'pgbk_event_audience' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION booking.event_audience(text) IS
    'The widest circle that may see events of the kind (public, owner, full); NULL for a kind that is none of ours; BK001';

CREATE FUNCTION booking.event_description(kind text, subject text) RETURNS text
    AS 'MODULE_PATHNAME', 'pgbk_event_description' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION booking.event_description(text, text) IS
    'One line on an event of the kind, with the name of what it is about if that is known; BK001';

CREATE FUNCTION booking.canonical_event_filter(filter text) RETURNS text
    AS 'MODULE_PATHNAME', 'pgbk_canonical_event_filter' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION booking.canonical_event_filter(text) IS
    'A filter of events in the words of event_kinds(): a kind, an entity as in booking.*, or *; accepts booking:checkin, library.* and the like; BK001, BK014';

CREATE FUNCTION booking.maintain_event_partitions(
    days_ahead integer DEFAULT 7, keep_days integer DEFAULT 90,
    OUT created integer, OUT moved bigint, OUT deleted bigint, OUT dropped integer, OUT skipped integer)
    AS 'MODULE_PATHNAME', 'pgbk_maintain_event_partitions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.maintain_event_partitions(integer, integer) IS
    'Makes the daily partitions of booking_events for today and the days ahead, moves events there that had gone to DEFAULT, and drops the days that are older than keep_days, with the places of their events; skipped partitions were in use, the next run takes them; BK001, BK013';
