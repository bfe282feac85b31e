-- Who may call what of waiting lists. Visitors hold the token of their entry.

GRANT EXECUTE ON FUNCTION
    booking.join_waitlist(uuid, integer, text, text, text),
    booking.leave_waitlist(uuid, text),
    booking.waitlist_status(uuid, text)
    TO booking_public;
