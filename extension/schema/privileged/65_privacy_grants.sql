-- Who may call what of personal data. The functions check whose organization it is.

GRANT EXECUTE ON FUNCTION booking.personal_data() TO booking_public, booking_relay;
GRANT EXECUTE ON FUNCTION
    booking.erase_customer(uuid),
    booking.erase_customer(integer, text),
    booking.set_retention(integer, integer, integer, integer, integer)
    TO booking_member, booking_service;
GRANT EXECUTE ON FUNCTION booking.apply_retention(integer, text, uuid, integer) TO booking_service;
GRANT EXECUTE ON PROCEDURE booking.retention_job() TO booking_service;
