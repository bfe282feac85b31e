# shellcheck shell=bash
# The last part of the quickstart's walk: a package is booked over HTTP, its payment is reported by a signed webhook, a
# time is chosen, then another one, and it is cancelled. Needs walk.sh, webhooks.sh and what they have made (ORGANIZATION,
# ACTIVITY, RELAY_URL, the receiver).

# Shows the lines of stdin, which call curl once, runs them as they are shown, and wants this status of HTTP. Keeps what
# came back in RESULT.
http() { # STATUS
  local text output
  text=$(cat)
  show_sql "$text"
  # The status comes last, behind the body.
  output=$(bash -c 'curl() { command curl -sS --max-time 30 -w "%{http_code}" "$@"; }; eval "$1"' bash "$text")
  RESULT=${output%???}
  RESULT=${RESULT%$'\n'}
  echo "   ${output: -3} $RESULT"
  [[ ${output: -3} == "$1" ]]
}

member() { # NAME: of the JSON object in RESULT
  python3 -c 'import json, sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$RESULT" "$1"
}

sell_packages() {
  sql_value "org=$ORGANIZATION" "activity=$ACTIVITY" <<'SQL'
SELECT booking.create_default_packages(:'org', 'USD', 15000, 50000, 120000, activity_id => :'activity');
SQL
  # What the dashboard of the payment provider shows for the webhook; made up here.
  PAYMENT_SECRET=$(openssl rand -hex 24)
  sql_value "org=$ORGANIZATION" "secret=$PAYMENT_SECRET" <<'SQL'
SELECT source_id FROM booking.create_webhook_source(:'org', 'payment-webhook', 'airwallex', :'secret');
SQL
}

create_booking() {
  http 200 <<LINES
curl -X POST $RELAY_URL/functions/v1/booking-create \\
  -H "Content-Type: application/json" \\
  -d '{
    "packageId": "single",
    "customerName": "Test User",
    "customerEmail": "test@example.com"
  }'
LINES
  TOKEN=$(member bookingToken)
  want_status pending
}

want_status() { # PAYMENT_STATUS
  http 200 <<LINES
curl "$RELAY_URL/functions/v1/booking-status?token=$TOKEN"
LINES
  [[ $(member paymentStatus) == "$1" ]]
}

report_payment() {
  local event timestamp signature
  event='{"id":"evt_quickstart","name":"payment_intent.succeeded","data":{"object":{"id":"int_quickstart","amount":150.00,'
  event+="\"currency\":\"USD\",\"metadata\":{\"booking_token\":\"$TOKEN\"}}}}"
  timestamp=$(date +%s%3N)
  show_sql "printf %s '$timestamp$event' | openssl dgst -sha256 -hmac $PAYMENT_SECRET"
  signature=$(printf %s "$timestamp$event" | openssl dgst -sha256 -hmac "$PAYMENT_SECRET" -r)
  signature=${signature%% *}
  echo "   $signature"
  PAYMENT_EVENT="curl -X POST $RELAY_URL/functions/v1/payment-webhook \\
  -H 'Content-Type: application/json' -H 'x-timestamp: $timestamp' -H 'x-signature: $signature' \\
  -d '$event'"
  http 200 <<<"$PAYMENT_EVENT"
  want_status paid
}

schedule_booking() {
  sql_value "activity=$ACTIVITY" <<'SQL'
SELECT to_json(start_time) #>> '{}', to_json(end_time) #>> '{}'
  FROM booking.next_available_sessions(:'activity', 1, 1, now() + interval '2 days');
SQL
  http 200 <<LINES
curl -X POST $RELAY_URL/functions/v1/booking-schedule \\
  -H "Content-Type: application/json" \\
  -d '{
    "bookingToken": "$TOKEN",
    "startTime": "${RESULT%%|*}",
    "endTime": "${RESULT##*|}"
  }'
LINES
  await_deliveries accepted 8 # booking.created, booking.paid and booking.scheduled
}

show_books() {
  sql_value "org=$ORGANIZATION" <<'SQL'
SELECT b.status, b.payment_status, (SELECT round(sum(p.amount_minor) / 100, 2) FROM booking.payments AS p
                                     WHERE p.organization_id = b.organization_id AND p.booking_id = b.id) AS received,
       (SELECT count(*) FROM booking.booking_events AS e
         WHERE e.organization_id = b.organization_id AND e.booking_id = b.id) AS events
  FROM booking.bookings AS b WHERE b.organization_id = :'org' AND b.package_id = 'single';
SQL
}

replay_payment() {
  show_books
  local before=$RESULT
  http 200 <<<"$PAYMENT_EVENT"
  show_books
  [[ $RESULT == "$before" && $RESULT == 'scheduled|paid|150.00|'* ]]
}

tamper_payment() {
  local before=$RESULT
  http 401 <<<"${PAYMENT_EVENT/150.00/0.01}"
  show_books
  [[ $RESULT == "$before" ]]
}

reschedule_booking() {
  sql_value "activity=$ACTIVITY" <<'SQL'
SELECT session_id, to_json(start_time) #>> '{}'
  FROM booking.next_available_sessions(:'activity', 1, 1, now() + interval '3 days');
SQL
  http 200 <<LINES
curl -X POST $RELAY_URL/functions/v1/booking-reschedule \\
  -H "Content-Type: application/json" \\
  -d '{"bookingToken": "$TOKEN", "sessionId": "${RESULT%%|*}"}'
LINES
  [[ $(member status) == scheduled ]]
  await_deliveries accepted 9 # booking.rescheduled
}

cancel_booking() {
  http 200 <<LINES
curl -X POST $RELAY_URL/functions/v1/booking-cancel \\
  -H "Content-Type: application/json" \\
  -d '{"bookingToken": "$TOKEN", "reason": "I am ill"}'
LINES
  [[ $(member status) == cancelled && $(member refundStatus) == due && $(member refundDueCents) == 15000 ]]
  sql "org=$ORGANIZATION" <<'SQL'
SELECT p.provider, p.provider_ref, r.status, r.amount_minor, r.currency
  FROM booking.refunds AS r JOIN booking.payments AS p ON (p.organization_id, p.id) = (r.organization_id, r.payment_id)
 WHERE r.organization_id = :'org';
SELECT count(*) AS violations FROM booking.integrity_check();
SQL
}

walk_payments() {
  step 'packages to sell, and a source of payment events' sell_packages
  step 'a package is booked over HTTP' create_booking
  step 'a signed event of Airwallex says that it is paid' report_payment
  step 'a time is chosen, and the events arrive' schedule_booking
  step 'the same event again has no effect' replay_payment
  step 'one that was tampered with is refused' tamper_payment
  step 'the buyer chooses another time' reschedule_booking
  step 'the buyer cancels: the money is due for refund' cancel_booking
}
