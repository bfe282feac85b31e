-- Units of activities: what may stand in their table, holds that consist of them, and what is refused.

BEGIN;
\ir shared/fixture.sql
\ir shared/life.sql
\ir shared/units.sql
SELECT public.plan(119);

-- The table keeps its rules.
CREATE FUNCTION pg_temp.written(statement text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    rule text;
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN check_violation OR unique_violation OR not_null_violation OR foreign_key_violation THEN
    GET STACKED DIAGNOSTICS rule = CONSTRAINT_NAME;
    RETURN COALESCE(NULLIF(rule, ''), SQLERRM);
END $$;
SELECT public.is(pg_temp.written(format('UPDATE booking.activity_units SET %s WHERE code = ''adult''', c.change)),
                 c.answer, c.change)
  FROM (VALUES
    ('code = ''Adult''', 'activity_units_code_check'), ('code = ''''', 'activity_units_code_check'),
    ('code = ''a b''', 'activity_units_code_check'), ('code = ''child''', 'activity_units_pkey'),
    ('title = '' ''', 'activity_units_title_check'), ('price_minor = -1', 'activity_units_price_minor_check'),
    ('price_minor = 1000000000001', 'activity_units_price_minor_check'),
    ('pax_count = -1', 'activity_units_pax_count_check'), ('pax_count = 1001', 'activity_units_pax_count_check'),
    ('min_quantity = 0', 'activity_units_quantity_check'), ('min_quantity = 7', 'activity_units_quantity_check'),
    ('max_quantity = 10001', 'activity_units_quantity_check'), ('min_age = -1', 'activity_units_age_check'),
    ('min_age = 12, max_age = 3', 'activity_units_age_check'), ('max_age = 151', 'activity_units_age_check'),
    ('accompanied_by = ''{adult}''', 'activity_units_accompanied_by_check'),
    ('accompanied_by = ''{"no code"}'', code = ''x''', 'accepted'),
    ('accompanied_by = ''{NULL}''', 'activity_units_accompanied_by_check'),
    ('accompanied_by = ''{Child}''', 'activity_units_accompanied_by_check'),
    ('activity_id = booking.new_id(1)', 'activity_units_activity_fkey'),
    ('organization_id = 2', 'activity_units_activity_fkey')) AS c (change, answer)
 WHERE c.answer <> 'accepted';
SELECT public.is(pg_temp.written($$ UPDATE booking.activity_units SET min_age = 12, max_age = NULL WHERE code = 'adult' $$),
                 'accepted', 'an open end is none');

-- Whether there are any is known to the activity.
CREATE FUNCTION pg_temp.sold_by_units() RETURNS text STABLE LANGUAGE sql AS $$
    SELECT string_agg(a.name, ' ' ORDER BY a.name) FROM booking.activities AS a WHERE a.has_units $$;
SELECT public.is(pg_temp.sold_by_units(), 'cruise', 'an activity with units');
CREATE TEMPORARY TABLE versions AS SELECT o.rules_version FROM booking.organizations AS o WHERE o.organization_id = 1;
SELECT pg_temp.add_unit('court', 'player', 1, 1, '{"active": false}') \g /dev/null
SELECT public.is(pg_temp.sold_by_units(), 'cruise', 'one that is not sold does not count');
SELECT public.ok((SELECT o.rules_version = v.rules_version FROM booking.organizations AS o, pg_temp.versions AS v
                   WHERE o.organization_id = 1), 'and makes nobody look again');
SELECT pg_temp.written($$ UPDATE booking.activity_units SET active = true WHERE code = 'player' $$) \g /dev/null
SELECT public.is(pg_temp.sold_by_units(), 'court cruise', 'until it is sold');
SELECT public.ok((SELECT o.rules_version <> v.rules_version FROM booking.organizations AS o, pg_temp.versions AS v
                   WHERE o.organization_id = 1), 'which all backends have to know');
UPDATE booking.activity_units SET activity_id = pg_temp.id('massage') WHERE code = 'player';
SELECT public.is(pg_temp.sold_by_units(), 'cruise massage', 'wherever it goes');
DELETE FROM booking.activity_units WHERE code = 'player';
SELECT public.is(pg_temp.sold_by_units(), 'cruise', 'and no more once it is gone');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'so says the check');
UPDATE booking.activities SET has_units = false WHERE name = 'cruise';
SELECT public.results_eq('SELECT c.invariant FROM booking.integrity_check() AS c', ARRAY['activity_knows_of_its_units'],
                         'which sees it if somebody meddles');
