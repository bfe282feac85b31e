-- OCTO's scenarios for suppliers, by the names that its validator gives them, walked with our functions: what docs/octo.md
-- says is said here as tests. Where OCTO asks for something that is not here, the test shows what there is instead.

BEGIN;
\ir shared/fixture.sql
\ir shared/life.sql
\ir shared/units.sql
SELECT public.plan(71);

-- What OCTO calls an error, by what we refuse with.
CREATE FUNCTION pg_temp.octo_error(statement text) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT CASE left(x.answer, 5)
           WHEN 'BK101' THEN 'INVALID_AVAILABILITY_ID' WHEN 'BK102' THEN 'INVALID_BOOKING_UUID'
           WHEN 'BK103' THEN 'INVALID_PRODUCT_ID' WHEN 'BK104' THEN 'INVALID_BOOKING_UUID'
           WHEN 'BK208' THEN 'INVALID_BOOKING_UUID' WHEN 'BK241' THEN 'INVALID_UNIT_ID'
           WHEN 'BK240' THEN 'BAD_REQUEST' WHEN '22P02' THEN 'BAD_REQUEST'
           ELSE CASE WHEN x.answer LIKE 'BK0%' THEN 'BAD_REQUEST' WHEN x.answer LIKE 'BK2__ %' THEN 'UNPROCESSABLE_ENTITY' ELSE x.answer END END
           || CASE WHEN x.answer LIKE '%, and changed the books' THEN ', and changed the books' ELSE '' END
      FROM (SELECT pg_temp.refused(statement) AS answer) AS x $$;
CREATE FUNCTION pg_temp.reserving(session uuid, items jsonb, more text DEFAULT 'NULL, NULL') RETURNS text STABLE LANGUAGE sql AS $$
    SELECT format('SELECT * FROM booking.reserve_slot(%L, NULL, ''traveller@example.org'', %s, %L)', session, more, items) $$;

-- Supplier, capabilities, products.
SET LOCAL ROLE booking_public;
SELECT public.is((SELECT v.name FROM booking.public_venues AS v WHERE v.organization_id = 1), 'Boathouse', 'GetSuppliers');
SELECT public.is((SELECT array_agg(a.name ORDER BY a.name) FROM booking.public_activities AS a WHERE a.organization_id = 1),
                 '{court,cruise,massage,tour}', 'GetProducts');
