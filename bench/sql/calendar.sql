-- A venue with 50 activities, each with 14 sessions of 20 seats a day.
INSERT INTO booking.venues (organization_id, name, timezone) VALUES (1, 'Calendar', 'Europe/Madrid');
INSERT INTO booking.activities (organization_id, venue_id, name, capacity, schedule)
SELECT 1, v.id, 'calendar ' || n, 20,
       '{"operatingDays": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
         "startTime": "08:00", "endTime": "22:00", "slotInterval": 60}'
  FROM booking.venues AS v, generate_series(1, 50) AS n WHERE v.name = 'Calendar';
SELECT sum(booking.generate_activity_sessions(id, current_date + 1, 30)) FROM booking.activities
 WHERE name LIKE 'calendar %';
VACUUM ANALYZE;
