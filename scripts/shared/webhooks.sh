# shellcheck shell=bash
# The second half of the quickstart's walk: what happens in the database arrives, signed, at an endpoint of the user.
# Needs walk.sh, cluster.sh and what the first half has made (ORGANIZATION, ACTIVITY).

# shellcheck source=relay.sh
source "${BASH_SOURCE[0]%/*}/relay.sh"

SERVICES=() # process ids of the receiver and the relay

# start_service LOG COMMAND...: in the background until stop_services, or until this script is gone.
start_service() {
  local log=$1
  shift
  setpriv --pdeathsig TERM -- "$@" >"$log" 2>&1 </dev/null &
  SERVICES+=($!)
}

stop_services() {
  local pid
  for pid in "${SERVICES[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${SERVICES[@]}"; do wait "$pid" 2>/dev/null || true; done
  SERVICES=()
}

# Prints what the file holds once it is there; a service writes its port there.
await_file() {
  local deadline=$((SECONDS + 20))
  until [[ -s $1 ]]; do
    ((SECONDS < deadline)) || die "nothing was written to $1"
    sleep 0.05
  done
  cat "$1"
}

build_relay() { # quick|release
  run_job "$LOG_DIR/build-relay.log" make_relay "$1" || {
    tail -n 40 "$LOG_DIR/build-relay.log" >&2
    echo "booking-relay does not build: $LOG_DIR/build-relay.log" >&2
    return 1
  }
}

start_receiver() {
  WEBHOOKS=$RUN_DIR/quickstart
  rm -rf "$WEBHOOKS"
  mkdir -m 700 "$WEBHOOKS"
  echo "   > scripts/shared/receiver.py $WEBHOOKS/port $WEBHOOKS/secret"
  start_service "$WEBHOOKS/receiver.log" python3 -u "$REPO/scripts/shared/receiver.py" "$WEBHOOKS/port" "$WEBHOOKS/secret"
  RECEIVER=http://127.0.0.1:$(await_file "$WEBHOOKS/port")
  # Loopback is a private network, to which nothing is sent unless an administrator has allowed it.
  sql_value "org=$ORGANIZATION" "url=$RECEIVER/hook" <<'SQL'
SELECT * FROM booking.create_webhook_endpoint(:'org', 'crm', :'url', events => '{booking.*}',
                                              options => '{"allowed_networks": ["127.0.0.0/8"]}');
SQL
  (umask 077 && echo "${RESULT##*|}" >"$WEBHOOKS/secret")
}

start_relay() {
  RELAY=$(relay_binary quick)
  export BOOKING_DATABASE_URL="host=$PGHOST port=$PGPORT user=$PGUSER dbname=$PGDATABASE" BOOKING_ORGANIZATION=$ORGANIZATION
  SUPABASE_JWT_SECRET=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
  export SUPABASE_JWT_SECRET
  cat >"$WEBHOOKS/booking-relay.toml" <<TOML
[http]
address = "127.0.0.1"
port = 0
port_file = "$WEBHOOKS/relay-port"
TOML
  echo "   > export BOOKING_DATABASE_URL='$BOOKING_DATABASE_URL' BOOKING_ORGANIZATION=$ORGANIZATION"
  echo "   > $RELAY --config $WEBHOOKS/booking-relay.toml"
  start_service "$WEBHOOKS/relay.log" "$RELAY" --config "$WEBHOOKS/booking-relay.toml"
  RELAY_URL=http://127.0.0.1:$(await_file "$WEBHOOKS/relay-port")
  echo "   > $RELAY --config $WEBHOOKS/booking-relay.toml --test-webhook crm"
  "$RELAY" --config "$WEBHOOKS/booking-relay.toml" --test-webhook crm 2>/dev/null | sed 's/^/   /'
  show_url "$RELAY_URL/readyz"
}

show_url() {
  echo "   > curl $1"
  curl -sSf --max-time 10 "$1" | sed 's/^/   /'
  echo
}

# Waits until the receiver has answered so many requests in that way, and prints what it got since the last time.
RECEIVED=0
await_deliveries() { # accepted|refused NUMBER
  curl -sSf --max-time 60 -o /dev/null "$RECEIVER/wait?$1=$2"
  tail -n "+$((RECEIVED + 1))" "$WEBHOOKS/receiver.log" | sed 's/^/   receiver: /'
  RECEIVED=$(wc -l <"$WEBHOOKS/receiver.log")
}

book_another() { # EMAIL
  sql "activity=$ACTIVITY" "email=$1" <<'SQL'
SELECT b.booking_number, b.status
  FROM booking.next_available_sessions(:'activity', 1, 1, now() + interval '1 day') AS s,
       booking.reserve_slot(s.session_id, 1, :'email') AS r,
       booking.confirm_reservation(r.reservation_id) AS b;
SQL
}

deliver_booking() {
  book_another grace@example.com
  await_deliveries accepted 3 # the test, booking.created and booking.confirmed
}

retry_delivery() {
  echo "   > curl -X PUT -d 500 $RECEIVER/answer"
  curl -sSf -X PUT -d 500 "$RECEIVER/answer"
  book_another edsger@example.com
  await_deliveries refused 2
  sql <<'SQL'
SELECT event_type, attempt, status, http_status FROM booking.webhook_logs WHERE status <> 'delivered' ORDER BY event_type;
SQL
  echo "   > curl -X PUT -d 200 $RECEIVER/answer        # the first retry comes after five seconds"
  curl -sSf -X PUT -d 200 "$RECEIVER/answer"
  await_deliveries accepted 5
  sql <<'SQL'
SELECT endpoint_name, total, delivered, failed FROM booking.webhook_stats;
SQL
}

walk_webhooks() {
  step 'a receiver, and the endpoint that is sent to it' start_receiver
  step 'booking-relay, and a test of the endpoint' start_relay
  step 'a booking is made, and its events arrive' deliver_booking
  step 'the receiver fails, and the retry is seen' retry_delivery
}