SELECT public.is((SELECT (booking.public_activity_sessions(pg_temp.id('cruise')) #>> '{activity,name}')), 'cruise', 'GetProduct');
SELECT public.is((SELECT array_agg(format('%s %s %s %s', u.code, u.price_minor, u.currency, u.pax_count) ORDER BY u.sort_order, u.code)
                    FROM booking.public_activity_units AS u),
                 '{"adult 3000 EUR 1","child 1500 EUR 1","family 8000 EUR 4","infant 0 EUR 0","senior 2500 EUR 1"}', 'GetProduct: its units');
SELECT public.is((SELECT string_agg(u.accompanied_by::text, ' ' ORDER BY u.code) FROM booking.public_activity_units AS u WHERE u.code IN ('child', 'infant')),
                 '{adult,senior} {adult}', 'GetProduct: who has to accompany whom');
RESET ROLE;
SELECT public.is(pg_temp.octo_error('SELECT booking.public_activity_sessions(booking.new_id(1))'), 'INVALID_PRODUCT_ID', 'GetProductInvalid');
SELECT public.is((SELECT count(*)::integer FROM booking.event_kinds() AS k WHERE k.kind IN ('booking.updated', 'activity.updated', 'sessions.updated')),
                 3, 'GetCapabilities: pricing, webhooks, redemption');

-- Availability: of dates, of one date, of one session, with units.
SELECT pg_temp.add_session('cruise later', 1, 'cruise', '2027-03-07 09:00 UTC', 10) \g /dev/null
CREATE FUNCTION pg_temp.found(first text, last text) RETURNS integer STABLE LANGUAGE sql AS $$
    SELECT jsonb_array_length(booking.public_activity_sessions(pg_temp.id('cruise'), first, last) -> 'sessions') $$;
SELECT public.is(pg_temp.found('2027-03-05', '2027-03-07'), 3, 'AvailabilityCheckInterval');
SELECT public.is(pg_temp.found('2027-03-05', '2027-03-05'), 2, 'AvailabilityCheckDate');
SELECT public.is((SELECT format('%s %s %s', q.seats, q.price_minor, q.available)
                    FROM booking.quote_units(pg_temp.id('cruise 9'), pg_temp.items('{"adult": 2, "child": 1}')) AS q),
                 '3 7500 t', 'AvailabilityCheckAvailabilityId: with units and their price');
SELECT public.ok(booking.check_slot_availability(pg_temp.id('cruise 9'), 10), 'AvailabilityCheckStatus: AVAILABLE');
SELECT public.ok(NOT booking.check_slot_availability(pg_temp.id('cruise 9'), 11), 'AvailabilityCheckStatus: not for more than there are');
SELECT booking.close_session(pg_temp.id('cruise later'), 'storm') \g /dev/null
SELECT public.is((SELECT s.value ->> 'status' || ' ' || (s.value ->> 'seats_available')
                    FROM jsonb_array_elements(booking.public_activity_sessions(pg_temp.id('cruise'), '2027-03-07', '2027-03-07') -> 'sessions') AS s),
                 'closed 0', 'AvailabilityCheckStatus: CLOSED');
SELECT public.is(pg_temp.octo_error('SELECT booking.public_activity_sessions(booking.new_id(1), ''2027-03-05'', ''2027-03-07'')'),
                 'INVALID_PRODUCT_ID', 'AvailabilityCheckInvalidProduct');
SELECT public.is(pg_temp.octo_error(format('SELECT * FROM booking.quote_units(%L, ''[{"unit": "adult"}]'')', pg_temp.id('tour 9'))),
                 'INVALID_UNIT_ID', 'AvailabilityCheckInvalidOption: there are no options; units of another activity');
SELECT public.is(pg_temp.found('2027-03-01', '2027-04-11'), 3, 'AvailabilityCalendarInterval: six weeks');
SELECT public.is(pg_temp.octo_error(format('SELECT booking.public_activity_sessions(%L, ''2027-03-07'', ''2027-03-05'')', pg_temp.id('cruise'))),
                 'BAD_REQUEST', 'AvailabilityCalendarBadRequest');
SELECT public.is(pg_temp.octo_error('SELECT booking.public_activity_sessions(''nonsense'')'), 'BAD_REQUEST', 'AvailabilityCalendarInvalidProduct');

-- Reservation: ON_HOLD.
SELECT pg_temp.hold_units('held', 'cruise 9', '{"adult": 2, "child": 1}') \g /dev/null
CREATE FUNCTION pg_temp.octo_status(name text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT CASE WHEN s.value ->> 'booking_status' IN ('checked_in', 'checked_out') THEN 'REDEEMED'
                WHEN s.value ->> 'booking_status' = 'cancelled' THEN 'CANCELLED'
                WHEN s.value ->> 'booking_id' IS NOT NULL THEN 'CONFIRMED'
                ELSE CASE s.value ->> 'status' WHEN 'pending' THEN 'ON_HOLD' ELSE upper(s.value ->> 'status') END END
      FROM (SELECT booking.reservation_status(pg_temp.id(name), pg_temp.token(name))) AS s (value) $$;
SELECT public.is(pg_temp.octo_status('held'), 'ON_HOLD', 'BookingReservation');
SELECT public.is((SELECT r.expires_at > booking.clock() FROM booking.slot_reservations AS r WHERE r.id = pg_temp.id('held')), true, 'BookingReservation: utcExpiresAt');
SELECT public.is((SELECT booking.reservation_status(pg_temp.id('held'), pg_temp.token('held')) ->> 'price_minor'), '7500', 'BookingReservation: pricing');
SELECT public.is(pg_temp.octo_error(pg_temp.reserving(pg_temp.id('cruise 9'), '[{"unit": "family", "quantity": 2}]')),
                 'UNPROCESSABLE_ENTITY', 'BookingReservationSoldOut');
SELECT public.is(pg_temp.octo_error(pg_temp.reserving(booking.new_id(1), '[{"unit": "adult"}]')), 'INVALID_AVAILABILITY_ID', 'BookingReservationInvalidAvailabilityId');
SELECT public.is(pg_temp.octo_error(pg_temp.reserving(pg_temp.id('hike 9'), '[{"unit": "adult"}]')), 'INVALID_UNIT_ID', 'BookingReservationInvalidProduct: a session has one activity, which has no such unit');
SELECT public.is(pg_temp.octo_error(pg_temp.reserving(pg_temp.id('tour 9'), '[{"unit": "adult"}]')), 'INVALID_UNIT_ID', 'BookingReservationInvalidOption: there are no options');
SELECT public.is(pg_temp.octo_error(pg_temp.reserving(pg_temp.id('cruise 9'), '[{"unit": "invalidUnitId"}]')), 'INVALID_UNIT_ID', 'BookingReservationInvalidUnitId');
SELECT public.is(pg_temp.octo_error(pg_temp.reserving(pg_temp.id('cruise 9'), '[]')), 'BAD_REQUEST', 'BookingReservationEmptyUnitItems');
SELECT public.is(pg_temp.octo_error(pg_temp.reserving(pg_temp.id('cruise 9'), NULL)), 'BAD_REQUEST', 'BookingReservationMissingUnitItems');
SELECT public.is(pg_temp.octo_error(pg_temp.reserving(pg_temp.id('cruise 9'), i.items)), 'UNPROCESSABLE_ENTITY', 'BookingReservation: restrictions of units, ' || i.what)
  FROM (VALUES ('[{"unit": "child"}]'::jsonb, 'accompaniedBy'), ('[{"unit": "senior"}]', 'minQuantity'),
               ('[{"unit": "adult", "quantity": 7}]', 'maxQuantity')) AS i (items, what);
-- The client's uuid is the idempotency key.
SELECT public.is((SELECT count(DISTINCT r.reservation_id)::integer FROM generate_series(1, 2),
                    LATERAL booking.reserve_slot(pg_temp.id('cruise 14'), NULL, 'traveller@example.org',
                        'b5c4a1a0-0000-4000-8000-000000000001', NULL, '[{"unit": "adult"}]') AS r), 1, 'BookingReservation: the same uuid twice is one');
SELECT public.is(pg_temp.octo_error(pg_temp.reserving(pg_temp.id('cruise 14'), '[{"unit": "adult", "quantity": 2}]', '''b5c4a1a0-0000-4000-8000-000000000001'', NULL')),
                 'INVALID_BOOKING_UUID', 'BookingReservation: and is nobody else''s');

-- Extend.
SELECT public.ok((SELECT booking.extend_reservation(pg_temp.id('held'), pg_temp.token('held'), 1200) > r.expires_at
                    FROM booking.slot_reservations AS r WHERE r.id = pg_temp.id('held')), 'BookingReservationExtend: a later utcExpiresAt');
SELECT public.is(pg_temp.octo_error('SELECT booking.extend_reservation(booking.new_id(1))'), 'INVALID_BOOKING_UUID', 'BookingReservationExtendInvalidUUID');

-- Get.
SELECT public.is((SELECT booking.reservation_status(pg_temp.id('held'), pg_temp.token('held')) ->> 'reservation_id'), pg_temp.id('held')::text, 'BookingGetReservation');
SELECT public.is(pg_temp.octo_error('SELECT booking.reservation_status(booking.new_id(1), ''x'')'), 'INVALID_BOOKING_UUID', 'BookingGetInvalidUUID');

-- Update before confirmation, then confirm.
SELECT public.is((SELECT format('%s %s', u.party_size, u.price_minor) FROM booking.update_reservation_units(
                      pg_temp.id('held'), '[{"unit": "adult", "quantity": 2}, {"unit": "infant"}]', pg_temp.token('held')) AS u),
                 '2 6000', 'BookingConfirmationUnitItemsUpdate: other units with the confirmation');
SELECT public.is(pg_temp.octo_error(format('SELECT booking.update_reservation_units(%L, ''[{"unit": "invalidUnitId"}]'')', pg_temp.id('held'))),
                 'INVALID_UNIT_ID', 'BookingConfirmationInvalidUnitId');
SELECT public.is(pg_temp.octo_error('SELECT booking.confirm_reservation(booking.new_id(1))'), 'INVALID_BOOKING_UUID', 'BookingConfirmationInvalidUUID');
INSERT INTO pg_temp.named (name, id, token)
SELECT 'booked', c.booking_id, pg_temp.token('held') FROM booking.confirm_reservation(pg_temp.id('held'), NULL, 'John Doe', '+49 30 123') AS c;
SELECT public.is(pg_temp.octo_status('held'), 'CONFIRMED', 'BookingConfirmation');
SELECT public.is((SELECT c.booking_id FROM booking.confirm_reservation(pg_temp.id('held')) AS c), pg_temp.id('booked'), 'BookingConfirmation: twice, the same booking');
SELECT public.is((SELECT count(*)::integer FROM booking.issue_tickets(pg_temp.id('booked'), pg_temp.token('booked')) AS t WHERE t.ticket_code IS NOT NULL),
                 3, 'BookingConfirmation: a ticket for each unit item');
SELECT public.is(pg_temp.octo_error(format('SELECT booking.extend_reservation(%L)', pg_temp.id('held'))), 'UNPROCESSABLE_ENTITY', 'BookingReservationExtend: only ON_HOLD');
SELECT public.is((SELECT b.customer_name FROM booking.bookings AS b WHERE b.id = pg_temp.id('booked')), 'John Doe', 'BookingUpdateContact: name and telephone come with the confirmation');
SELECT public.is((SELECT b.id FROM booking.bookings AS b WHERE b.organization_id = 1
                     AND b.booking_number = (SELECT c.booking_number FROM booking.confirm_reservation(pg_temp.id('held')) AS c)),
                 pg_temp.id('booked'), 'BookingGetBooking, BookingListSupplierReference: by booking_number');
SELECT public.is((SELECT r.id FROM booking.slot_reservations AS r WHERE r.idempotency_hash = sha256('b5c4a1a0-0000-4000-8000-000000000001')),
                 (SELECT r.id FROM booking.slot_reservations AS r WHERE r.session_id = pg_temp.id('cruise 14')), 'BookingListResellerReference: the key, if that is what it is');
SELECT public.is(pg_temp.octo_error('SELECT * FROM booking.get_upcoming_bookings(0)'), 'BAD_REQUEST', 'BookingListBadRequest');

-- Update after confirmation.
SELECT public.is((SELECT u.session_id FROM booking.reschedule_booking(pg_temp.id('booked'), pg_temp.id('cruise 14'), booking_token => pg_temp.token('booked')) AS u),
                 pg_temp.id('cruise 14'), 'BookingUpdateDate');
SELECT public.is((SELECT format('%s %s', u.seats, u.amount_cents) FROM booking.change_units(pg_temp.id('booked'),
                      '[{"unit": "adult", "quantity": 3}, {"unit": "child"}]', booking_token => pg_temp.token('booked')) AS u), '4 10500', 'BookingUpdateUnitItems');
SELECT public.is(pg_temp.octo_error(format('SELECT booking.reschedule_booking(%L, %L)', pg_temp.id('booked'), pg_temp.id('tour 9'))),
                 'UNPROCESSABLE_ENTITY', 'BookingUpdateProduct: another activity is another booking');
SELECT public.is(pg_temp.octo_error(format('SELECT booking.change_units(%L, ''[{"unit": "invalidUnitId"}]'')', pg_temp.id('booked'))), 'INVALID_UNIT_ID', 'BookingUpdateUnitItems: an invalid unit');
SELECT public.is(pg_temp.octo_error(format('SELECT booking.reschedule_booking(%L, %L)', pg_temp.id('booked'), booking.new_id(1))), 'INVALID_AVAILABILITY_ID', 'BookingUpdateDate: an invalid availability');

-- Redemption, of each unit item.
CREATE FUNCTION pg_temp.unit_status(wanted integer) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT u.status FROM booking.booking_units AS u WHERE u.booking_id = pg_temp.id('booked') AND u.unit = wanted $$;
SELECT pg_temp.set_clock('2027-03-05 14:10 UTC') \g /dev/null
SELECT booking.scan_ticket((SELECT t.ticket_code FROM booking.issue_tickets(pg_temp.id('booked'), pg_temp.token('booked')) AS t WHERE t.unit = 1)) \g /dev/null
SELECT public.is(concat(pg_temp.unit_status(1), ' ', pg_temp.octo_status('held')), 'checked_in REDEEMED', 'redeem');
SELECT booking.undo_check_in(pg_temp.id('booked'), 1) \g /dev/null
SELECT public.is(concat(pg_temp.unit_status(1), ' ', pg_temp.octo_status('held')), 'booked CONFIRMED', 'unredeem');
SELECT booking.mark_no_show(pg_temp.id('booked'), 2) \g /dev/null
SELECT public.is(pg_temp.unit_status(2), 'no_show', 'no-show of one');
SELECT booking.undo_no_show(pg_temp.id('booked'), 2), booking.check_in(pg_temp.id('booked')) \g /dev/null
SELECT public.is((SELECT string_agg(DISTINCT u.status, ' ') FROM booking.booking_units AS u WHERE u.booking_id = pg_temp.id('booked')), 'checked_in', 'redeem all');
SELECT public.is(pg_temp.octo_error(format('SELECT booking.cancel_booking(%L, override => true)', pg_temp.id('booked'))), 'UNPROCESSABLE_ENTITY', 'BookingCancellation: not after redemption');

-- Cancellation.
SELECT pg_temp.set_clock('2027-03-01 12:00 UTC') \g /dev/null
SELECT pg_temp.hold_units('given up', 'cruise 9', '{"adult": 1}') \g /dev/null
SELECT public.is((SELECT booking.cancel_reservation(pg_temp.id('given up'), pg_temp.token('given up'))), true, 'BookingCancellationReservation');
SELECT public.is(pg_temp.octo_status('given up'), 'CANCELLED', 'BookingCancellationReservation: its status');
SELECT public.is((SELECT booking.cancel_reservation(pg_temp.id('given up'))), false, 'BookingCancellationReservation: twice');
SELECT public.is(pg_temp.octo_error(format('SELECT booking.confirm_reservation(%L)', pg_temp.id('given up'))), 'UNPROCESSABLE_ENTITY', 'BookingConfirmation: not of what was cancelled');
SELECT pg_temp.booked_units('in time', 'cruise 9', '{"adult": 2}'), pg_temp.booked_units('too late', 'cruise 9', '{"adult": 1}') \g /dev/null
SELECT public.is((SELECT format('%s %s', c.status, c.refund_due_minor) FROM booking.cancel_booking(pg_temp.id('in time'), booking_token => pg_temp.token('in time')) AS c),
                 'cancelled 3000', 'BookingCancellationBooking: before the cutoff, refund PARTIAL');
SELECT public.is((SELECT c.version FROM booking.cancel_booking(pg_temp.id('in time')) AS c), 2::bigint, 'BookingCancellationBooking: twice');
SELECT public.is(pg_temp.octo_error('SELECT booking.cancel_booking(booking.new_id(1))'), 'INVALID_BOOKING_UUID', 'BookingCancellationInvalidUUID');
SELECT pg_temp.set_clock('2027-03-04 10:00 UTC') \g /dev/null
SELECT public.is(pg_temp.octo_error(format('SELECT booking.cancel_booking(%L, booking_token => %L)', pg_temp.id('too late'), pg_temp.token('too late'))),
                 'UNPROCESSABLE_ENTITY', 'BookingCancellationBooking: after the cutoff');

-- Expired.
SELECT pg_temp.set_clock('2027-03-01 12:00 UTC') \g /dev/null
SELECT pg_temp.hold_units('forgotten', 'cruise 9', '{"family": 1}'), pg_temp.hold_units('late', 'cruise 9', '{"family": 1}') \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 12:30 UTC') \g /dev/null
SELECT public.is(pg_temp.octo_status('forgotten'), 'EXPIRED', 'an expired reservation');
SELECT public.is(pg_temp.octo_error(format('SELECT booking.extend_reservation(%L)', pg_temp.id('forgotten'))), 'UNPROCESSABLE_ENTITY', 'BookingReservationExtend: not after its end');
SELECT public.is((SELECT c.status FROM booking.confirm_reservation(pg_temp.id('late')) AS c), 'confirmed', 'BookingConfirmation: late, where there is room');
SELECT pg_temp.booked_units('rival', 'cruise 9', '{"adult": 5}') \g /dev/null
SELECT public.is(pg_temp.octo_error(format('SELECT booking.confirm_reservation(%L)', pg_temp.id('forgotten'))), 'UNPROCESSABLE_ENTITY', 'BookingConfirmation: late, where there is none');

SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'everything adds up');
SELECT * FROM public.finish();
ROLLBACK;
