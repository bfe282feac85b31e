-- Rights on the order of events: it is read, and written by functions only.

GRANT SELECT ON booking.event_positions, booking.event_sequencer TO booking_service;
