-- What a statement is refused with, and whether it has changed the books all the same. Part of fixture.sql.

-- Everything about bookings, their units, money and seats, so that a refusal that changed anything is seen.
CREATE FUNCTION pg_temp.all_books() RETURNS text STABLE LANGUAGE sql AS $$
    SELECT md5(concat((SELECT string_agg(b::text, '|' ORDER BY b.id) FROM booking.bookings AS b),
                      (SELECT string_agg(u::text, '|' ORDER BY u.booking_id, u.unit) FROM booking.booking_units AS u),
                      (SELECT string_agg(r::text, '|' ORDER BY r.id) FROM booking.slot_reservations AS r),
                      (SELECT string_agg(s::text, '|' ORDER BY s.id) FROM booking.sessions AS s),
                      (SELECT string_agg(l::text, '|' ORDER BY l.session_id, l.lane) FROM booking.session_lanes AS l),
                      (SELECT string_agg(w::text, '|' ORDER BY w.id) FROM booking.waitlist_entries AS w),
                      (SELECT string_agg(p::text, '|' ORDER BY p.id) FROM booking.payments AS p),
                      (SELECT string_agg(f::text, '|' ORDER BY f.id) FROM booking.refunds AS f),
                      (SELECT count(*) FROM booking.customers),
                      (SELECT count(*) FROM booking.booking_changes),
                      (SELECT count(*) FROM booking.booking_events))) $$;

-- SQLSTATE, field and message of a refusal, and whether it has changed the books.
CREATE FUNCTION pg_temp.refused(statement text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    before text := pg_temp.all_books();
    answer text;
    field text;
BEGIN
    BEGIN
        EXECUTE statement;
        answer := 'was not refused';
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS field = COLUMN_NAME;
        answer := SQLSTATE || ' ' || COALESCE(NULLIF(field, ''), '-') || ': ' || SQLERRM;
    END;
    RETURN answer || CASE WHEN pg_temp.all_books() = before THEN '' ELSE ', and changed the books' END;
END $$;
