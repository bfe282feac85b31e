-- Who may call what of a booking's life. The functions check by token and claims.

GRANT EXECUTE ON FUNCTION
    booking.cancel_booking(uuid, text, text, bigint, boolean, bigint, text),
    booking.reschedule_booking(uuid, uuid, bigint, text),
    booking.reschedule_appointment(uuid, timestamptz, timestamptz, bigint, text),
    booking.change_party_size(uuid, integer, bigint, text, text, bigint),
    booking.booking_cancel(jsonb),
    booking.booking_reschedule(jsonb),
    booking.booking_change(jsonb)
    TO booking_public;

GRANT EXECUTE ON FUNCTION
    booking.check_in(uuid, integer, text),
    booking.check_out(uuid, integer, text),
    booking.mark_no_show(uuid, integer),
    booking.undo_check_in(uuid, integer),
    booking.undo_check_out(uuid, integer),
    booking.undo_no_show(uuid, integer)
    TO booking_member, booking_service;
