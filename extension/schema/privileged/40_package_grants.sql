-- Who may call what of packages. Visitors hold the token of their booking; owners make packages, the function checks.

GRANT EXECUTE ON FUNCTION
    booking.booking_create(integer, jsonb),
    booking.booking_schedule(jsonb),
    booking.booking_status(text)
    TO booking_public;

GRANT EXECUTE ON FUNCTION
    booking.create_default_packages(integer, text, bigint, bigint, bigint, integer, integer, uuid)
    TO booking_member, booking_service;
