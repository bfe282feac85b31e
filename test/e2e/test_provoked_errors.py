"""Ten thousand errors in one backend, plain and in PL/pgSQL exception blocks: no memory grows, no C++ frame is left,
the backend's role and settings are as before, and nothing is written."""

import datetime
import json
import random
import unittest
import zlib

from psql import LONG, UTC, DatabaseCase, SqlError, clock_at, quote, wait_until

ERRORS = 100000 if LONG else 10000
WARM_UP = ERRORS // 5
NOW = datetime.datetime(2031, 6, 1, 8, tzinfo=UTC)
TOKEN = "A" * 43  # 32 zero bytes


def an_id(number):
    return f"01900000-0000-8000-8000-{number:04x}0000004d"


VENUE, ACTIVITY, PLAYED = an_id(1), an_id(2), an_id(3)
OPEN, STARTED, CLOSED, CANCELLED, FULL, LOCKED = (an_id(n) for n in range(0x10, 0x16))
LIVE, RUN_OUT, GIVEN_BACK, EXPIRED, OF_CANCELLED, EXTENDED, BOOKED, FREE = (an_id(n) for n in range(0x20, 0x28))
ENDPOINT, DISABLED = an_id(0x30), an_id(0x31)
SOURCE, RESOURCE = an_id(0x38), an_id(0x39)
UNPAID, PAID, TOO_LATE, SCHEDULED, CALLED_OFF = (an_id(n) for n in range(0x40, 0x45))
UNKNOWN = an_id(0x99)

