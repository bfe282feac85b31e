-- What happened: one small row an event, written in the transaction that made it happen.
--
-- By ranges of ids, which are ordered by time, so that old events go by dropping a day. What no partition covers goes to
-- DEFAULT: a partition that is missing stops no booking. An event has no personal data; names and addresses are joined
-- when it is read or delivered. There is no CHECK: only functions of the extension write here, and the server reads and
-- plans each CHECK anew for every statement, that is for every hold.

ALTER TABLE booking.organizations
    ADD COLUMN reservation_events boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN booking.organizations.reservation_events IS
    'Whether holds make events; the reservation itself is the record';

CREATE TABLE booking.booking_events (
    organization_id integer NOT NULL,
    id              uuid NOT NULL,
    kind            text NOT NULL,
    subject_id      uuid NOT NULL,
    session_id      uuid,
    booking_id      uuid,
    facts           jsonb NOT NULL DEFAULT '{}',
    occurred_at     timestamptz NOT NULL,
    CONSTRAINT booking_events_pkey PRIMARY KEY (organization_id, id)
) PARTITION BY RANGE (id);
-- Partial: a hold, which is what is made most often, does not touch it.
CREATE INDEX booking_events_booking_idx ON booking.booking_events (organization_id, booking_id)
    WHERE booking_id IS NOT NULL;
COMMENT ON TABLE booking.booking_events IS
    'What happened, one row an event, in daily partitions; read it through public_events, owner_events or full_events';
COMMENT ON COLUMN booking.booking_events.kind IS 'One of booking.event_kinds()';
COMMENT ON COLUMN booking.booking_events.subject_id IS
    'The row that changed; for several sessions at once their activity';
COMMENT ON COLUMN booking.booking_events.facts IS
    'What is new about it, without personal data; "changed" names columns that changed and whose values are not shown';
COMMENT ON COLUMN booking.booking_events.occurred_at IS 'By booking.clock(), when the statement had made its changes';

CREATE TABLE booking.booking_events_default PARTITION OF booking.booking_events DEFAULT;
COMMENT ON TABLE booking.booking_events_default IS 'Events of days that have no partition';
