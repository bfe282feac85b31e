-- Who may call what of units. The functions check by token and claims.

GRANT EXECUTE ON FUNCTION
    booking.reserve_slot(uuid, integer, text, text, integer, jsonb),
    booking.try_reserve_slot(uuid, integer, text, text, integer, jsonb),
    booking.quote_units(uuid, jsonb),
    booking.update_reservation_units(uuid, jsonb, text),
    booking.change_units(uuid, jsonb, bigint, text, text, bigint),
    booking.cancel_units(uuid, integer[], text, bigint, boolean, bigint, text),
    booking.issue_tickets(uuid, text, boolean)
    TO booking_public;

GRANT EXECUTE ON FUNCTION booking.scan_ticket(text, text, text) TO booking_member, booking_service;