UPDATE booking.activities SET has_units = true WHERE name = 'cruise';

-- Held: the server says what it takes and costs.
SELECT pg_temp.hold_units('three', 'cruise 9', '{"child": 1, "adult": 2, "infant": 1}') \g /dev/null
SELECT public.is(pg_temp.held('three'), '3: 2 adult 3000x1, 1 child 1500x1, 1 infant 0x0', 'so many of each, in their order');
SELECT public.is(pg_temp.seats_left('cruise 9'), 7, 'an infant takes no seat');
SELECT pg_temp.hold_units('clan', 'cruise 9', '{"family": 1}') \g /dev/null
SELECT public.is(concat(pg_temp.seats_left('cruise 9'), ' ', pg_temp.held('clan')), '3 4: 1 family 8000x4', 'a family takes four');
SELECT pg_temp.hold('number', 'cruise 9', 2) \g /dev/null
SELECT public.is(pg_temp.held('number'), '2: 2 adult 3000x1', 'a number is of the first unit that takes one seat');
SELECT pg_temp.hold('seats', 'massage 9', 2) \g /dev/null
SELECT public.is(pg_temp.held('seats'), '2: seats', 'without units all is as it was');
SELECT public.is((SELECT s ->> 'price_minor' FROM booking.reservation_status(pg_temp.id(c.name), pg_temp.token(c.name)) AS s),
                 c.price, c.name || ' costs')
  FROM (VALUES ('three', '7500'), ('clan', '8000'), ('number', '6000'), ('seats', '5000')) AS c (name, price);
SELECT public.is((SELECT s -> 'unit_items' FROM booking.reservation_status(pg_temp.id('clan'), pg_temp.token('clan')) AS s),
                 '[{"unit": "family", "quantity": 1, "price_minor": 8000, "pax_count": 4}]', 'and of what it consists');
SELECT booking.reserve_slot(pg_temp.id('cruise 14'), NULL, 'list@example.org', NULL, NULL,
                            '[{"unit": "adult"}, {"unit": "child"}, {"unit": "adult", "quantity": 2}]') \g /dev/null
SELECT public.is((SELECT pg_temp.composition(r.unit_items) FROM booking.slot_reservations AS r
                   WHERE r.customer_email = 'list@example.org'), '3 adult 3000x1, 1 child 1500x1', 'a list of single ones will do');
SELECT public.is((SELECT r.unit_items FROM booking.slot_reservations AS r JOIN booking.reserve_slot(
                    pg_temp.id('massage 9'), 1, 'null@example.org', NULL, NULL, NULL) AS x ON false), NULL, 'no units, no call');
SELECT public.is((SELECT e.facts -> 'units' FROM booking.booking_events AS e WHERE e.subject_id = pg_temp.id('three')),
                 '{"adult": 2, "child": 1, "infant": 1}', 'the event says how many');
SELECT public.is((SELECT count(*)::integer FROM booking.booking_events AS e
                   WHERE e.kind = 'reservation.held' AND e.subject_id IN (pg_temp.id('three'), pg_temp.id('clan'),
                                                                         pg_temp.id('number'), pg_temp.id('seats'))), 4,
                 'once a hold');
SELECT public.is((SELECT t.outcome FROM booking.try_reserve_slot(pg_temp.id('cruise 9'), NULL, 'x@example.org', NULL, NULL,
                                                                 '[{"unit": "family"}]') AS t), 'sold_out', 'no room');
SELECT public.is((SELECT t.outcome || ' ' || t.refusal_sqlstate
                    FROM booking.try_reserve_slot(pg_temp.id('cruise 9'), NULL, 'x@example.org', NULL, NULL,
                                                  '[{"unit": "dog"}]') AS t), 'unknown_unit BK261', 'an outcome, no error');

-- In lanes, and where unpaid seats are counted.
SELECT pg_temp.add_session('wide', 1, 'cruise', '2027-03-06 09:00 UTC', 40) \g /dev/null
SELECT booking.set_session_lanes(pg_temp.id('wide'), 4) \g /dev/null
SELECT pg_temp.hold_units('in a lane', 'wide', '{"family": 2}'), pg_temp.hold_units('in several', 'wide', '{"family": 4}') \g /dev/null
SELECT public.is(concat(pg_temp.held('in a lane'), ', ', pg_temp.held('in several')), '8: 2 family 8000x4, 16: 4 family 8000x4',
                 'from one lane or all');
