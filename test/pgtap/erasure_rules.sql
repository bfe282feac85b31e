-- Who may erase whom, when it is refused, what is found by an address alone, and where a mention begins and ends.

BEGIN;
\ir shared/fixture.sql
\ir shared/life.sql
\ir shared/payments.sql
CREATE ROLE regress_customer NOLOGIN IN ROLE booking_customer;
CREATE ROLE regress_member NOLOGIN IN ROLE booking_member;
CREATE ROLE regress_service NOLOGIN IN ROLE booking_service;
SELECT public.plan(46);

CREATE FUNCTION pg_temp.customer(new_name text, of_booking text) RETURNS uuid VOLATILE LANGUAGE sql AS $$
    INSERT INTO pg_temp.named (name, id) SELECT new_name, b.customer_id FROM booking.bookings AS b WHERE b.id = pg_temp.id(of_booking)
    RETURNING id $$;
CREATE FUNCTION pg_temp.erase(who text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT format('SELECT booking.erase_customer(%L)', pg_temp.id(who)) $$;
CREATE FUNCTION pg_temp.erased(statement text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SELECT concat_ws('' '', x.bookings, x.reservations, x.released, x.mentions) FROM (%s) AS s, LATERAL (SELECT (s.erase_customer).*) AS x',
                   statement) INTO answer;
    RETURN answer;
END $$;

-- Roles. Ann has booked; nobody of those who may not learns whether there is such a customer.
SELECT pg_temp.booked('ann', 'tour 9', 1), pg_temp.customer('customer ann', 'ann') \g /dev/null
UPDATE booking.customers SET user_id = 'ann' WHERE id = pg_temp.id('customer ann');
SELECT public.is(pg_temp.refused_to(r.role, r.who, s.statement), '42501: permission denied ' || r.message, r.role || ' ' || r.who || ': ' || s.what)
  FROM (VALUES ('booking_public', '', 'for function erase_customer'), ('regress_customer', 'ann', 'for function erase_customer'),
               ('regress_member', 'staff-1', 'to erase a customer'), ('regress_member', 'owner-2', 'to erase a customer'),
               ('booking_relay', '', 'for function erase_customer')) AS r (role, who, message),
       (VALUES (pg_temp.erase('customer ann'), 'by id'), ($$ SELECT booking.erase_customer(1, 'ann@example.org') $$, 'by address'))
       AS s (statement, what);
SELECT public.is(pg_temp.refused_to('regress_member', 'owner-2', format('SELECT booking.erase_customer(%L)', booking.new_id(1))),
                 '42501: permission denied to erase a customer', 'also of an id that is not there');
SELECT public.is(pg_temp.refused_to(r.role, r.who, pg_temp.erase('customer ann')),
                 'BK240: the customer cannot be erased yet: 1 booking is still to come', r.role || ' may ask')
  FROM (VALUES ('regress_member', 'owner-1'), ('regress_service', NULL), ('booking_admin', NULL)) AS r (role, who);

-- What is not there, or is no address.
SELECT public.is(pg_temp.refused('SELECT booking.erase_customer(NULL)'), 'BK001 customer_id: customer_id must not be NULL', 'NULL');
SELECT public.is(pg_temp.refused('SELECT booking.erase_customer(NULL, ''a@example.org'')'),
                 'BK001 organization_id: organization_id must not be NULL', 'NULL organization');
SELECT public.is(pg_temp.refused('SELECT booking.erase_customer(1, NULL)'), 'BK001 email: email must not be NULL', 'NULL address');
SELECT public.is(left(pg_temp.refused('SELECT booking.erase_customer(1, ''nobody'')'), 5), 'BK003', 'no address');
SELECT public.is(left(pg_temp.refused('SELECT booking.erase_customer(77, ''a@example.org'')'), 5), 'BK609', 'no organization');
SELECT public.is(left(pg_temp.refused(format('SELECT booking.erase_customer(%L)', x.id)), 17), 'BK115 customer_id', 'no customer: ' || x.what)
  FROM (VALUES (booking.new_id(1), 'a new id'), (gen_random_uuid(), 'an id of others'), (pg_temp.id('ann'), 'a booking')) AS x (id, what);
SELECT public.is(pg_temp.erased('SELECT booking.erase_customer(1, ''never.seen@example.org'')'), '0 0 0 0', 'an unknown address changes nothing');
SELECT public.is_empty('SELECT 1 FROM booking.booking_events AS e WHERE e.kind = ''customer.erased''', 'and tells nothing');

-- What has to be over: bookings, packages, refunds, payments nobody has decided about, events that wait.
SELECT pg_temp.booked('ann too', 'tour 11', 1) \g /dev/null
UPDATE booking.bookings SET customer_id = pg_temp.id('customer ann') WHERE id = pg_temp.id('ann too');
SELECT pg_temp.source('stripe', 'stripe'), pg_temp.sale('package', 5000, 'paid') \g /dev/null
UPDATE booking.bookings SET customer_id = pg_temp.id('customer ann'), customer_email = 'ann@example.org' WHERE id = pg_temp.id('package');
SELECT pg_temp.paid('ann', 5000), pg_temp.paid('ann too', 7, 'pi_2') \g /dev/null
INSERT INTO booking.refunds (organization_id, id, payment_id, provider, status, amount_minor, currency, created_at, updated_at)
SELECT 1, booking.new_id(1), p.id, 'stripe', 'due', 5000, 'EUR', booking.clock(), booking.clock()
  FROM booking.payments AS p WHERE p.provider_ref = 'pi_1';
UPDATE booking.bookings SET refund_status = 'due' WHERE id = pg_temp.id('ann');
UPDATE booking.payments SET accepted = false, status = 'conflict', conflict = 'not the price' WHERE provider_ref = 'pi_2';
INSERT INTO booking.payment_events (organization_id, id, source_id, external_id, event_type, received_at, body, body_hash, status,
                                    next_attempt_at)
VALUES (1, booking.new_id(1), pg_temp.id('source stripe'), 'evt', 'x', booking.clock(), '{"email": "ann@example.org"}', '\x00', 'failed',
        booking.clock());
SELECT public.is(pg_temp.refused(pg_temp.erase('customer ann')),
                 'BK240 -: the customer cannot be erased yet: 3 bookings are still to come, 1 refund is under way, '
                 '1 payment is to be decided about, 1 received event is still to be applied', 'the refusal counts what is open');
SELECT pg_temp.set_clock('2027-03-04 12:00 UTC') \g /dev/null
SELECT public.is(pg_temp.refused(pg_temp.erase('customer ann')),
                 'BK240 -: the customer cannot be erased yet: 1 refund is under way, 1 payment is to be decided about, '
                 '1 received event is still to be applied', 'what is over is not to come, nor a package whose time has run out');
UPDATE booking.bookings SET sessions_included = 3, expires_at = '2027-06-01', scheduled_start = '2027-03-02 09:00 UTC' WHERE id = pg_temp.id('package');
SELECT public.matches(pg_temp.refused(pg_temp.erase('customer ann')), '1 booking is still to come', 'sessions that are left are to come');
UPDATE booking.bookings SET package_booking_id = pg_temp.id('package') WHERE id IN (pg_temp.id('ann'), pg_temp.id('ann too'));
SELECT public.doesnt_match(pg_temp.refused(pg_temp.erase('customer ann')), 'still to come', 'until all are used');
UPDATE booking.refunds SET status = 'done', provider_ref = 're_1', was_done = true;
UPDATE booking.bookings SET refund_status = 'done' WHERE id = pg_temp.id('ann');
UPDATE booking.payments SET refunded_minor = 5000, status = 'refunded' WHERE provider_ref = 'pi_1';
SELECT public.is(pg_temp.refused(pg_temp.erase('customer ann')),
                 'BK240 -: the customer cannot be erased yet: 1 payment is to be decided about, 1 received event is still to be applied',
                 'money that went back is over');
UPDATE booking.payments SET decision = 'refund', decided_by = 'owner-1', decided_at = now() WHERE provider_ref = 'pi_2';
UPDATE booking.payment_events SET next_attempt_at = NULL;
SELECT public.is(pg_temp.erased(pg_temp.erase('customer ann')), '3 2 0 1', 'then it is done');

SELECT pg_temp.sale('unpaid'), pg_temp.set_clock('2027-03-20 12:00 UTC') \g /dev/null
SELECT public.is(pg_temp.refused($$ SELECT booking.erase_customer(1, 'buyer@example.org') $$),
                 'BK240 -: the customer cannot be erased yet: 1 booking is still to come', 'what waits for its money is to come, though it is overdue');

-- Visitors: who only reserved is found by the address, in any case of letters; live holds are let go.
SELECT pg_temp.set_clock('2027-03-01 12:00 UTC') \g /dev/null
SELECT pg_temp.hold('vic', 'massage 9', 2, 'Vic@example.org'), pg_temp.hold('vic too', 'court 9', 1, 'vic@example.org'),
       pg_temp.hold('rob', 'court 9', 1, 'rob@example.org') \g /dev/null
SELECT booking.cancel_reservation(pg_temp.id('vic too')) \g /dev/null
SELECT public.is(pg_temp.erased('SELECT booking.erase_customer(1, ''VIC@example.org'')'), '0 2 1 0', 'a visitor by the address');
SELECT public.is(pg_temp.seats_left('massage 9'), 4, 'the seats are free');
SELECT public.is((SELECT string_agg(DISTINCT left(r.customer_email, 7), ' ' ORDER BY left(r.customer_email, 7))
                    FROM booking.slot_reservations AS r WHERE r.session_id IN (pg_temp.id('massage 9'), pg_temp.id('court 9'))),
                 'erased- rob@exa', 'nobody else''s');
SELECT public.is((SELECT count(DISTINCT r.customer_email)::integer FROM booking.slot_reservations AS r
                   WHERE r.id IN (pg_temp.id('vic'), pg_temp.id('vic too'))), 2, 'and nobody sees that both were of one');
SELECT public.throws_ok(format('SELECT booking.confirm_reservation(%L)', pg_temp.id('vic')), 'BK206', NULL, 'money that still comes for it goes back');

-- A hold that had run out is nobody's either, though there were room.
SELECT pg_temp.hold('late', 'massage 9', 1, 'late@example.org') \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 13:00 UTC'), booking.release_expired_reservations() \g /dev/null
SELECT public.is(pg_temp.erased('SELECT booking.erase_customer(1, ''late@example.org'')'), '0 1 0 0', 'a hold that has run out');
SELECT public.throws_ok(format('SELECT booking.confirm_reservation(%L)', pg_temp.id('late')), 'BK206',
                        format('reservation %s is nobody''s any more', pg_temp.id('late')), 'is not confirmed any more');

SELECT public.is(pg_temp.stripe('evt_late', 'payment_intent.succeeded',
                                '{"id": "pi_late", "amount_received": 2500, "currency": "eur", "metadata": {"reservation_id": "id:late"}}'),
                 'applied', 'money for it is taken note of');
SELECT public.is(pg_temp.account('pi_late'), 'paid 2500 EUR -0 due 2500', 'and due back');

-- Addresses of former bookings are the customer's as well, unless they are another customer's by now.
SELECT pg_temp.booked('eve', 'tour 11', 1), pg_temp.booked('sam', 'tour 11', 1), pg_temp.customer('customer eve', 'eve') \g /dev/null
UPDATE booking.customers SET email = 'eve.new@example.org' WHERE id = pg_temp.id('customer eve');
SELECT pg_temp.hold('eve now', 'court 9', 1, 'eve@example.org') \g /dev/null
UPDATE booking.bookings SET customer_email = 'sam@example.org' WHERE id = pg_temp.id('eve');
INSERT INTO booking.bookings (organization_id, id, booking_number, customer_id, customer_email, status, payment_status, currency)
VALUES (1, booking.new_id(1), 'OLD', pg_temp.id('customer eve'), 'eve@example.org', 'cancelled', 'not_required', 'EUR');
SELECT pg_temp.set_clock('2027-03-04 12:00 UTC') \g /dev/null
SELECT public.is(pg_temp.erased(pg_temp.erase('customer eve')), '2 2 1 0', 'a former address is the customer''s, too');
SELECT public.is((SELECT b.customer_email FROM booking.bookings AS b WHERE b.id = pg_temp.id('sam')), 'sam@example.org',
                 'not one that is another''s');

-- Where a mention begins and ends. What is short or common is not looked for.
CREATE FUNCTION pg_temp.noted(words text) RETURNS text VOLATILE LANGUAGE sql AS $$
    INSERT INTO booking.job_runs (organization_id, id, job, started_at, finished_at, error_sqlstate, error_message)
    VALUES (1, booking.new_id(1), 'release', now(), now(), '23514', words) RETURNING words $$;
SELECT pg_temp.noted(w.words) FROM (VALUES
    ('may@x.example wrote'), ('<MAY@X.EXAMPLE>.'), ('"may@x.example"'), ('lee.may@x.example'), ('may@x.example.org'), ('may@x.examples'),
    ('in May we close'), ('Dr May O''Neil-Li'), ('May O''Neil-Lind'), ('call 030-555 0199.'), ('0305550199'), ('10305550199'), ('mayXx.example'))
    AS w (words) \g /dev/null
INSERT INTO booking.customers (organization_id, id, email, name, phone) VALUES (1, booking.new_id(1), 'May@x.example', 'May O''Neil-Li', '(030) 5550199');
SELECT public.is(pg_temp.erased('SELECT booking.erase_customer(1, ''may@x.example'')'), '0 0 0 6', 'six notes mention her');
SELECT public.is((SELECT string_agg(j.error_message, ' | ' ORDER BY j.id) FROM booking.job_runs AS j),
    '[erased] wrote | <[erased]>. | "[erased]" | lee.may@x.example | may@x.example.org | may@x.examples | in May we close | Dr [erased]'
    ' | May O''Neil-Lind | call [erased]. | [erased] | 10305550199 | mayXx.example', 'and no others are touched');
SELECT public.is_empty('SELECT * FROM booking.integrity_check() AS c WHERE c.invariant !~ ''^(payment|booking)''', 'the seats are counted');
SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
