"""Releasing what has expired."""

from .cluster import check_integrity, fresh_database, milliseconds, psql
from .rows import Row


def release(load):
    """100,000 expired holds, against one bare UPDATE of as many rows: seconds."""
    count = load.options.pick(100_000, 20_000)
    figures = {"ours": [], "limit": []}
    for _ in range(load.options.rounds):
        fresh_database()
        psql(f"""INSERT INTO booking.slot_reservations (organization_id, id, session_id, party_size, customer_email,
                     status, created_at, expires_at, token_hash)
                 SELECT 1, booking.new_id(1), s.id, 1, 'c' || n || '@example.com', 'pending', now() - interval '1 hour',
                        now() - interval '30 minutes', sha256(n::text::bytea)
                   FROM generate_series(1, {count}) AS n
                   JOIN (SELECT id, row_number() OVER () - 1 AS i, count(*) OVER () AS of FROM booking.sessions
                          WHERE capacity_total = 500) AS s ON s.i = n % s.of""")
        psql("UPDATE booking.sessions AS s SET capacity_total = s.capacity_total + h.holds FROM"
             " (SELECT session_id, count(*) AS holds FROM booking.slot_reservations GROUP BY 1) AS h"
             " WHERE s.id = h.session_id AND s.capacity_total = 500")  # so many seats more: these are taken
        psql("INSERT INTO public.bare SELECT * FROM booking.slot_reservations")
        psql("VACUUM ANALYZE")
        for name, sql in (("limit", "UPDATE public.bare SET status = 'expired', settled_at = now()"
                                    " WHERE status = 'pending' AND expires_at <= now()"),
                          ("ours", "SELECT booking.release_expired_reservations()")):
            figures[name] += [ms / 1000 for ms in milliseconds(sql)]
        check_integrity()
    yield Row(f"release of {count:,} expired holds; limit: one bare UPDATE of them", figures, "release", " s")
