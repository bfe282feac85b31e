-- Who waits for seats of a session that has not enough.
--
-- No foreign key leads to the session or the hold: each would be looked at by every sale. integrity_check() looks.

CREATE TABLE booking.waitlist_entries (
    organization_id  integer NOT NULL,
    id               uuid NOT NULL,
    session_id       uuid NOT NULL,
    customer_email   text NOT NULL,
    customer_name    text,
    party_size       integer NOT NULL,
    status           text NOT NULL DEFAULT 'waiting',
    reservation_id   uuid,
    offer_until      timestamptz,
    created_at       timestamptz NOT NULL,
    settled_at       timestamptz,
    token_hash       bytea NOT NULL,
    token_salt       bytea,
    idempotency_hash bytea,
    request_hash     bytea,
    CONSTRAINT waitlist_entries_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT waitlist_entries_party_size_check CHECK (party_size > 0),
    CONSTRAINT waitlist_entries_status_check CHECK (
        status IN ('waiting', 'offered', 'taken', 'left', 'expired', 'closed')),
    CONSTRAINT waitlist_entries_offer_check CHECK (
        num_nonnulls(reservation_id, offer_until) IN (0, 2)
        AND CASE WHEN status IN ('waiting', 'closed') THEN reservation_id IS NULL
                 WHEN status IN ('offered', 'taken', 'expired') THEN reservation_id IS NOT NULL ELSE true END),
    CONSTRAINT waitlist_entries_settled_at_check CHECK ((status IN ('waiting', 'offered')) = (settled_at IS NULL)),
    CONSTRAINT waitlist_entries_idempotency_check CHECK (
        num_nonnulls(idempotency_hash, request_hash, token_salt) IN (0, 3))
);
CREATE INDEX waitlist_entries_waiting_idx ON booking.waitlist_entries (organization_id, session_id, id)
    WHERE status = 'waiting';
CREATE UNIQUE INDEX waitlist_entries_email_key
    ON booking.waitlist_entries (organization_id, lower(customer_email), session_id)
    WHERE status IN ('waiting', 'offered');
CREATE UNIQUE INDEX waitlist_entries_idempotency_key ON booking.waitlist_entries (organization_id, idempotency_hash)
    WHERE idempotency_hash IS NOT NULL;
COMMENT ON TABLE booking.waitlist_entries IS
    'Who waits for seats of a session, in the order of their ids; read it through the view waitlist_queue';
COMMENT ON COLUMN booking.waitlist_entries.status IS
    'waiting; offered: seats are held for it until offer_until; taken: they were booked; left: by its own wish; expired: the offer ran out; closed: the session closed or began';
COMMENT ON COLUMN booking.waitlist_entries.reservation_id IS 'The hold that it was offered';
COMMENT ON COLUMN booking.waitlist_entries.offer_until IS 'When the offer runs out; the hold expires then';
COMMENT ON COLUMN booking.waitlist_entries.settled_at IS 'When it ceased to wait for seats or for an answer';
COMMENT ON COLUMN booking.waitlist_entries.token_hash IS
    'SHA-256 of the waitlist token, which is also the hold token of the offer; the token itself is not stored';
COMMENT ON COLUMN booking.waitlist_entries.token_salt IS
    'With the idempotency key it gives the token again, for a repeated request';
COMMENT ON COLUMN booking.waitlist_entries.idempotency_hash IS 'SHA-256 of the idempotency key';
COMMENT ON COLUMN booking.waitlist_entries.request_hash IS 'SHA-256 of the request that came with the key';

ALTER TABLE booking.activities
    ADD COLUMN waitlist_policy text NOT NULL DEFAULT 'fit',
    ADD COLUMN waitlist_offer_seconds integer NOT NULL DEFAULT 3600,
    ADD COLUMN waitlist_entries_per_email integer NOT NULL DEFAULT 5,
    ADD CONSTRAINT activities_waitlist_policy_check CHECK (waitlist_policy IN ('fit', 'strict', 'off')),
    ADD CONSTRAINT activities_waitlist_offer_seconds_check CHECK (waitlist_offer_seconds BETWEEN 1 AND 604800),
    ADD CONSTRAINT activities_waitlist_entries_per_email_check CHECK (waitlist_entries_per_email >= 1);
COMMENT ON COLUMN booking.activities.waitlist_policy IS
    'fit: seats go to the first in the queue whom they suffice for, and what suffices for nobody in it is on sale; strict: all wait for the first; off: nobody joins any more';
COMMENT ON COLUMN booking.activities.waitlist_offer_seconds IS
    'How long seats are held for who was waiting, but not beyond the start of the session';
COMMENT ON COLUMN booking.activities.waitlist_entries_per_email IS
    'For how many sessions of the organization one e-mail address may wait at once when it joins here';

-- In the session's row, for whoever gives seats back, or finds none. A sale does not look at them: while somebody waits
-- the session is striped and its lanes are set aside (session_parts.hpp), so that a sale finds nothing.
ALTER TABLE booking.sessions
    ADD COLUMN waiting integer NOT NULL DEFAULT 0,
    ADD COLUMN kept_for_waitlist boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT sessions_waiting_check CHECK (waiting >= 0);
CREATE INDEX sessions_waiting_idx ON booking.sessions (organization_id, id) WHERE waiting > 0;
COMMENT ON COLUMN booking.sessions.waiting IS 'How many entries of its waiting list have no seats yet';
COMMENT ON COLUMN booking.sessions.kept_for_waitlist IS
    'Somebody waits, and all free seats are for the first of them (activities.waitlist_policy strict)';

ALTER TABLE booking.slot_reservations ADD COLUMN waitlist_entry_id uuid;
COMMENT ON COLUMN booking.slot_reservations.waitlist_entry_id IS
    'Of a hold that was offered from the waiting list: the entry that it was offered to';
