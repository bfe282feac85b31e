-- What staff look at.

CREATE OR REPLACE VIEW booking.waitlist_queue WITH (security_invoker = true) AS
SELECT w.organization_id,
       w.session_id,
       CASE w.status WHEN 'waiting' THEN
           count(*) FILTER (WHERE w.status = 'waiting')
               OVER (PARTITION BY w.organization_id, w.session_id ORDER BY w.id) END::integer AS "position",
       w.id AS entry_id,
       w.status,
       w.party_size,
       w.customer_email,
       w.customer_name,
       w.reservation_id,
       w.offer_until,
       w.created_at,
       w.settled_at
  FROM booking.waitlist_entries w;
COMMENT ON VIEW booking.waitlist_queue IS
    'Waiting lists, by session: those who wait with their position, those who were offered seats, and what became of others; for members of the organization';
