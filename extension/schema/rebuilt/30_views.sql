-- Views, one an audience. activity_sessions asks with the reader's rights; the public_ views show the catalogue of
-- active organizations with the owner's, since the public has no rights on the tables below them.

CREATE OR REPLACE VIEW booking.activity_sessions WITH (security_invoker = true) AS
SELECT s.organization_id,
       s.id,
       s.activity_id,
       s.start_time,
       s.end_time,
       s.local_date,
       s.timezone,
       s.status,
       s.capacity_total,
       (s.remaining + l.seats)::integer AS capacity_remaining,
       GREATEST(s.remaining + l.seats + booking.expired_hold_seats(s.organization_id, s.id) - s.oversold_by, 0)::integer
           AS seats_available,
       s.oversold_by
  FROM booking.sessions s
 CROSS JOIN LATERAL (
       SELECT CASE WHEN s.lane_count = 0 THEN 0
                   ELSE (SELECT COALESCE(sum(x.remaining), 0) FROM booking.session_lanes x
                          WHERE x.organization_id = s.organization_id AND x.session_id = s.id) END AS seats) l;
COMMENT ON VIEW booking.activity_sessions IS
    'Sessions with their seats: capacity_remaining counts expired holds as taken until they are released, seats_available does not';

CREATE OR REPLACE VIEW booking.user_organizations WITH (security_invoker = true) AS
SELECT m.user_id, m.organization_id AS org_id, m.role
  FROM booking.organization_members m;
COMMENT ON VIEW booking.user_organizations IS 'Which user acts for which organization, for use in policies';

CREATE OR REPLACE VIEW booking.public_venues WITH (security_barrier = true) AS
SELECT v.organization_id, v.id, v.name, v.embed_key, v.timezone
  FROM booking.venues v
  JOIN booking.organizations o ON o.organization_id = v.organization_id
 WHERE o.status = 'active';
COMMENT ON VIEW booking.public_venues IS 'Venues as the public may see them';

CREATE OR REPLACE VIEW booking.public_activities WITH (security_barrier = true) AS
SELECT a.organization_id, a.id, a.venue_id, a.name, a.schedule, a.capacity, a.price_minor, a.price_basis, a.currency,
       a.party_size_min, a.party_size_max
  FROM booking.activities a
  JOIN booking.organizations o ON o.organization_id = a.organization_id
 WHERE o.status = 'active' AND a.status = 'active';
COMMENT ON VIEW booking.public_activities IS 'Activities as the public may see them';
