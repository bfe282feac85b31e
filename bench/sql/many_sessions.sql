-- A thousand sessions of 60 seats for each activity, so many activities as :activities says; where :naive is true, also
-- in the naive design.
INSERT INTO booking.activities (organization_id, venue_id, name, capacity, schedule)
SELECT 1, v.id, 'many ' || n, 60,
       '{"operatingDays": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
         "startTime": "08:00", "endTime": "18:00", "slotInterval": 15}'
  FROM booking.venues AS v, generate_series(1, :activities) AS n
 WHERE NOT EXISTS (SELECT 1 FROM booking.activities AS a WHERE a.organization_id = 1 AND a.name = 'many ' || n);
SELECT sum(booking.generate_activity_sessions(a.id, current_date + 1, 25)) FROM booking.activities AS a
 WHERE a.name LIKE 'many %' AND NOT EXISTS (SELECT 1 FROM booking.sessions AS s
                                             WHERE s.organization_id = 1 AND s.activity_id = a.id);
\if :naive
INSERT INTO naive.activity_sessions
SELECT s.id, s.start_time, s.capacity_total, s.capacity_total FROM booking.sessions AS s
    ON CONFLICT DO NOTHING;
\endif
VACUUM ANALYZE;
