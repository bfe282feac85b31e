-- What visitors' pages read: the public catalogue, and a hold by its token.

GRANT EXECUTE ON FUNCTION
    booking.public_venue(integer, text),
    booking.public_venue_activities(integer, text),
    booking.public_activity_sessions(uuid, text, text),
    booking.public_embed(integer, text, uuid),
    booking.reservation_status(uuid, text)
    TO booking_public;