SCHEMA = f"""
INSERT INTO booking.organizations (organization_id, name) VALUES (77, 'Errors');
INSERT INTO booking.venues (organization_id, id, name, timezone) VALUES (77, '{VENUE}', 'Hall', 'Europe/Berlin');
INSERT INTO booking.activities (organization_id, id, venue_id, name, capacity, price_minor, schedule, party_size_min,
                                party_size_max, hold_seconds_max, hold_extensions_max)
VALUES (77, '{ACTIVITY}', '{VENUE}', 'Tour', 10, 1500,
        '{{"operatingDays": ["Monday"], "startTime": "09:00", "endTime": "10:00", "slotInterval": 30}}', 2, 6, 1800, 1);
INSERT INTO booking.sessions (organization_id, id, activity_id, start_time, end_time, local_date, capacity_total,
                              remaining, status, timezone)
SELECT 77, s.id, '{ACTIVITY}', s.start_time, s.start_time + interval '30 minutes', s.start_time::date,
       CASE s.id WHEN '{OPEN}' THEN 20 ELSE 10 END, s.remaining,
       s.status, 'Europe/Berlin'
  FROM (VALUES ('{OPEN}'::uuid, timestamptz '2031-06-02 09:00+00', 14, 'open'),
               ('{STARTED}', '2031-06-01 07:00+00', 10, 'open'),
               ('{CLOSED}', '2031-06-02 10:00+00', 10, 'closed'),
               ('{CANCELLED}', '2031-06-02 11:00+00', 8, 'cancelled'),
               ('{FULL}', '2031-06-02 12:00+00', 1, 'open'),
               ('{LOCKED}', '2031-06-02 13:00+00', 10, 'open')) AS s (id, start_time, remaining, status);
INSERT INTO booking.slot_reservations (organization_id, id, session_id, party_size, customer_email, status, created_at,
                                       expires_at, settled_at, extended_count, token_hash)
SELECT 77, r.id, r.session, r.party, 'ann@example.com', r.status, r.created, r.created + r.lasts,
       CASE WHEN r.status <> 'pending' THEN r.created END, r.extended, sha256(decode(repeat('00', 32), 'hex'))
  FROM (VALUES ('{LIVE}'::uuid, '{OPEN}'::uuid, 3, 'pending', timestamptz '2031-06-01 07:50+00', interval '20 min', 0),
               ('{RUN_OUT}', '{FULL}', 4, 'pending', '2031-06-01 07:30+00', '10 min', 0),
               ('{GIVEN_BACK}', '{OPEN}', 2, 'cancelled', '2031-06-01 07:30+00', '10 min', 0),
               ('{EXPIRED}', '{FULL}', 6, 'expired', '2031-06-01 07:30+00', '10 min', 0),
               ('{OF_CANCELLED}', '{CANCELLED}', 2, 'pending', '2031-06-01 07:55+00', '20 min', 0),
               ('{EXTENDED}', '{OPEN}', 3, 'pending', '2031-06-01 07:55+00', '20 min', 1),
               ('{BOOKED}', '{FULL}', 5, 'pending', '2031-06-01 07:55+00', '20 min', 0))
       AS r (id, session, party, status, created, lasts, extended);

INSERT INTO booking.webhook_endpoints (organization_id, id, name, url, preset, events, status, max_in_flight, burst,
                                       timeout_ms, batch_max, max_age, hmac_header, hmac_prefix, hmac_encoding)
SELECT 77, e.id, e.status, 'https://hook.example', 'standard', '{{*}}', e.status, 8, 100, 20000, 1, interval '76 hours',
       'X-Signature', '', 'hex'
  FROM (VALUES ('{ENDPOINT}'::uuid, 'active'), ('{DISABLED}', 'disabled')) AS e (id, status);

INSERT INTO booking.webhook_endpoint_states (organization_id, endpoint_id)
VALUES (77, '{ENDPOINT}'), (77, '{DISABLED}');

INSERT INTO booking.resources (organization_id, id, venue_id, name) VALUES (77, '{RESOURCE}', '{VENUE}', 'Court');
-- Two sessions that are sold, one after the other; of an activity of its own, since no session of it may be locked.
INSERT INTO booking.activities (organization_id, id, venue_id, name, capacity, schedule)
SELECT 77, '{PLAYED}', '{VENUE}', 'Tennis', 10, a.schedule FROM booking.activities AS a;
INSERT INTO booking.sessions (organization_id, id, activity_id, start_time, end_time, local_date, capacity_total,
                              remaining, timezone)
SELECT 77, s.id, '{PLAYED}', s.start_time, s.start_time + interval '1 hour', s.start_time::date, 10, 8, 'Europe/Berlin'
  FROM (VALUES ('{an_id(0x50)}'::uuid, timestamptz '2031-06-02 09:00+00'),
               ('{an_id(0x51)}', '2031-06-02 10:00+00')) AS s (id, start_time);
INSERT INTO booking.slot_reservations (organization_id, id, session_id, party_size, customer_email, status, created_at,
                                       expires_at, token_hash)
SELECT 77, r.id, r.session, 2, 'bob@example.com', 'pending', timestamptz '2031-06-01 07:55+00', '2031-06-01 08:15+00',
       sha256('')
  FROM (VALUES ('{an_id(0x58)}'::uuid, '{an_id(0x50)}'::uuid), ('{an_id(0x59)}', '{an_id(0x51)}')) AS r (id, session);

INSERT INTO booking.webhook_sources (organization_id, id, name, scheme) VALUES (77, '{SOURCE}', 'till', 'stripe');

INSERT INTO booking.packages (organization_id, id, name, activity_id, live_bookings_per_email)
VALUES (77, 'single', 'Single', '{ACTIVITY}', 1000000), (77, 'call', 'Call', NULL, 1000000);

-- Their tokens begin with B to F and have zeros behind.
INSERT INTO booking.bookings (organization_id, id, booking_number, package_id, customer_email, status, payment_status,
                              currency, scheduled_start, scheduled_end, expires_at, token_hash)
SELECT 77, b.id, b.first_byte, 'single', 'ann@example.com', b.status, b.payment_status, 'EUR', b.start,
       b.start + interval '30 minutes', b.expires, sha256(decode(rpad(b.first_byte, 64, '0'), 'hex'))
  FROM (VALUES ('{UNPAID}'::uuid, '04', 'pending', 'pending', NULL::timestamptz, timestamptz '2031-06-02 07:00+00'),
               ('{PAID}', '08', 'paid', 'paid', NULL, '2031-07-01 07:00+00'),
               ('{TOO_LATE}', '0c', 'pending', 'pending', NULL, '2031-06-01 07:59+00'),
               ('{SCHEDULED}', '10', 'scheduled', 'paid', '2031-06-03 09:00+00', '2031-07-01 07:00+00'),
               ('{CALLED_OFF}', '14', 'cancelled', 'refunded', NULL, '2031-07-01 07:00+00'))
       AS b (id, first_byte, status, payment_status, start, expires);

-- The owner's own triggers, as an application might plant them: they fail inside our statements.
CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE split_part(COALESCE(to_jsonb(NEW) ->> 'customer_email', to_jsonb(NEW) ->> 'email'), '@', 1)
        WHEN 'divide' THEN NEW.party_size := 1 / (NEW.party_size - NEW.party_size);
        WHEN 'check' THEN NEW.party_size := 0;
        WHEN 'null' THEN NEW.customer_email := NULL;
        WHEN 'unique' THEN NEW.id := '{LIVE}';
        WHEN 'raise' THEN
            RAISE EXCEPTION USING MESSAGE = repeat('message ', 2000), DETAIL = repeat('detail ', 2000),
                HINT = repeat('hint ', 2000), ERRCODE = 'ZZ001';
        WHEN 'refuse' THEN PERFORM booking.reserve_slot(NEW.session_id, -1, 'ann@example.com');
        WHEN 'nested' THEN PERFORM booking.reserve_slot(NEW.session_id, NEW.party_size, 'divide@example.com');
        WHEN 'caught' THEN
            BEGIN
                PERFORM booking.reserve_slot(NEW.session_id, NEW.party_size, 'divide@example.com');
            EXCEPTION WHEN division_by_zero THEN
                PERFORM booking.confirm_reservation('{UNKNOWN}');
            END;
        WHEN 'slow' THEN PERFORM pg_sleep(60);
        ELSE NULL;
    END CASE;
    RETURN NEW;
END $$;
ALTER FUNCTION public.fail() OWNER TO booking_owner;
GRANT EXECUTE ON FUNCTION public.fail() TO booking_owner;
CREATE TRIGGER fail BEFORE INSERT ON booking.slot_reservations FOR EACH ROW EXECUTE FUNCTION public.fail();

CREATE FUNCTION public.fail_booking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE NEW.customer_name
        WHEN 'divide' THEN NEW.party_size := 1 / (NEW.party_size - NEW.party_size);
        WHEN 'foreign' THEN NEW.customer_id := '{UNKNOWN}';
        WHEN 'check' THEN NEW.currency := 'euro';
        WHEN 'cast' THEN NEW.party_size := 'many';
        ELSE NULL;
    END CASE;
    RETURN NEW;
END $$;
ALTER FUNCTION public.fail_booking() OWNER TO booking_owner;
CREATE TRIGGER fail BEFORE INSERT ON booking.bookings FOR EACH ROW EXECUTE FUNCTION public.fail_booking();

-- Runs a statement in a subtransaction, so many times, and looks at what it leaves behind.
CREATE PROCEDURE public.provoke(statement text, expected text, times integer) LANGUAGE plpgsql AS $$
DECLARE
    state text;
    mood text := concat_ws('|', current_user, session_user, current_setting('search_path'),
                           current_setting('lock_timeout'), current_setting('role'));
    left_behind text;
BEGIN
    FOR i IN 1 .. times LOOP
        BEGIN
            state := '00000';
            EXECUTE statement;
        EXCEPTION WHEN OTHERS OR query_canceled THEN
            state := SQLSTATE;
        END;
        IF state <> expected THEN
            RAISE EXCEPTION '% instead of %: %', state, expected, statement;
        END IF;
        left_behind := concat_ws('|', current_user, session_user, current_setting('search_path'),
                                 current_setting('lock_timeout'), current_setting('role'));
        IF left_behind <> mood THEN
            RAISE EXCEPTION 'left behind: % instead of % by %', left_behind, mood, statement;
        END IF;
    END LOOP;
END $$;
"""


