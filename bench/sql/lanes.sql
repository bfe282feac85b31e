-- One session each, which is never sold out, with so many lanes.
INSERT INTO booking.activities (organization_id, venue_id, name, capacity, lanes, schedule)
SELECT 1, v.id, n || ' lanes', 1000000, n,
       '{"operatingDays": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
         "startTime": "09:00", "endTime": "10:00", "slotInterval": 60}'
  FROM booking.venues AS v, unnest('{0, 8, 16, 32, 64, 128}'::integer[]) AS n;
SELECT sum(booking.generate_activity_sessions(id, current_date + 1, 1)) FROM booking.activities
 WHERE name LIKE '% lanes';
