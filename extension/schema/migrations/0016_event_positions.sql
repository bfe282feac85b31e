-- The order of events for readers: a number without gaps, given after the commit by one sequencer at a time. Ids do not
-- serve for that, since transactions do not commit in the order in which their events were made.

CREATE TABLE booking.event_positions (
    organization_id integer NOT NULL,
    event_id        uuid NOT NULL,
    seq             bigint NOT NULL,
    CONSTRAINT event_positions_pkey PRIMARY KEY (organization_id, event_id)
);
CREATE INDEX event_positions_seq_idx ON booking.event_positions (seq);
COMMENT ON TABLE booking.event_positions IS
    'The place of each event in the order in which readers are told of them; what is not told to anybody has none';
COMMENT ON COLUMN booking.event_positions.seq IS '1, 2, 3, ... over all organizations; no number is left out or given twice';

CREATE TABLE booking.event_sequencer (
    singleton         boolean NOT NULL DEFAULT true,
    system_identifier bigint NOT NULL,
    database_oid      bigint NOT NULL,
    last_seq          bigint NOT NULL,
    snapshot          text NOT NULL,
    scanned_at        timestamptz NOT NULL,
    swept_at          timestamptz NOT NULL,
    running           text NOT NULL,
    own_xid           bigint NOT NULL,
    continue_from     uuid,
    CONSTRAINT event_sequencer_pkey PRIMARY KEY (singleton),
    CONSTRAINT event_sequencer_singleton_check CHECK (singleton)
);
COMMENT ON TABLE booking.event_sequencer IS
    'How far relay_sequence() has come: who was at work when it looked last, so that it knows where to look next';
COMMENT ON COLUMN booking.event_sequencer.system_identifier IS
    'With database_oid: where the snapshot was taken; elsewhere it says nothing, and everything is looked at again';
COMMENT ON COLUMN booking.event_sequencer.last_seq IS 'The last number that was given';
COMMENT ON COLUMN booking.event_sequencer.snapshot IS 'Who was at work, as pg_current_snapshot() shows it';
COMMENT ON COLUMN booking.event_sequencer.scanned_at IS 'When that was, by the real clock';
COMMENT ON COLUMN booking.event_sequencer.swept_at IS 'When it last looked further back than it had to';
COMMENT ON COLUMN booking.event_sequencer.running IS
    'Those at work, as transaction@milliseconds since 1970: no id of their events is older than that';
COMMENT ON COLUMN booking.event_sequencer.own_xid IS 'The transaction that has written this row; 0 if it did other things as well';
COMMENT ON COLUMN booking.event_sequencer.continue_from IS
    'There was more than one call gives a number to; the next looks from this id on';

-- Events that were just made, whatever their organization.
CREATE INDEX booking_events_id_idx ON booking.booking_events (id);
