-- Rights on the record of changes: it is read, and written by triggers only.

GRANT SELECT ON booking.booking_changes TO booking_member, booking_service;
