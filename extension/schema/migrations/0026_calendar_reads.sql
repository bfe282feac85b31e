-- A list of sessions adds up the lanes of each. Taken from the sessions that have lanes, the estimate of how many would be
-- multiplied with all sessions, nearly all of which have none; and the list would seem so long that the server compiles it
-- just in time, which takes longer than to read it.
ALTER TABLE booking.session_lanes ALTER COLUMN session_id SET (n_distinct = -1);