def reserve(email="ann@example.com", session=OPEN, party=2, rest=""):
    return f"SELECT booking.reserve_slot({quote(session)}, {party}, {quote(email)}{rest})"


def join(email="ann@example.com", session=FULL, party=6):
    return f"SELECT booking.join_waitlist({quote(session)}, {party}, {quote(email)})"


def with_schedule(**change):
    return (f"UPDATE booking.activities SET schedule = schedule || {quote(json.dumps(change))}"
            f" WHERE id = '{ACTIVITY}'")


def buy(**change):
    request = {"packageId": "single", "customerName": "Ann", "customerEmail": "ann@example.com", **change}
    return f"SELECT booking.booking_create(77, {quote(json.dumps(request))})"


def schedule(first_letter, start="2031-06-02T09:00:00Z", end="2031-06-02T09:30:00Z", **more):
    request = {"bookingToken": first_letter + "A" * 42 + ".77", "startTime": start, "endTime": end, **more}
    return f"SELECT booking.booking_schedule({quote(json.dumps(request))})"


def of_units(items, seats=1, then=None):
    """An activity that is sold by adults, who take so many seats, and by children, who do not come alone."""
    units = ", ".join(f"(77, '{ACTIVITY}', '{code}', '{code}', 900, {seats}, {least}, '{with_whom}')"
                      for code, least, with_whom in (("adult", 2, "{}"), ("child", 1, "{adult}")))
    return ("INSERT INTO booking.activity_units (organization_id, activity_id, code, title, price_minor, pax_count,"
            f" min_quantity, accompanied_by) VALUES {units}; "
            + (then or reserve(party="NULL", rest=f", NULL, NULL, {quote(json.dumps(items))}")))


