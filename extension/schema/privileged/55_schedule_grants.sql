-- Who may call what of resources, blocked periods and changes of schedules. The functions check whose organization it is.

GRANT EXECUTE ON FUNCTION
    booking.use_resource(uuid, uuid, integer, integer),
    booking.stop_using_resource(uuid, uuid),
    booking.block_period(uuid, timestamptz, timestamptz, text),
    booking.unblock_period(uuid),
    booking.apply_schedule_change(uuid, boolean),
    booking.set_venue_timezone(uuid, text, boolean)
    TO booking_member, booking_service;
