GRANT EXECUTE ON FUNCTION booking.notifier_status() TO booking_service, booking_relay, booking_admin;
