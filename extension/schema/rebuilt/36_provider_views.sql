-- Calls of providers as people look at them: without what was said to the provider, and the page that it gave.

CREATE OR REPLACE VIEW booking.provider_call_log WITH (security_invoker = true) AS
SELECT c.organization_id, c.id, c.provider, c.action, c.booking_id, c.reservation_id, c.about_call_id, c.status,
       c.attempts, c.uncertain, c.http_status, c.reason,
       CASE c.status WHEN 'pending' THEN c.next_attempt_at END AS next_attempt_at,
       c.check_at, c.created_at, c.finished_at
  FROM booking.provider_calls c;
COMMENT ON VIEW booking.provider_call_log IS
    'What providers of payments and calendars were asked for, and how it stands; nothing personal, and no key';
