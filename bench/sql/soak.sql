-- What a soak sells: busy sessions with lanes, and many quiet ones.
INSERT INTO booking.activities (organization_id, venue_id, name, capacity, schedule)
SELECT 1, v.id, n.name, n.capacity,
       '{"operatingDays": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
         "startTime": "09:00", "endTime": "19:00", "slotInterval": 60}'
  FROM booking.venues AS v, (VALUES ('soak busy', 2000), ('soak quiet', 60)) AS n (name, capacity);
SELECT sum(booking.generate_activity_sessions(id, current_date + 1, CASE name WHEN 'soak busy' THEN 10 ELSE 100 END))
  FROM booking.activities WHERE name LIKE 'soak %';
VACUUM ANALYZE;
