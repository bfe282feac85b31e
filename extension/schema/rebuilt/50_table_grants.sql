-- Rights on tables and views, by role. Nothing here grants to PUBLIC.

GRANT SELECT ON booking.sessions, booking.session_lanes, booking.activity_sessions, booking.public_venues, booking.public_activities,
                booking.public_events TO booking_public;

-- Whatever an earlier version has granted.
REVOKE SELECT ON booking.bookings, booking.booking_policies, booking.booking_events FROM booking_customer;
GRANT SELECT ON booking.customers, booking.slot_reservations, booking.customer_bookings, booking.customer_events
    TO booking_customer;

GRANT SELECT ON booking.organizations, booking.organization_members, booking.user_organizations, booking.venues,
                booking.activities, booking.schedule_exceptions, booking.packages, booking.customers,
                booking.slot_reservations, booking.bookings, booking.booking_policies, booking.job_runs,
                booking.booking_events, booking.owner_events TO booking_member;
GRANT INSERT, UPDATE, DELETE ON booking.venues, booking.activities, booking.schedule_exceptions, booking.packages
    TO booking_member;
GRANT UPDATE (status) ON booking.sessions TO booking_member, booking_service;

GRANT SELECT, INSERT, UPDATE, DELETE ON booking.organizations, booking.organization_members, booking.venues,
    booking.activities, booking.schedule_exceptions, booking.packages, booking.customers TO booking_service;
GRANT SELECT ON booking.user_organizations, booking.slot_reservations, booking.bookings, booking.booking_policies,
    booking.job_runs,
    booking.generation_watermarks, booking.schema_migrations, booking.installation, booking.booking_events,
    booking.owner_events, booking.full_events TO booking_service;
GRANT INSERT ON booking.job_runs TO booking_service;
