-- Rights on resources and blocked periods: what activities use and what sessions have is written by functions only.

GRANT SELECT, INSERT, UPDATE, DELETE ON booking.resources TO booking_member, booking_service;
GRANT SELECT ON booking.activity_resources, booking.resource_allocations, booking.blocked_periods,
                booking.blocked_sessions TO booking_member, booking_service;
