-- Who may call what. Run by the superuser who calls install(): the functions are the extension's, and its script could
-- not grant to roles that did not exist yet. Nothing is granted to PUBLIC.

-- Needed by whoever touches a row: checks, defaults and policies run with the rights of the role at work.
GRANT EXECUTE ON FUNCTION
    booking.new_id(integer), booking.organization_of(uuid), booking.check_schedule(jsonb),
    booking.check_time_zone(text), booking.clock(), booking.current_user_id(),
    booking.expired_hold_seats(integer, uuid), booking.resource_taken(integer, uuid),
    booking.refusal_codes(), booking.state_transitions(), booking.event_kinds(), booking.event_audience(text),
    booking.event_description(text, text), booking.canonical_event_filter(text)
    TO booking_public, booking_relay;

-- Visitors: what they may do to a hold they prove by its token.
GRANT EXECUTE ON FUNCTION
    booking.check_slot_availability(uuid, integer),
    booking.next_available_sessions(uuid, integer, integer, timestamptz),
    booking.reserve_slot(uuid, integer, text, text, integer),
    booking.try_reserve_slot(uuid, integer, text, text, integer),
    booking.extend_reservation(uuid, text, integer),
    booking.cancel_reservation(uuid, text),
    booking.confirm_reservation(uuid, text, text, text)
    TO booking_public;

-- Members: their own organizations, by their claims; the functions check.
GRANT EXECUTE ON FUNCTION
    booking.generate_activity_sessions(uuid, date, integer),
    booking.set_session_lanes(uuid, integer),
    booking.set_session_capacity(uuid, integer, integer),
    booking.close_session(uuid, text),
    booking.open_session(uuid),
    booking.get_upcoming_bookings(integer),
    booking.get_weekly_bookings_trend()
    TO booking_member, booking_service;

-- Trusted servers: all organizations.
GRANT EXECUTE ON FUNCTION
    booking.generate_all_sessions(integer),
    booking.release_expired_reservations(),
    booking.release_expired_reservations(integer),
    booking.integrity_check(),
    booking.is_original(),
    booking.maintain_event_partitions(integer, integer)
    TO booking_service;
GRANT EXECUTE ON PROCEDURE booking.generate_job(integer), booking.release_job(), booking.maintain_job(integer, integer)
    TO booking_service;

GRANT EXECUTE ON FUNCTION booking.adopt(boolean), booking.live_cpp_frames() TO booking_admin;
