-- What a visitor's page reads: the catalogue of what can be booked, and the visitor's own hold. The clock stands at
-- Monday 2027-03-01 12:00 UTC.

BEGIN;
\ir shared/fixture.sql
SELECT public.plan(34);

UPDATE booking.venues SET embed_key = 'boathouse', allowed_origins = '{https://river.example}'
 WHERE id = pg_temp.id('venue');
UPDATE booking.venues SET embed_key = 'boathouse' WHERE id = pg_temp.id('far venue');
UPDATE booking.activities SET payment_url = 'https://pay.example/x?hold={reservationId}' WHERE id = pg_temp.id('massage');
SELECT count(pg_temp.add_session(s.name, 1, 'tour', s.start_time::timestamptz, 4, s.status))
  FROM (VALUES ('past', '2027-03-01 11:59 UTC', 'open'), ('soon', '2027-03-01 12:01 UTC', 'open'),
               ('closed', '2027-03-02 09:00 UTC', 'closed'), ('off', '2027-03-02 11:00 UTC', 'cancelled'),
               ('last', '2027-03-07 23:30 UTC', 'open'), ('later', '2027-03-08 09:00 UTC', 'open'))
    AS s (name, start_time, status) \g /dev/null
SELECT pg_temp.hold('ann', 'tour 9', 3) \g /dev/null
SELECT pg_temp.hold('ben', 'massage 9', 2) \g /dev/null
SELECT pg_temp.hold('cho', 'court 9', 2) \g /dev/null

