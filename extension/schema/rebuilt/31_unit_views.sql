-- Units as the public may see them: those that are sold, of activities that are.

CREATE OR REPLACE VIEW booking.public_activity_units WITH (security_barrier = true) AS
SELECT u.organization_id, u.activity_id, u.code, u.title, u.price_minor, a.currency, u.pax_count, u.min_quantity,
       u.max_quantity, u.min_age, u.max_age, u.accompanied_by, u.sort_order
  FROM booking.activity_units u
  JOIN booking.activities a ON a.organization_id = u.organization_id AND a.id = u.activity_id
  JOIN booking.organizations o ON o.organization_id = u.organization_id
 WHERE o.status = 'active' AND a.status = 'active' AND u.active;
COMMENT ON VIEW booking.public_activity_units IS 'Units of activities as the public may see them';
