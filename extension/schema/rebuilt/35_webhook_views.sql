-- Webhooks as people look at them: every attempt, and figures for each endpoint. With the reader's rights.

CREATE OR REPLACE VIEW booking.webhook_logs WITH (security_invoker = true) AS
SELECT a.organization_id,
       a.id,
       a.delivery_id,
       a.endpoint_id,
       e.name AS endpoint_name,
       a.event_id,
       a.event_type,
       CASE a.outcome WHEN 'delivered' THEN 'delivered' WHEN 'dead' THEN 'dead' WHEN 'blocked' THEN 'blocked'
                      ELSE 'failed' END AS status,
       a.outcome,
       a.attempt,
       a.http_status,
       a.error_class,
       a.error,
       a.total_ms AS response_time_ms,
       a.started_at,
       a.finished_at,
       a.next_attempt_at,
       a.remote_address,
       a.response_headers,
       a.response_body,
       a.response_truncated,
       a.batch_id,
       a.occurred_at
  FROM booking.webhook_attempts a
  LEFT JOIN booking.webhook_endpoints e ON e.organization_id = a.organization_id AND e.id = a.endpoint_id
 UNION ALL
SELECT d.organization_id,
       d.id,
       d.id,
       d.endpoint_id,
       e.name,
       d.event_id,
       d.event_type,
       CASE WHEN d.status IN ('dead', 'blocked') THEN d.status ELSE 'pending' END,
       d.status,
       d.attempts,
       NULL, NULL, d.reason, NULL, NULL, NULL,
       CASE d.status WHEN 'pending' THEN d.next_attempt_at END,
       NULL, NULL, NULL, false, d.batch_id, d.occurred_at
  FROM booking.webhook_deliveries d
  LEFT JOIN booking.webhook_endpoints e ON e.organization_id = d.organization_id AND e.id = d.endpoint_id
 WHERE d.attempts = CASE d.status WHEN 'leased' THEN 1 ELSE 0 END AND d.throttled = 0;
COMMENT ON VIEW booking.webhook_logs IS
    'One row an attempt to deliver, and one for each delivery that was not attempted yet or, since it was started again, anew; status: pending, delivered, failed, dead, blocked';

CREATE OR REPLACE VIEW booking.webhook_stats WITH (security_invoker = true) AS
SELECT e.organization_id,
       e.id AS endpoint_id,
       e.name AS endpoint_name,
       e.status AS endpoint_status,
       s.circuit,
       s.hold_until,
       a.total,
       a.delivered,
       a.total - a.delivered AS failed,
       round(100.0 * a.delivered / NULLIF(a.total, 0), 2) AS success_rate,
       a.average_response_ms,
       a.p95_response_ms,
       a.average_latency_ms,
       d.backlog,
       d.given_up,
       a.last_attempt_at
  FROM booking.webhook_endpoints e
  JOIN booking.webhook_endpoint_states s ON s.organization_id = e.organization_id AND s.endpoint_id = e.id
 CROSS JOIN LATERAL (
       SELECT count(*) AS total,
              count(*) FILTER (WHERE x.outcome = 'delivered') AS delivered,
              round(avg(x.total_ms)::numeric, 1) AS average_response_ms,
              round(percentile_cont(0.95) WITHIN GROUP (ORDER BY x.total_ms)::numeric, 1) AS p95_response_ms,
              round((avg(extract(epoch FROM x.finished_at - x.occurred_at)) FILTER (WHERE x.outcome = 'delivered')
                     * 1000)::numeric, 1) AS average_latency_ms,
              max(x.finished_at) AS last_attempt_at
         FROM booking.webhook_attempts x
        WHERE x.organization_id = e.organization_id AND x.endpoint_id = e.id
          AND x.outcome NOT IN ('throttled', 'late')) a
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE x.status IN ('pending', 'leased', 'parked')) AS backlog,
              count(*) FILTER (WHERE x.status IN ('dead', 'blocked')) AS given_up
         FROM booking.webhook_deliveries x
        WHERE x.organization_id = e.organization_id AND x.endpoint_id = e.id) d;
COMMENT ON VIEW booking.webhook_stats IS
    'Each endpoint in figures, over the attempts that are kept: success rate in per cent, times in milliseconds, latency from the event to the delivery, backlog; an attempt that was throttled counts neither way';