UPDATE booking.activities SET unpaid_percent_max = 70 WHERE name = 'cruise';
SELECT pg_temp.hold_units('counted', 'wide', '{"family": 1}') \g /dev/null
SELECT public.ok((SELECT r.counted_unpaid FROM booking.slot_reservations AS r WHERE r.id = pg_temp.id('counted')), 'counted as unpaid');
SELECT public.is(pg_temp.refused(format($$ SELECT booking.update_reservation_units(%L, '[{"unit": "family", "quantity": 8}]') $$,
                                        pg_temp.id('counted'))),
                 format('BK201 -: session %s has not enough seats left: 28 more are wanted', pg_temp.id('wide')), 'and limited so');
SELECT public.is((SELECT u.party_size FROM booking.update_reservation_units(pg_temp.id('counted'), '[{"unit": "family", "quantity": 2}]') AS u),
                 8, 'within the share it grows');
SELECT public.is((SELECT u.party_size FROM booking.update_reservation_units(pg_temp.id('counted'), '[{"unit": "adult"}]') AS u),
                 1, 'and shrinks');
UPDATE booking.activities SET unpaid_percent_max = NULL WHERE name = 'cruise';
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'everything adds up');

-- What is refused, by its place and value, with nothing changed.
SELECT public.is(pg_temp.refused(format('SELECT booking.reserve_slot(%L, %s, ''g@example.org'', NULL, NULL, %L)',
                                        pg_temp.id('cruise 14'), COALESCE(c.party, 'NULL'), c.items)), c.answer, c.what)
  FROM (VALUES
    (NULL, '{"unit": "adult"}', 'BK260 unit_items: unit_items must be a list', 'no list'),
    (NULL, '"adult"', 'BK260 unit_items: unit_items must be a list', 'a word'),
    (NULL, '[]', 'BK260 unit_items: unit_items must name at least one unit', 'an empty list'),
    (NULL, '["adult"]', 'BK260 unit_items: unit_items[0] must be an object', 'a list of words'),
    (NULL, '[{"unit": "adult"}, {"quantity": 1}]', 'BK260 unit_items: unit_items[1].unit is missing', 'no unit'),
    (NULL, '[{"unit": 7}]', 'BK260 unit_items: unit_items[0].unit must be the code of a unit, of 1 to 64 characters', 'a number for a unit'),
    (NULL, '[{"unit": "adult", "quantity": 0}]', 'BK260 unit_items: unit_items[0].quantity must be a whole number from 1 to 10000', 'none'),
    (NULL, '[{"unit": "adult", "quantity": -1}]', 'BK260 unit_items: unit_items[0].quantity must be a whole number from 1 to 10000', 'fewer than none'),
    (NULL, '[{"unit": "adult", "quantity": 1.5}]', 'BK260 unit_items: unit_items[0].quantity must be a whole number from 1 to 10000', 'a half'),
    (NULL, '[{"unit": "adult", "quantity": "2"}]', 'BK260 unit_items: unit_items[0].quantity must be a whole number from 1 to 10000', 'a text'),
    (NULL, '[{"unit": "adult", "quantity": 9999999999}]', 'BK260 unit_items: unit_items[0].quantity must be a whole number from 1 to 10000', 'too many to read'),
    (NULL, '[{"unit": "adult", "quantity": 9999}, {"unit": "adult", "quantity": 9}]',
     'BK260 unit_items: unit_items[1].quantity makes more than 10000 of unit "adult"', 'too many in sum'),
    (NULL, '[{"unit": "adult", "price_minor": 1}]',
     'BK260 unit_items: unit_items[0] must have no other members than unit and quantity, got "price_minor"', 'a price of the client''s'),
    (NULL, '[{"unit": "dog"}]', 'BK261 unit_items: the activity has no unit "dog"', 'an unknown unit'),
    (NULL, '[{"unit": "student"}]', 'BK261 unit_items: the activity no longer sells unit "student"', 'one that is not sold'),
    (NULL, '[{"unit": "adult", "quantity": 7}]', 'BK262 unit_items: 7 of unit "adult" cannot be booked at once', 'too many of it'),
    (NULL, '[{"unit": "senior"}]', 'BK262 unit_items: 1 of unit "senior" cannot be booked at once', 'too few of it'),
    (NULL, '[{"unit": "child"}]', 'BK263 unit_items: unit "child" cannot be booked without unit adult or senior', 'a child alone'),
    (NULL, '[{"unit": "child"}, {"unit": "infant"}, {"unit": "senior", "quantity": 2}]',
     'BK263 unit_items: unit "infant" cannot be booked without unit adult', 'an infant with the wrong people'),
    (NULL, '[{"unit": "family", "quantity": 3}]', 'BK002 party_size: party of 12 cannot be booked here', 'more than the session'),
    ('3', '[{"unit": "adult", "quantity": 2}]', 'BK002 party_size: party_size is 3, and the units take 2 seats', 'a number that is not theirs'),
    ('0', '[{"unit": "adult", "quantity": 2}]', 'BK002 party_size: party size must be positive, got 0', 'no number'),
    (NULL, NULL, 'BK001 party_size: party_size must not be NULL', 'neither number nor units'))
    AS c (party, items, answer, what);
