-- So many activities as :activities says, with 13 sessions a day, and a table with the keys of sessions.
INSERT INTO booking.activities (organization_id, venue_id, name, capacity, schedule)
SELECT 1, v.id, 'generate ' || n, 20,
       '{"operatingDays": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
         "startTime": "09:00", "endTime": "22:00", "slotInterval": 60}'
  FROM booking.venues AS v, generate_series(1, :activities) AS n;
CREATE TABLE public.sessions (LIKE booking.sessions INCLUDING ALL,
    FOREIGN KEY (organization_id, activity_id) REFERENCES booking.activities (organization_id, id));
VACUUM ANALYZE;