AS_PUBLIC = "SET LOCAL ROLE booking_public; "
# Statement and its SQLSTATE; several statements are one transaction.
PROVOCATIONS = [
    (reserve(session=None), "BK001"), (reserve(party="NULL"), "BK001"), (reserve(email=None), "BK001"),
    ("SELECT booking.confirm_reservation(NULL)", "BK001"), ("SELECT booking.new_id(NULL)", "BK001"),
    ("SELECT booking.get_upcoming_bookings(NULL)", "BK001"), ("SELECT booking.generate_all_sessions(NULL)", "BK001"),
    (reserve(party=0), "BK002"), (reserve(party=-1), "BK002"), (reserve(party=7), "BK002"),
    (reserve(party=2147483647), "BK002"), (f"SELECT booking.check_slot_availability('{OPEN}', 0)", "BK002"),
    (reserve(email=""), "BK003"), (reserve(email="x" * 100000), "BK003"), (reserve(email="a b@example.com"), "BK003"),
    (reserve(rest=", NULL, 0"), "BK004"), (reserve(rest=", NULL, 1801"), "BK004"),
    (f"SELECT booking.extend_reservation('{LIVE}', '{TOKEN}', 0)", "BK004"),
    (reserve(rest=", 'short'"), "BK005"), (reserve(rest=", repeat('x', 256)"), "BK005"),
    (with_schedule(slotInterval=0), "BK006"), (with_schedule(startTime="25:00"), "BK006"),
    (with_schedule(operatingDays="Monday"), "BK006"), (with_schedule(slotinterval=30), "BK006"),
    (with_schedule(customHours={"x" * 1000: {}}), "BK006"), ("SELECT booking.check_schedule('[]')", "BK006"),
    (f"SELECT booking.generate_activity_sessions('{ACTIVITY}', '2031-06-01', -1)", "BK007"),
    (f"SELECT booking.generate_activity_sessions('{ACTIVITY}', 'infinity', 1)", "BK007"),
    (f"UPDATE booking.venues SET timezone = 'Mars/Olympus' WHERE id = '{VENUE}'", "BK008"),
    ("SELECT booking.check_time_zone(repeat('x/', 1000))", "BK008"),
    ("SELECT * FROM booking.get_upcoming_bookings(0)", "BK009"),
    (f"SELECT * FROM booking.next_available_sessions('{ACTIVITY}', 1, 1001)", "BK009"),
    (f"SELECT booking.confirm_reservation('{LIVE}', NULL, '  ')", "BK010"),
    (f"SELECT booking.confirm_reservation('{LIVE}', NULL, 'Ann', 'call me')", "BK010"),
    ("SELECT booking.new_id(0)", "BK011"),
    (f"SELECT booking.set_session_lanes('{OPEN}', 0)", "BK012"),
    (f"SELECT booking.set_session_capacity('{OPEN}', -1)", "BK020"),
    (f"SELECT booking.set_session_capacity('{OPEN}', 99, 98)", "BK222"),
    (f"SELECT booking.close_session('{OPEN}', repeat('x', 501))", "BK020"),
    (f"SELECT booking.use_resource('{ACTIVITY}', '{RESOURCE}', 0, 1441)", "BK040"),
    (f"SELECT booking.use_resource('{ACTIVITY}', '{UNKNOWN}')", "BK140"),
    (f"SELECT booking.stop_using_resource('{UNKNOWN}', '{RESOURCE}')", "BK103"),
    (f"SELECT booking.use_resource('{PLAYED}', '{RESOURCE}', 0, 30)", "BK270"),
    (f"SELECT booking.block_period('{ACTIVITY}', '2031-06-02', '2031-06-01')", "BK041"),
    (f"SELECT booking.block_period('{ACTIVITY}', '2031-06-01', '2031-06-02', repeat('x', 501))", "BK020"),
    (f"SELECT booking.unblock_period('{UNKNOWN}')", "BK141"),
    (f"SELECT booking.apply_schedule_change('{UNKNOWN}')", "BK103"),
    (f"SELECT booking.set_venue_timezone('{VENUE}', 'Mars/Olympus')", "BK008"),
    (f"SELECT booking.set_venue_timezone('{UNKNOWN}', 'UTC')", "BK107"),
    (f"UPDATE booking.activities SET min_notice_seconds = 315360000 WHERE id = '{ACTIVITY}'; " + reserve(), "BK271"),
    (f"UPDATE booking.activities SET max_advance_seconds = 1 WHERE id = '{ACTIVITY}'; " + reserve(), "BK272"),
    ("SELECT booking.maintain_event_partitions(7, 0)", "BK013"),
    ("SELECT booking.canonical_event_filter('parcel.*')", "BK014"),
    (buy(customerName="A"), "BK015"), (buy(packageId="double"), "BK015"), (buy(customerEmail="x" * 100000), "BK015"),
    (buy(metadata={"k": ["v" * 20000]}), "BK015"), (buy(idempotencyKey="short"), "BK005"),
    (buy(customerName="divide"), "22012"), (buy(customerName="cast", idempotencyKey="k" * 16), "22P02"),
    (schedule("C", end="soon"), "BK015"), (schedule("C", additionalNotes="n" * 501), "BK015"),
    ("SELECT booking.booking_status('AAAA')", "BK015"), (schedule("C", timezone="Mars/Olympus"), "BK008"),
    ("SELECT booking.create_default_packages(77, 'euro', 1, 2, 3)", "BK016"),
    ("SELECT booking.public_venue(77, 'nowhere1')", "BK107"), ("SELECT booking.public_embed(77, 'nowhere1', NULL)", "BK107"),
    (f"SELECT booking.public_activity_sessions('{UNKNOWN}')", "BK103"),
    (f"SELECT booking.public_activity_sessions('{ACTIVITY}', 'soon')", "BK015"),
    (f"SELECT booking.reservation_status('{LIVE}', '{TOKEN}x')", "BK301"),
    (schedule("A"), "BK104"), ("SELECT booking.booking_status(repeat('A', 43) || '.77')", "BK104"),
    (schedule("C", start="2031-06-02T09:15:00Z"), "BK105"), (schedule("C", sessionId=FULL), "BK105"),
    (f"UPDATE booking.packages SET party_size = 9 WHERE id = 'single'; UPDATE booking.bookings SET party_size = 19"
     f" WHERE id = '{PAID}'; " + schedule("C"), "BK201"),
    (schedule("B"), "BK210"), (schedule("D"), "BK215"), (schedule("E"), "BK216"), (schedule("F"), "BK217"),
    (schedule("C", bookingId=UNPAID), "BK302"), (AS_PUBLIC + schedule("C", bookingId=UNPAID), "BK302"),
    (f"SELECT booking.cancel_booking('{PAID}', NULL, 'half')", "BK017"),
    (f"SELECT booking.cancel_booking('{PAID}', NULL, 'partial', -1)", "BK017"),
    (f"SELECT booking.check_in('{SCHEDULED}', 9)", "BK018"), (f"SELECT booking.check_in('{SCHEDULED}', 1, 'n n')", "BK019"),
    (f"SELECT booking.cancel_booking('{UNKNOWN}')", "BK104"),
    (f"UPDATE booking.bookings SET cancel_cutoff_seconds = 315360000 WHERE id = '{SCHEDULED}';"
     f" SELECT booking.cancel_booking('{SCHEDULED}')", "BK220"),
    (f"SELECT booking.check_in('{UNPAID}')", "BK221"), (f"SELECT booking.change_party_size('{PAID}', 2)", "BK221"),
    (f"SELECT booking.cancel_booking('{SCHEDULED}', expected_version => 99)", "BK222"),
    (f"SELECT booking.cancel_booking('{PAID}', NULL, 'partial', 1000000)", "BK223"),
    (f"UPDATE booking.bookings SET token_hash = NULL, package_booking_id = '{PAID}' WHERE id = '{SCHEDULED}';"
     f" SELECT booking.cancel_booking('{PAID}')", "BK224"),
    (f"INSERT INTO booking.activities (organization_id, id, venue_id, name, schedule, capacity)"
     f" SELECT 77, '{an_id(0x77)}', a.venue_id, 'Other', a.schedule, 5 FROM booking.activities AS a"
     f" WHERE a.id = '{ACTIVITY}'; UPDATE booking.sessions SET activity_id = '{an_id(0x77)}' WHERE id = '{FULL}';"
     f" SELECT booking.confirm_reservation('{LIVE}'); SELECT booking.reschedule_booking("
     f"(SELECT b.id FROM booking.bookings AS b WHERE b.reservation_id = '{LIVE}'), '{FULL}')", "BK225"),
    (f"SELECT booking.check_in('{SCHEDULED}', 1, 'gate'); SELECT booking.check_in('{SCHEDULED}', 1, 'door')", "BK226"),
    (AS_PUBLIC + f"SELECT booking.cancel_booking('{PAID}')", "BK310"),
    (AS_PUBLIC + f"SELECT booking.cancel_booking('{PAID}', NULL, 'full', booking_token => 'C' || repeat('A', 42) || '.77')",
     "BK311"),
    ("DELETE FROM booking.booking_changes", "BK218"), ("TRUNCATE booking.booking_changes", "BK218"),
    (f"UPDATE booking.bookings SET customer_email = 'divide@example.com' WHERE id = '{PAID}'; " + schedule("C"), "22012"),
    ("SET LOCAL TRANSACTION READ ONLY; " + schedule("C"), "25006"),
    ("SET LOCAL lock_timeout = '1ms'; " + schedule("C", "2031-06-02T13:00:00Z", "2031-06-02T13:30:00Z"), "BK401"),
    (f"UPDATE booking.activities SET live_holds_per_email = 1 WHERE id = '{ACTIVITY}'; " + reserve(), "BK213"),
    ("UPDATE booking.packages SET live_bookings_per_email = 1; " + buy(), "BK219"),
    ("SELECT booking.cancel_unpaid_bookings(0)", "BK013"), ("SELECT booking.cancel_unpaid_bookings(NULL)", "BK001"),
    # A fifth of 20 seats; the second call comes too late for what is left of it.
    (f"UPDATE booking.activities SET unpaid_percent_max = 20 WHERE id = '{ACTIVITY}'; "
     + reserve(party=3) + "; " + reserve(), "BK214"),
    # What makes room for a waiting list, expired holds given back and lanes, is undone as well.
    (join(party=2), "BK241"), (join() + "; " + join(party=5), "BK243"), (join(session=STARTED), "BK202"),
    (f"UPDATE booking.activities SET waitlist_policy = 'off' WHERE id = '{ACTIVITY}'; " + join(), "BK242"),
    (join() + f"; UPDATE booking.activities SET waitlist_policy = 'strict' WHERE id = '{ACTIVITY}'; "
     + join("bob@example.com") + "; " + reserve(session=FULL), "BK240"),
    (f"SELECT booking.leave_waitlist('{UNKNOWN}')", "BK115"),
    (join() + "; SELECT booking.leave_waitlist((SELECT w.id FROM booking.waitlist_entries AS w), repeat('x', 100000))",
     "BK303"),
    (of_units("adult"), "BK260"), (of_units([{"unit": "adult" * 1000}]), "BK260"), (of_units([{"unit": "dog"}]), "BK261"),
    (of_units([{"unit": "adult"}]), "BK262"), (of_units([{"unit": "child", "quantity": 3}]), "BK263"),
    (of_units(None, seats=3, then=reserve()), "BK264"),
    ("SELECT booking.scan_ticket(repeat('x', 100000))", "BK265"), ("SELECT booking.scan_ticket('x', 'eject')", "BK019"),
    (of_units(None, then=f"SELECT booking.update_reservation_units('{LIVE}', '[{{\"unit\": \"adult\"}}]')"), "BK262"),
    (f"SELECT booking.change_units('{PAID}', '[{{\"unit\": \"adult\"}}]')", "BK221"),
    (f"SELECT booking.cancel_units('{PAID}', '{{1}}')", "BK221"), (f"SELECT booking.issue_tickets('{PAID}')", "BK221"),
    (f"SELECT booking.quote_units('{OPEN}', '[]')", "BK260"),
    (reserve(session=UNKNOWN), "BK101"), (reserve(session="00000000-0000-0000-0000-000000000000"), "BK101"),
    (f"SELECT booking.check_slot_availability('{UNKNOWN}', 1)", "BK101"),
    (f"SELECT booking.confirm_reservation('{UNKNOWN}')", "BK102"),
    (f"SELECT booking.cancel_reservation('{UNKNOWN}', '{TOKEN}')", "BK102"),
    (f"SELECT booking.generate_activity_sessions('{UNKNOWN}', '2031-06-01', 1)", "BK103"),
    (f"SELECT * FROM booking.next_available_sessions('{UNKNOWN}', 1)", "BK103"),
    (reserve(session=FULL, party=6), "BK201"), (reserve(session=FULL, party=6, rest=", 'a-key-of-16-or-more'"), "BK201"),
    (reserve(session=STARTED), "BK202"), (reserve(session=CLOSED), "BK203"), (reserve(session=CANCELLED), "BK204"),
    (f"SELECT booking.confirm_reservation('{OF_CANCELLED}')", "BK204"),
    (f"SELECT booking.extend_reservation('{RUN_OUT}')", "BK205"),
    (f"SELECT booking.extend_reservation('{EXPIRED}', '{TOKEN}')", "BK205"),
    (f"SELECT booking.extend_reservation('{GIVEN_BACK}')", "BK206"),
    (f"SELECT booking.confirm_reservation('{GIVEN_BACK}')", "BK206"),
    (f"SELECT booking.extend_reservation('{BOOKED}')", "BK207"),
    (f"SELECT booking.cancel_reservation('{BOOKED}')", "BK207"),
    (reserve(rest=", 'key-that-is-in-use-already'", party=3), "BK208"),
    (f"SELECT booking.extend_reservation('{EXTENDED}')", "BK209"),
    (f"SELECT booking.extend_reservation('{LIVE}', '{TOKEN}', 1800)", "BK209"),
    (AS_PUBLIC + f"SELECT booking.confirm_reservation('{LIVE}', '{TOKEN}')", "BK210"),
    # The hold that has run out is reclaimed on the way, and comes back with the transaction's end.
    (f"SELECT booking.confirm_reservation('{EXPIRED}')", "BK211"),
    (f"UPDATE booking.bookings SET status = 'pending' WHERE organization_id = 77", "BK212"),
    (f"UPDATE booking.slot_reservations SET status = 'pending', settled_at = NULL WHERE id = '{GIVEN_BACK}'", "BK212"),
    (f"SELECT booking.extend_reservation('{LIVE}', '')", "BK301"),
    (f"SELECT booking.cancel_reservation('{LIVE}', '{'B' * 43}')", "BK301"),
    (f"SELECT booking.confirm_reservation('{LIVE}', repeat('x', 100000))", "BK301"),
    ("SELECT booking.create_webhook_endpoint(77, 'x', 'http://user@x')", "BK601"),
    (f"SELECT booking.update_webhook_endpoint('{ENDPOINT}', jsonb_build_object('url', repeat('x', 100000)))", "BK601"),
    (f"SELECT booking.rotate_webhook_secret('{ENDPOINT}', 'hmac', 'short')", "BK602"),
    (f"SELECT booking.rotate_webhook_secret('{ENDPOINT}', 'standard', 'whsec_' || repeat('A', 100000))", "BK602"),
    (f"SELECT booking.update_webhook_endpoint('{ENDPOINT}', '{{\"unheard\": 1}}')", "BK603"),
    (f"SELECT booking.update_webhook_endpoint('{ENDPOINT}', '{{\"max_age\": \"soon\"}}')", "BK603"),
    (f"SELECT booking.update_webhook_endpoint('{ENDPOINT}', '{{\"allowed_networks\": [\"net\"]}}')", "BK603"),
    ("SELECT booking.create_webhook_endpoint(77, repeat(' ', 10), 'https://x.example')", "BK604"),
    ("SELECT booking.create_webhook_endpoint(77, 'active', 'https://x.example')", "BK605"),
    (f"SELECT booking.delete_webhook_endpoint('{UNKNOWN}')", "BK606"),
    ("SELECT booking.test_webhook(77, 'nobody')", "BK606"),
    (f"SELECT booking.relay_delivery('{UNKNOWN}')", "BK607"),
    (f"SELECT booking.replay_webhook_event('{UNKNOWN}')", "BK608"),
    (f"SELECT booking.manually_trigger_webhook('bookings', '{UNKNOWN}')", "BK608"),
    ("SELECT booking.create_webhook_endpoint(78, 'x', 'https://x.example')", "BK609"),
    (f"SELECT booking.test_webhook('{DISABLED}')", "BK610"),
    (f"SELECT booking.manually_trigger_webhook('venues', '{VENUE}')", "BK611"),
    (f"SELECT booking.replay_webhook_events('{ENDPOINT}', '2031-01-02', '2031-01-01')", "BK611"),
    ("SELECT booking.receive_booking_event(77, '{\"event_type\": \"none\"}')", "BK612"),
    (f"SELECT booking.relay_claim('{UNKNOWN}', 0)", "BK613"),
    (f"SELECT booking.relay_complete('{UNKNOWN}', '[{{}}]')", "BK613"),
    (f"SELECT booking.relay_attach('{UNKNOWN}', repeat('x', 100000), '1')", "BK613"),
    ("SELECT booking.relay_sequence(-1)", "BK613"),
    ("SELECT booking.relay_events(9223372036854775807, 100000)", "BK613"),
    ("SELECT booking.relay_identity('[[[]]]')", "BK614"),
    ("SELECT booking.relay_identity(jsonb_build_object('sub', repeat('x', 100000)))", "BK614"),
    ("SELECT booking.relay_booking(repeat('x', 100000))", "BK015"),
    ("SELECT booking.create_webhook_source(77, 'x', 'pigeon')", "BK701"),
    (f"SELECT booking.rotate_source_secret('{SOURCE}')", "BK701"),
    (f"SELECT booking.erase_customer('{UNKNOWN}')", "BK116"),
    ("SELECT booking.erase_customer(77, 'ann@example.com')", "BK250"),
    (f"SELECT booking.resolve_payment('{UNKNOWN}', 'keep')", "BK021"),
    (f"INSERT INTO booking.payments (organization_id, id, provider, provider_ref, status, created_at, updated_at)"
     f" VALUES (77, '{an_id(0x78)}', 'stripe', 'pi_1', 'pending', now(), now());"
     f" SELECT booking.resolve_payment('{an_id(0x78)}', 'refund')", "BK227"),
    (f"SELECT booking.resolve_payment('{UNKNOWN}', 'refund')", "BK106"),
    (f"SELECT booking.delete_webhook_source('{UNKNOWN}')", "BK702"),
    (f"SELECT booking.receive_webhook('{UNKNOWN}', '{{}}')", "BK702"),
    (f"SELECT booking.receive_webhook('{SOURCE}', '{{}}')", "BK703"),
    (f"SELECT booking.receive_webhook('{SOURCE}', convert_to(repeat('[', 10000), 'UTF8'))", "BK703"),
    (f"SELECT booking.receive_webhook('{SOURCE}', decode(repeat('ff', 100000), 'hex'))", "BK703"),
    (f"SELECT booking.relay_claim_calls('{UNKNOWN}', 1, 0, '[]')", "BK613"),
    (f"SELECT booking.relay_complete_call('{UNKNOWN}', '{UNKNOWN}', 1, '[]')", "BK613"),
    (f"SELECT booking.retry_provider_call('{UNKNOWN}')", "BK704"),
    ("SELECT booking.cleanup_provider_calls(-1)", "BK013"),
    (f"SELECT booking.request_payment('{UNKNOWN}', 'x')", "BK102"),
    ("SELECT booking.end_payment_calls()", "39P01"),
    ("SELECT booking.call_off_appointments()", "39P01"),
    (f"SELECT booking.update_webhook_source('{SOURCE}', '{{\"unheard\": 1}}')", "BK603"),
    (f"SELECT booking.update_webhook_endpoint('{ENDPOINT}', '{{\"events\": [\"x\"]}}')", "BK014"),
    ("SELECT booking.cleanup_webhook_logs(0)", "BK013"),
    ("ALTER SCHEMA booking RENAME TO elsewhere; SELECT elsewhere.integrity_check()", "BK901"),
    ("CREATE TABLE booking.mine (); SELECT booking.install()", "BK902"),
    ("UPDATE pg_extension SET extversion = '0' WHERE extname = 'pg_booking'; SELECT booking.install()", "BK903"),
    ("SELECT booking.install('postgres')", "BK904"),
    (AS_PUBLIC + f"SELECT booking.confirm_reservation('{LIVE}')", "42501"),
    (AS_PUBLIC + "SELECT * FROM booking.bookings", "42501"),
    ("SET LOCAL ROLE booking_member; SELECT booking.get_upcoming_bookings()", "42501"),
    ("SET LOCAL request.jwt.claims = 'no json'; SET LOCAL ROLE booking_member; SELECT booking.get_upcoming_bookings()",
     "22P02"),
    ("SELECT booking.stamp_row()", "39P01"), ("SELECT booking.record_events()", "39P01"),
    # Errors of the server, inside our statements.
    (reserve("divide@example.com"), "22012"), (reserve("divide@example.com", rest=", 'a-key-of-16-or-more'"), "22012"),
    (reserve("check@example.com"), "23514"), (reserve("null@example.com"), "23502"),
    (reserve("unique@example.com"), "23505"), (reserve("raise@example.com"), "ZZ001"), (reserve("refuse@example.com"), "BK002"),
    (reserve("nested@example.com"), "22012"), (reserve("caught@example.com"), "BK102"),
    (reserve("divide@example.com").replace("reserve_slot", "try_reserve_slot"), "22012"),
    # Seats of a hold that has run out are taken back before the insert fails.
    (reserve("divide@example.com", session=FULL, party=4), "22012"),
    (f"SELECT booking.confirm_reservation('{LIVE}', NULL, 'divide')", "22012"),
    (f"SELECT booking.confirm_reservation('{LIVE}', NULL, 'foreign')", "23503"),
    (f"SELECT booking.confirm_reservation('{LIVE}', NULL, 'check')", "23514"),
    (f"SELECT booking.confirm_reservation('{LIVE}', NULL, 'cast')", "22P02"),
    ("UPDATE booking.sessions SET remaining = -1 WHERE organization_id = 77", "23514"),
    ("SET LOCAL TRANSACTION READ ONLY; " + reserve(), "25006"),
    ("SET LOCAL default_transaction_read_only = on; SET LOCAL work_mem = '64kB';"
     " ALTER TABLE booking.slot_reservations RENAME TO gone; " + reserve(), "42P01"),
    # In the trigger that writes events, at the end of our statement and of the caller's own.
    ("SET LOCAL work_mem = '65kB'; ALTER TABLE booking.booking_events RENAME TO gone; " + reserve(), "42P01"),
    ("ALTER TABLE booking.booking_events RENAME TO gone; UPDATE booking.venues SET name = 'x'", "42P01"),
    (f"ALTER TABLE booking.booking_changes RENAME TO gone; UPDATE booking.bookings SET notes = 'x' WHERE id = '{PAID}'",
     "42P01"),
    # A lock that somebody else has.
    ("SET LOCAL lock_timeout = '1ms'; " + reserve(session=LOCKED), "BK401"),
    ("SET LOCAL pg_booking.lock_timeout = '1ms'; " + reserve(session=LOCKED), "BK401"),
]
SLOW = reserve("slow@example.com")
RARE = {"BK901", "BK902", "BK903", "BK904", "42P01"}  # DDL, a twentieth as often as the others