CREATE FUNCTION pg_temp.refusal(statement text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    field text;
BEGIN
    EXECUTE statement;
    RETURN 'was not refused';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS field = COLUMN_NAME;
    RETURN trim(SQLSTATE || ' ' || field);
END $$;
CREATE FUNCTION pg_temp.sessions(from_date text DEFAULT NULL, to_date text DEFAULT NULL) RETURNS text STABLE
    LANGUAGE sql AS $$
    SELECT string_agg(format('%s %s %s/%s', COALESCE(n.name, 'nameless'), s.value ->> 'status',
                             s.value ->> 'seats_available', s.value ->> 'capacity_total'), ', ' ORDER BY s.ordinality)
      FROM jsonb_array_elements(booking.public_activity_sessions(pg_temp.id('tour'), from_date, to_date) -> 'sessions')
           WITH ORDINALITY AS s
      LEFT JOIN pg_temp.named AS n ON n.id = (s.value ->> 'id')::uuid $$;

SET LOCAL ROLE booking_public;

-- Venues.
SELECT public.is(booking.public_venue(1, 'boathouse') - 'id',
                 '{"name": "Boathouse", "embed_key": "boathouse", "timezone": "Europe/Berlin"}',
                 'a venue is what the public may see of it');
SELECT public.is(booking.public_venue(2, 'boathouse') ->> 'name', 'Cabin', 'a key is found within its organization');
SELECT public.is(pg_temp.refusal($$ SELECT booking.public_venue(1, 'nowhere1') $$), 'BK107', 'or nowhere');
SELECT public.is(pg_temp.refusal($$ SELECT booking.public_venue(1, NULL) $$), 'BK001 embed_key', 'NULL is no key');

-- Activities.
SELECT public.is(
    (SELECT string_agg(a.value ->> 'name', ' ' ORDER BY a.ordinality)
       FROM jsonb_array_elements(booking.public_venue_activities(1, 'boathouse') -> 'activities')
            WITH ORDINALITY AS a), 'court massage tour', 'activities come by name');
SELECT public.is(
    jsonb_path_query_first(booking.public_venue_activities(1, 'boathouse'), '$.activities[1]') - 'id',
    '{"name": "massage", "capacity": 4, "price_minor": 2500, "price_basis": "seat", "currency": "EUR",
      "party_size_min": 1, "party_size_max": 2,
      "min_notice_seconds": 0, "max_advance_seconds": null}', 'with what a page needs, and nothing else');
SELECT public.is(pg_temp.refusal($$ SELECT booking.public_venue_activities(1, 'nowhere1') $$), 'BK107',
                 'of an unknown venue there are none');

-- Sessions.
SELECT public.is(pg_temp.sessions(), 'soon open 4/4, closed closed 0/4, tour 9 open 1/4, tour 11 open 4/4, last open 4/4',
                 'a week of sessions that have not started and take place, with their free seats');
SELECT public.is(pg_temp.sessions('2027-03-03', '2027-03-03'), 'tour 9 open 1/4, tour 11 open 4/4', 'of one day');
SELECT public.is(pg_temp.sessions('2027-03-07', '2027-03-08'), 'last open 4/4, later open 4/4',
                 'by the operating day, both dates included');
SELECT public.is(pg_temp.sessions('2027-04-01', '2027-04-02'), NULL, 'of a day without sessions there are none');
SELECT public.is(booking.public_activity_sessions(pg_temp.id('tour')) - 'sessions' #- '{venue,id}' #- '{activity,id}',
    '{"from": "2027-03-01", "to": "2027-03-07",
      "venue": {"name": "Boathouse", "embed_key": "boathouse", "timezone": "Europe/Berlin"},
      "activity": {"name": "tour", "capacity": 4, "price_minor": 0, "price_basis": "seat", "currency": "EUR",
                   "party_size_min": 1, "party_size_max": null,
                   "min_notice_seconds": 0, "max_advance_seconds": null}}', 'beside what they are sessions of');
SELECT public.is(
    jsonb_path_query_first(booking.public_activity_sessions(pg_temp.id('hike')), '$.sessions[0]') - 'id',
    '{"start_time": "2027-03-03T14:00:00.000Z", "end_time": "2027-03-03T15:00:00.000Z", "local_date": "2027-03-03",
      "status": "open", "capacity_total": 4, "seats_available": 4}', 'times are written as browsers read them');
RESET ROLE;
SELECT pg_temp.set_clock('2027-03-01 23:30 UTC') \g /dev/null
SET LOCAL ROLE booking_public;
SELECT public.is(booking.public_activity_sessions(pg_temp.id('tour')) ->> 'from', '2027-03-02', 'today is the venue''s');
SELECT public.matches(pg_temp.sessions('2027-03-03', '2027-03-03'), '^tour 9 open 4/4',
                      'seats of a hold that has run out are free');
SELECT public.is(pg_temp.refusal(format($$ SELECT booking.public_activity_sessions(%L, %s) $$, pg_temp.id('tour'), d.dates)),
                 d.answer, 'dates: ' || d.dates)
  FROM (VALUES ('''2027-02-30''', 'BK015 from'), ('''2027-03-01'', ''soon''', 'BK015 to'),
               ('''2027-03-02'', ''2027-03-01''', 'BK015 to'), ('''2027-03-01'', ''2027-04-12''', 'BK015 to'),
               ('''2027-03-01'', ''2027-04-11''', 'was not refused')) AS d (dates, answer);
SELECT public.is(pg_temp.refusal($$ SELECT booking.public_activity_sessions(pg_temp.id('tour 9')) $$), 'BK103',
                 'a session is no activity');

-- Who may show a widget.
SELECT public.is(booking.public_embed(1, 'boathouse', NULL),
                 '{"embed_key": "boathouse", "allowed_origins": ["https://river.example"]}', 'a venue says it');
SELECT public.is(booking.public_embed(1, NULL, pg_temp.id('tour')), booking.public_embed(1, 'boathouse', NULL),
                 'for its activities too');
SELECT public.is(pg_temp.refusal($$ SELECT booking.public_embed(1, NULL, pg_temp.id('hike')) $$), 'BK103',
                 'not for those of others');
SELECT public.is(pg_temp.refusal($$ SELECT booking.public_embed(1, NULL, NULL) $$), 'BK001 embed_key', 'one is needed');

-- Holds.
RESET ROLE;
SELECT pg_temp.set_clock('2027-03-01 12:01 UTC') \g /dev/null
SET LOCAL ROLE booking_public;
CREATE FUNCTION pg_temp.stands(name text) RETURNS jsonb STABLE LANGUAGE sql AS $$
    SELECT booking.reservation_status(pg_temp.id(name), pg_temp.token(name)) - 'reservation_id' - 'session_id'
           - 'expires_at' $$;
SELECT public.is(pg_temp.stands('ann'),
    '{"status": "pending", "party_size": 3, "price_minor": 0, "currency": "EUR", "requires_payment": false}',
    'a hold without a price waits to be confirmed');
SELECT public.is(pg_temp.stands('ben') - 'payment_url',
    '{"status": "pending", "party_size": 2, "price_minor": 5000, "currency": "EUR", "requires_payment": true}',
    'one with a price by the seat costs it for each');
SELECT public.is(pg_temp.stands('ben') ->> 'payment_url', 'https://pay.example/x?hold=' || pg_temp.id('ben'),
                 'and is paid for there');
SELECT public.is(pg_temp.stands('cho') - 'payment_url', pg_temp.stands('cho') || '{"price_minor": 4000}',
                 'one by the session does not, and without a link there is none');
SELECT public.is(pg_temp.refusal(format($$ SELECT booking.reservation_status(%L, %L) $$, pg_temp.id('ann'),
                                        pg_temp.token('ben'))), 'BK301', 'it is told to who has the token');
SELECT public.is(pg_temp.refusal(format($$ SELECT booking.reservation_status(%L, 'x') $$, pg_temp.id('tour'))), 'BK102',
                 'of what is there');
SELECT booking.confirm_reservation(pg_temp.id('ann'), pg_temp.token('ann'), 'Ann') \g /dev/null
SELECT public.matches(pg_temp.stands('ann')::text,
                      '"status": "confirmed".*"booking_number": "[A-Z0-9]{8}".*"booking_status": "confirmed"',
                      'what was confirmed has its number');
RESET ROLE;
SELECT pg_temp.set_clock('2027-03-01 14:00 UTC') \g /dev/null
SELECT public.is(pg_temp.stands('ben') ->> 'status', 'expired', 'what has run out is expired before the job comes');

SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
