-- Rights on units: tickets are read, and written by functions only; what is sold is edited by owners.

GRANT SELECT ON booking.booking_units TO booking_member, booking_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON booking.activity_units TO booking_member, booking_service;
GRANT SELECT ON booking.public_activity_units TO booking_public;
