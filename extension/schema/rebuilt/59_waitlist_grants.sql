-- Rights on waiting lists: they are read, and written by functions only.

GRANT SELECT ON booking.waitlist_entries TO booking_customer, booking_member, booking_service;
GRANT SELECT ON booking.waitlist_queue TO booking_member, booking_service;