SELECT public.is(pg_temp.refused(format('SELECT booking.reserve_slot(%L, NULL, ''g@example.org'', NULL, NULL, %L)',
                                        s.id, '[{"unit": "adult"}]')), replace(s.answer, '@', s.id::text), s.what)
  FROM (VALUES (pg_temp.id('massage 9'), 'BK261 unit_items: the activity has no unit "adult"', 'an activity without units'),
               (booking.new_id(1), 'BK101 -: no session has the id @', 'no session'),
               ('01900000-0000-4000-8000-00ff00000001'::uuid, 'BK101 -: no session has the id @', 'an id of nobody')) AS s (id, answer, what);
UPDATE booking.activity_units SET active = false WHERE code = 'infant';
SELECT pg_temp.add_unit('cruise', 'lap', 0, 0) \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.reserve_slot(%L, NULL, ''g@example.org'', NULL, NULL, %L)',
                                        pg_temp.id('cruise 14'), '[{"unit": "lap", "quantity": 2}]')),
                 'BK002 unit_items: the units that were asked for take no seat', 'laps without people');
UPDATE booking.activity_units SET active = code = 'family';
SELECT public.is(pg_temp.refused(format('SELECT booking.reserve_slot(%L, 2, ''g@example.org'')', pg_temp.id('cruise 14'))),
                 'BK264 unit_items: the activity is sold by units, none of which is for one seat, so that a number of seats says too little',
                 'a number where there is no unit for one');
UPDATE booking.activity_units SET active = code <> 'student';
DELETE FROM booking.activity_units WHERE code = 'lap';

-- Keys: the same request in another spelling is the same; another is refused.
SELECT public.is((SELECT count(DISTINCT r.hold_token)::integer FROM unnest(ARRAY[
                      '[{"unit": "adult", "quantity": 2}, {"unit": "child"}]',
                      '[{"unit": "child", "quantity": 1}, {"unit": "adult"}, {"unit": "adult"}]']::jsonb[]) AS i,
                    LATERAL booking.reserve_slot(pg_temp.id('cruise 14'), NULL, 'key@example.org', 'a-key-of-16-chars', NULL, i) AS r),
                 1, 'a repeated key has the first answer');
SELECT public.is(pg_temp.refused(format('SELECT booking.reserve_slot(%L, %s, ''key@example.org'', ''a-key-of-16-chars'', NULL, %L)',
                                        pg_temp.id('cruise 14'), c.party, c.items)),
                 'BK208 -: the idempotency key belongs to another request', c.what)
  FROM (VALUES ('NULL', '[{"unit": "adult", "quantity": 3}]', 'other units'), ('3', NULL, 'a number')) AS c (party, items, what);

-- Prices are those of the moment.
SELECT pg_temp.hold_units('before', 'cruise 14', '{"adult": 1}') \g /dev/null
UPDATE booking.activity_units SET price_minor = 9000 WHERE code = 'adult';
SELECT booking.confirm_reservation(pg_temp.id('before')) \g /dev/null
SELECT public.is((SELECT b.amount_cents FROM booking.bookings AS b WHERE b.reservation_id = pg_temp.id('before')),
                 3000::bigint, 'a hold keeps its price');