class ProvokedErrors(DatabaseCase):
    def setUp(self):
        self.admin.query(clock_at(NOW))
        for statement in SCHEMA.split(";\n\n"):
            self.admin.query(statement)
        self.admin.query(reserve(rest=", 'key-that-is-in-use-already'"))
        self.admin.query(f"SELECT booking.confirm_reservation('{BOOKED}')")
        self.rival = self.session(clock_at(NOW))
        self.rival.query("BEGIN")
        self.rival.query(f"SELECT 1 FROM booking.sessions WHERE id = '{LOCKED}' FOR UPDATE")

    def checksum(self):
        tables = [name for name, in self.admin.query(
            "SELECT format('booking.%I', relname) FROM pg_class WHERE relnamespace = 'booking'::regnamespace"
            " AND relkind = 'r' ORDER BY 1")]
        return {table: self.admin.query(f"SELECT count(*), sum(hashtextextended(t::text, 0)::numeric) FROM {table} AS t")
                for table in tables}

    def anonymous_kilobytes(self, pid):
        """Memory of the process itself; what it has touched of shared buffers does not count."""
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("RssAnon:"))

    def memory(self, session):
        contexts = session.query(
            "SELECT sum(total_bytes) FILTER (WHERE name = 'TopMemoryContext'), sum(total_bytes)"
            "  FROM pg_backend_memory_contexts WHERE name NOT IN ('MessageContext', 'PortalContext', 'ExecutorState')")
        top, every = contexts[0]
        return {"RssAnon, KB": self.anonymous_kilobytes(session.pid), "TopMemoryContext": int(top),
                "all contexts": int(every)}

    def provoke_plainly(self, session, statement, state):
        with self.assertRaises(SqlError, msg=statement) as raised:
            session.query(statement.replace("; ", " \\; "))
        self.assertEqual(raised.exception.sqlstate, state, (statement, raised.exception.message))
        return 1

    def provoke_in_subtransactions(self, session, statement, state):
        session.query(f"CALL public.provoke({quote(statement)}, {quote(state)}, 5)")
        return 5

    def cancel_in_the_middle(self, session, dice):
        way = dice.randrange(3)
        if way < 2:
            session.query("SET statement_timeout = '5ms'")
            if way == 0:
                self.provoke_plainly(session, SLOW, "57014")
            else:
                session.query(f"CALL public.provoke({quote(SLOW)}, '57014', 1)")
            session.query("RESET statement_timeout")
        else:
            session.send(SLOW)
            wait_until(lambda: self.admin.query(
                f"SELECT 1 FROM pg_stat_activity WHERE pid = {session.pid} AND wait_event = 'PgSleep'"), "in the trigger")
            self.admin.query(f"SELECT pg_cancel_backend({session.pid})")
            with self.assertRaises(SqlError) as raised:
                session.receive()
            self.assertEqual(raised.exception.sqlstate, "57014")
        return 1

    def lose_a_race(self, session):
        """A serialization failure in our statement."""
        session.query("BEGIN ISOLATION LEVEL REPEATABLE READ")
        session.query("SELECT count(*) FROM booking.sessions")
        self.admin.query(f"UPDATE booking.sessions SET remaining = remaining WHERE id = '{OPEN}'")
        self.provoke_plainly(session, reserve(), "40001")
        session.query("ROLLBACK")
        return 1

    def test_errors_leave_nothing_behind(self):
        self.assertLessEqual(
            {row[0] for row in self.admin.query("SELECT sqlstate FROM booking.refusal_codes()")},
            {state for _, state in PROVOCATIONS}, "each refusal is provoked")
        session = self.session(clock_at(NOW), "SET log_min_messages = fatal")  # the log need not have all of it
        mood = "SELECT current_user, session_user, current_setting('search_path'), current_setting('lock_timeout')"
        earlier = {"rows": self.checksum(), "mood": session.query(mood)}
        dice = random.Random(2)
        common = [p for p in PROVOCATIONS if p[1] not in RARE]
        rare = [p for p in PROVOCATIONS if p[1] in RARE]
        errors, rounds, warm = 0, 0, None
        while errors < ERRORS:
            statements = common + (rare if rounds % 20 == 0 else [])
            dice.shuffle(statements)
            for statement, state in statements:
                # In the first rounds each kind comes in both ways, so that the warm-up has seen everything.
                if (rounds + zlib.crc32(statement.encode())) % 2 == 0:
                    errors += self.provoke_plainly(session, statement, state)
                else:
                    errors += self.provoke_in_subtransactions(session, statement, state)
            errors += self.cancel_in_the_middle(session, dice)
            errors += self.lose_a_race(session)
            # In between, what succeeds still does.
            session.query("BEGIN")
            session.query(f"CALL public.provoke({quote(reserve('divide@example.com'))}, '22012', 1)")
            self.assertEqual(session.value("SELECT outcome FROM booking.try_reserve_slot"
                                           f"('{OPEN}', 2, 'ann@example.com')"), "held")
            session.query("ROLLBACK")
            rounds += 1
            if warm is None and errors >= WARM_UP and rounds >= 4:
                warm = self.memory(session)
        cold = self.memory(session)
        self.assertGreaterEqual(errors, ERRORS)
        # malloc's own disorder is some hundred kilobytes; a leak of 128 bytes an error would be a megabyte.
        self.assertLess(cold["RssAnon, KB"] - warm["RssAnon, KB"], 1000, (errors, rounds, warm, cold))
        self.assertLessEqual(cold["TopMemoryContext"], warm["TopMemoryContext"] + 32768, (errors, rounds, warm, cold))
        self.assertLess(cold["all contexts"], warm["all contexts"] + 262144, (errors, rounds, warm, cold))
        self.assertEqual(session.value("SELECT booking.live_cpp_frames()"), "0")
        self.assertEqual({"rows": self.checksum(), "mood": session.query(mood)}, earlier)
        self.rival.query("ROLLBACK")
        self.assert_integrity()
        print(f"\n{errors} errors, {rounds} rounds, {warm} -> {cold}", end=" ")


if __name__ == "__main__":
    unittest.main()
