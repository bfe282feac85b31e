-- Bookings that are still to come, and short words for what becomes of them. After fixture.sql.

CREATE FUNCTION pg_temp.booked(new_name text, session text, party_size integer) RETURNS uuid VOLATILE
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.hold(new_name || ' hold', session, party_size, replace(new_name, ' ', '-') || '@example.org');
    INSERT INTO pg_temp.named (name, id, token)
    SELECT new_name, c.booking_id, pg_temp.token(new_name || ' hold')
      FROM booking.confirm_reservation(pg_temp.id(new_name || ' hold')) AS c;
    RETURN pg_temp.id(new_name);
END $$;

-- As a role with claims, for one statement.
CREATE FUNCTION pg_temp.refused_to(role text, who text, statement text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    before text := pg_temp.all_books();
    answer text := 'was not refused';
BEGIN
    BEGIN
        PERFORM set_config('request.jwt.claims',
                           CASE WHEN who IS NULL THEN '' ELSE json_build_object('sub', who)::text END, true);
        EXECUTE format('SET LOCAL ROLE %I', role);
        EXECUTE statement;
    EXCEPTION WHEN OTHERS THEN
        answer := SQLSTATE || ': ' || SQLERRM;
    END;
    RESET ROLE;
    PERFORM set_config('request.jwt.claims', '', true);
    RETURN answer || CASE WHEN pg_temp.all_books() = before THEN '' ELSE ', and changed the books' END;
END $$;

-- Money that has arrived for a booking, as a webhook has brought it.
CREATE FUNCTION pg_temp.paid(booking text, amount bigint, ref text DEFAULT 'pi_1') RETURNS void VOLATILE
    LANGUAGE sql AS $$
    INSERT INTO booking.payments (organization_id, id, provider, provider_ref, booking_id, status, amount_minor,
                                  currency, accepted, created_at, updated_at)
    VALUES (1, booking.new_id(1), 'stripe', ref, pg_temp.id(booking), 'paid', amount, 'EUR', true, booking.clock(),
            booking.clock()) $$;

CREATE FUNCTION pg_temp.dues(booking text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT COALESCE(string_agg(format('%s %s', f.status, f.amount_minor), ', ' ORDER BY f.id), 'none')
      FROM booking.payments AS p JOIN booking.refunds AS f
        ON f.organization_id = p.organization_id AND f.payment_id = p.id
     WHERE p.booking_id = pg_temp.id(booking) $$;