SELECT public.is((SELECT format('%s %s %s %s', q.seats, q.price_minor, q.currency, q.available)
                    FROM booking.quote_units(pg_temp.id('cruise 9'), i.items) AS q), i.answer, 'quoted')
  FROM (VALUES ('[{"unit": "adult"}]'::jsonb, '1 9000 EUR t'), ('[{"unit": "family", "quantity": 2}]', '8 16000 EUR f')) AS i (items, answer);
SELECT public.is(pg_temp.refused(format('SELECT booking.quote_units(%L, %L)', c.session, c.items)),
                 replace(c.answer, '@', COALESCE(c.session::text, '@')), 'no quote')
  FROM (VALUES (pg_temp.id('cruise 9'), '[{"unit": "dog"}]', 'BK261 unit_items: the activity has no unit "dog"'),
               (pg_temp.id('cruise 9'), NULL, 'BK001 unit_items: unit_items must not be NULL'),
               (NULL, '[{"unit": "adult"}]', 'BK001 session_id: session_id must not be NULL'),
               (booking.new_id(1), '[{"unit": "adult"}]', 'BK101 -: no session has the id @')) AS c (session, items, answer);
UPDATE booking.activity_units SET price_minor = 3000 WHERE code = 'adult';
SELECT public.results_eq(
    $$ SELECT e.facts FROM booking.booking_events AS e
        WHERE e.kind = 'pricing.updated' AND e.subject_id = pg_temp.id('cruise') ORDER BY e.id DESC LIMIT 1 $$,
    $$ VALUES ('{"status": "active", "currency": "EUR",
                 "units": {"adult": {"price_minor": 3000, "pax_count": 1}}}'::jsonb) $$, 'a new price is told');
SELECT public.is((SELECT count(*)::integer FROM booking.public_events AS e
                   WHERE e.event_type = 'pricing.updated' AND e.facts -> 'units' ? 'adult'), 5, 'to everybody');

-- Holds that others write by statements of their own cannot sell past the units; those from before there were any keep
-- their price.
SELECT pg_temp.hold('theirs', 'cruise 14', 2), pg_temp.add_session('massage 15', 1, 'massage', '2027-03-05 15:00 UTC', 4),
       pg_temp.hold('older', 'massage 15', 2) \g /dev/null
UPDATE booking.slot_reservations SET unit_items = NULL WHERE id = pg_temp.id('theirs');
INSERT INTO booking.activity_units (organization_id, activity_id, code, title, price_minor, created_at)
VALUES (1, pg_temp.id('massage'), 'adult', 'Adult', 1, booking.clock() + interval '1 minute');
SELECT public.is((SELECT booking.reservation_status(pg_temp.id(c.name), pg_temp.token(c.name)) ->> 'price_minor'), c.price, c.what)
  FROM (VALUES ('theirs', '6000', 'theirs is of the default unit'), ('older', '5000', 'older costs what it did')) AS c (name, price, what);
SELECT booking.confirm_reservation(pg_temp.id('theirs')), booking.confirm_reservation(pg_temp.id('older')) \g /dev/null
SELECT public.is((SELECT b.amount_cents FROM booking.bookings AS b WHERE b.reservation_id = pg_temp.id(c.name)), c.price, c.name)
  FROM (VALUES ('theirs', 6000::bigint), ('older', 5000)) AS c (name, price);
DELETE FROM booking.activity_units WHERE activity_id = pg_temp.id('massage');

-- A hold changes as long as it is one, by whoever has its token.
SET LOCAL ROLE booking_public;
SELECT public.is((SELECT format('%s %s %s', u.party_size, u.price_minor, u.currency) FROM booking.update_reservation_units(
                      pg_temp.id('three'), '[{"unit": "adult", "quantity": 1}, {"unit": "infant", "quantity": 1}]',
                      pg_temp.token('three')) AS u), '1 3000 EUR', 'fewer');
RESET ROLE;
SELECT public.is(pg_temp.seats_left('cruise 9'), 3, 'gives seats back');
SELECT public.is((SELECT e.facts - 'expires_at' FROM booking.booking_events AS e
                   WHERE e.kind = 'reservation.updated' AND e.subject_id = pg_temp.id('three')),
                 '{"party_size": 1, "units": {"adult": 1, "infant": 1}}', 'it is told');
CREATE TEMPORARY TABLE then_ AS SELECT pg_temp.all_books() AS books;
SELECT booking.update_reservation_units(pg_temp.id('three'), '[{"unit": "adult"}, {"unit": "infant"}]') \g /dev/null
SELECT public.is((SELECT pg_temp.all_books()), (SELECT t.books FROM pg_temp.then_ AS t), 'repeated, it changes nothing');
UPDATE booking.activity_units SET price_minor = 9000;
SELECT public.is((SELECT u.price_minor FROM booking.update_reservation_units(
                      pg_temp.id('three'), '[{"unit": "adult", "quantity": 2}, {"unit": "child"}]') AS u), 21000::bigint,
                 'what stays keeps its price, what is added costs what it costs now');
SELECT public.is(pg_temp.refused(format('SELECT booking.update_reservation_units(%L, %L%s)', c.id, c.items, c.more)),
                 replace(c.answer, '@', COALESCE(c.id::text, '@')), c.what)
  FROM (VALUES
    (pg_temp.id('three'), '[{"unit": "family", "quantity": 2}]', '', 'BK201 -: session ' || pg_temp.id('cruise 9') || ' has not enough seats left: 5 more are wanted', 'too many'),
    (pg_temp.id('three'), '[{"unit": "child"}]', '', 'BK263 unit_items: unit "child" cannot be booked without unit adult or senior', 'a child alone'),
    (pg_temp.id('three'), '[]', '', 'BK260 unit_items: unit_items must name at least one unit', 'nobody'),
    (pg_temp.id('three'), NULL, '', 'BK001 unit_items: unit_items must not be NULL', 'nothing'),
    (pg_temp.id('three'), '[{"unit": "adult"}]', ', ''wrong''', 'BK301 -: the hold token does not belong to reservation @', 'a wrong token'),
    (pg_temp.id('seats'), '[{"unit": "adult"}]', '', 'BK261 unit_items: the activity has no unit "adult"', 'seats'),
    (pg_temp.id('before'), '[{"unit": "adult", "quantity": 2}]', '', 'BK207 -: reservation @ is a booking already and does not expire', 'a booking'),
    (booking.new_id(1), '[{"unit": "adult"}]', '', 'BK102 -: no reservation has the id @', 'no hold'),
    (NULL, '[{"unit": "adult"}]', '', 'BK001 reservation_id: reservation_id must not be NULL', 'no id')) AS c (id, items, more, answer, what);
SELECT public.is(pg_temp.refused_to('booking_public', NULL, format('SELECT booking.update_reservation_units(%L, %L)', pg_temp.id('three'), '[{"unit": "adult"}]')),
                 '42501: permission denied to change a reservation without its hold token', 'a visitor without it');
UPDATE booking.sessions SET status = 'closed' WHERE id = pg_temp.id('cruise 9');
SELECT public.is(left(pg_temp.refused(format('SELECT booking.update_reservation_units(%L, %L)', pg_temp.id('three'), '[{"unit": "adult", "quantity": 4}]')), 5),
                 'BK201', 'more of a closed session');
UPDATE booking.sessions SET status = 'open' WHERE id = pg_temp.id('cruise 9');
SELECT booking.cancel_reservation(pg_temp.id('clan')) \g /dev/null
SELECT public.is(left(pg_temp.refused(format('SELECT booking.update_reservation_units(%L, %L)', pg_temp.id('clan'), '[{"unit": "adult"}]')), 5),
                 'BK206', 'one that was cancelled');
SELECT pg_temp.set_clock('2027-03-01 12:30 UTC') \g /dev/null
SELECT public.is(left(pg_temp.refused(format('SELECT booking.update_reservation_units(%L, %L)', pg_temp.id('three'), '[{"unit": "adult"}]')), 5),
                 'BK205', 'one that has run out');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'everything adds up');

-- The catalogue.
SELECT public.is((SELECT a.value - 'id' FROM jsonb_array_elements(booking.public_venue_activities(1, v.embed_key) -> 'activities') AS a
                   WHERE a.value ->> 'name' = 'cruise') -> 'price_from_minor', '9000', 'the lowest price')
  FROM booking.venues AS v WHERE v.organization_id = 1;
SELECT public.is((SELECT array_agg(u ->> 'code') FROM jsonb_array_elements(
                      booking.public_activity_sessions(pg_temp.id('cruise')) #> '{activity,units}') AS u),
                 '{adult,child,family,infant,senior}', 'units that are sold, in their order');
SELECT public.is((SELECT booking.public_activity_sessions(pg_temp.id('tour')) -> 'activity' ? 'units'), false, 'none where there are none');
SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
