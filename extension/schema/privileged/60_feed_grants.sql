-- Who may call what of the order of events and of what is told to browsers: relays, which know who may see what.

GRANT EXECUTE ON FUNCTION
    booking.relay_sequence(integer),
    booking.relay_events(bigint, integer),
    booking.relay_position(),
    booking.relay_availability(uuid[]),
    booking.relay_identity(jsonb),
    booking.relay_booking(text)
    TO booking_relay;
