-- A session whose capacity is cut below what is sold, or that is closed: what is given back is not for sale.
--
-- The seats of a striped session are sold by its lanes, each on its own: so each must know in the row that a sale
-- changes. Where it is NULL, as nearly always, the column takes no room and the sale does not look at it.

ALTER TABLE booking.session_lanes ADD COLUMN set_aside integer;
COMMENT ON COLUMN booking.session_lanes.set_aside IS
    'Not NULL while the session is oversold or closed: free seats of this lane that are not for sale, and where seats are given back';
COMMENT ON COLUMN booking.sessions.oversold_by IS
    'Seats sold beyond capacity_total after the capacity was cut, less those that lanes have set aside; activity_sessions shows what is left of it';

-- Not NULL, so that rows without a reason need no map of what is NULL.
ALTER TABLE booking.sessions ADD COLUMN closed_reason text NOT NULL DEFAULT '';
COMMENT ON COLUMN booking.sessions.closed_reason IS 'Why it is closed, for everybody who may see it; empty: nothing was said';
