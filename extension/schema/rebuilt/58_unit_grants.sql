-- Rights on units: they are read, and written by functions only.

GRANT SELECT ON booking.booking_units TO booking_member, booking_service;
