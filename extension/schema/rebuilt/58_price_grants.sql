-- Rights on former prices: they are read, and written by a trigger only.

GRANT SELECT ON booking.activity_prices TO booking_member, booking_service;
