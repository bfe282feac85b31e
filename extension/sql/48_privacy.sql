-- Personal data: where it lies, how a person is erased, and how long it is kept.

CREATE FUNCTION booking.personal_data(
    OUT table_name text, OUT column_name text, OUT treatment text, OUT why text)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pgbk_personal_data' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 150;
COMMENT ON FUNCTION booking.personal_data() IS
    'Every column that can hold words, and what becomes of it when a person is erased: replaced by a placeholder, removed, searched for mentions of the person, or kept';

CREATE FUNCTION booking.erase_customer(
    customer_id uuid,
    OUT customer uuid, OUT bookings integer, OUT reservations integer, OUT released integer, OUT mentions integer)
    AS 'MODULE_PATHNAME', 'pgbk_erase_customer' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.erase_customer(uuid) IS
    'Takes the personal data of a customer out of everything; money, times and counts stay. Live holds are let go; refused while bookings are to come, refunds under way, or payments undecided. Says of how many bookings and reservations personal data was erased, how many holds were let go, and how many messages and notes mentioned the customer; repeated, 0. For owners of the organization; BK001, BK115, BK240, BK401';

CREATE FUNCTION booking.erase_customer(
    organization_id integer, email text,
    OUT customer uuid, OUT bookings integer, OUT reservations integer, OUT released integer, OUT mentions integer)
    AS 'MODULE_PATHNAME', 'pgbk_erase_customer_by_email' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.erase_customer(integer, text) IS
    'The same by address, also for visitors who have reserved and never booked; an address that is not known changes nothing; BK001, BK003, BK240, BK401, BK609';

CREATE FUNCTION booking.set_retention(
    organization_id integer, inbox_days integer DEFAULT NULL, delivery_days integer DEFAULT NULL,
    hold_days integer DEFAULT NULL, booking_days integer DEFAULT NULL)
    RETURNS void
    AS 'MODULE_PATHNAME', 'pgbk_set_retention' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.set_retention(integer, integer, integer, integer, integer) IS
    'How many days, 1 to 3650, an organization keeps personal data: bodies of received events, attempts to deliver webhooks, addresses of finished holds, past bookings; NULL: no limit of its own. For owners of the organization; BK001, BK013, BK609';

CREATE FUNCTION booking.apply_retention(
    organization_id integer, subject text, after uuid DEFAULT NULL, most integer DEFAULT 1000,
    OUT changed integer, OUT next uuid)
    AS 'MODULE_PATHNAME', 'pgbk_apply_retention' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.apply_retention(integer, text, uuid, integer) IS
    'Erases what an organization has kept long enough, among so many rows after an id: subject is inbox, deliveries, holds, bookings or customers. Returns how many rows it changed, and the id to go on after, NULL at the end; BK001, BK013, BK609';
