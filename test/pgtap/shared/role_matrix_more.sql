-- Functions that came later, with the calls of them; part of role_matrix_functions.sql.
INSERT INTO pg_temp.expected
VALUES ('booking.request_payment(uuid,text)', 'token',
        'booking.request_payment(pg_temp.id(''eve dear hold :o''), pg_temp.token(''ada dear hold :o''))'),
       ('booking.request_payment(uuid,text)', 'token',
        'booking.request_payment(pg_temp.id(''eve dear hold :o''), pg_temp.token(''eve dear hold :n''))'),
       ('booking.retry_provider_call(uuid)', 'member', 'booking.retry_provider_call(pg_temp.id(''failed call :o''))'),
       ('booking.cleanup_provider_calls(integer)', 'trusted', 'booking.cleanup_provider_calls(90)'),
       ('booking.relay_claim_calls(uuid,integer,integer,jsonb)', 'relay',
        'booking.relay_claim_calls(pg_temp.relay(), 1, 60, ''{"2": ["custom"]}'')'),
       ('booking.relay_complete_call(uuid,uuid,bigint,jsonb)', 'relay',
        'booking.relay_complete_call(pg_temp.relay(), pg_temp.id(''failed call :o''), 1, ''{"ending": "done", "facts": {}}'')'),
       ('booking.end_payment_calls()', 'internal', NULL);
INSERT INTO pg_temp.expected
VALUES ('booking.join_waitlist(uuid,integer,text,text,text)', 'sale',
        'booking.join_waitlist(pg_temp.id(''full :o''), 1, ''somebody@else.example'')'),
       ('booking.leave_waitlist(uuid,text)', 'token', 'booking.leave_waitlist(pg_temp.id(''eve waits :o''))'),
       ('booking.leave_waitlist(uuid,text)', 'token',
        'booking.leave_waitlist(pg_temp.id(''eve waits :o''), pg_temp.token(''eve waits :n''))'),
       ('booking.leave_waitlist(uuid,text)', 'token',
        'booking.leave_waitlist(pg_temp.id(''eve waits :o''), pg_temp.token(''ada waits :o''))'),
       ('booking.waitlist_status(uuid,text)', 'token',
        'booking.waitlist_status(pg_temp.id(''eve waits :o''), pg_temp.token(''ada waits :o''))'),
       ('booking.waitlist_status(uuid,text)', 'token',
        'booking.waitlist_status(pg_temp.id(''eve waits :o''), pg_temp.token(''eve waits :n''))'),
       ('booking.close_waitlist()', 'internal', NULL);
