
-- What a visitor's page shows: the catalogue, as the public may see it, and how the visitor's own hold stands.

CREATE FUNCTION booking.public_venue(organization_id integer, embed_key text) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'pgbk_public_venue' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.public_venue(integer, text) IS
    'The venue of an embed_key: id, name, embed_key, timezone; BK001, BK107';

CREATE FUNCTION booking.public_venue_activities(organization_id integer, embed_key text) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'pgbk_public_venue_activities' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.public_venue_activities(integer, text) IS
    'The venue of an embed_key, and its activities by name: id, name, capacity, price_minor, price_basis, currency, party_size_min, party_size_max; BK001, BK107';

CREATE FUNCTION booking.public_activity_sessions(
    activity_id uuid, from_date text DEFAULT NULL, to_date text DEFAULT NULL) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'pgbk_public_activity_sessions' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.public_activity_sessions(uuid, text, text) IS
    'An activity, its venue, and its sessions of the dates from_date to to_date at the venue that have not started, with the seats that are free, expired holds included. Dates are YYYY-MM-DD; by default today and the six days after from_date, at most 42 days; BK001, BK015, BK103';

CREATE FUNCTION booking.public_embed(organization_id integer, embed_key text, activity_id uuid) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'pgbk_public_embed' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.public_embed(integer, text, uuid) IS
    'Which pages may show the widget of a venue, or of an activity if embed_key is NULL: embed_key, allowed_origins; BK001, BK103, BK107';

CREATE FUNCTION booking.reservation_status(reservation_id uuid, hold_token text) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'pgbk_reservation_status' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.reservation_status(uuid, text) IS
    'How a hold stands, for whoever has its token: reservation_id, session_id, status, party_size, expires_at, price_minor, currency, requires_payment, payment_url where there is one, and of its booking booking_id, booking_number, booking_status, payment_status; BK001, BK102, BK301';
