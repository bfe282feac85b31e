-- What the notifier of the database is doing (pg_booking.notify = coalesced).

CREATE FUNCTION booking.notifier_status(
    OUT mode text, OUT worker_pid integer, OUT worker_since timestamptz, OUT commits bigint, OUT notifications bigint,
    OUT direct bigint, OUT homeless bigint, OUT last_error text, OUT last_error_at timestamptz)
    AS 'MODULE_PATHNAME', 'pgbk_notifier_status' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.notifier_status() IS
    'How this session notifies, and the notifier of this database: its process if one runs, the transactions that left NOTIFY to it and the notifications that it made of them, transactions that had to notify directly, those of all databases that found no place (notify_databases), and what went wrong last; counted since the server started, NULL without the library in shared_preload_libraries';
