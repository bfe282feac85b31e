# shellcheck shell=bash
# The walk of the quickstart: each step prints what a user would write, does it, and says how long it took. A step that
# fails ends the script.

step() { # TITLE COMMAND...
  local title=$1 start=${EPOCHREALTIME/./} tenths
  shift
  echo
  echo "== $title"
  "$@"
  tenths=$(((${EPOCHREALTIME/./} - start) / 100000))
  echo "   ($((tenths / 10)).$((tenths % 10)) s)"
}

# Shows the SQL of stdin and runs it; psql variables are given as NAME=VALUE. Prints the result as a table.
sql() {
  local text arguments=() assignment
  text=$(cat)
  for assignment in "$@"; do arguments+=(-v "$assignment"); done
  show_sql "$text" "$@"
  psql -X -q -v ON_ERROR_STOP=1 -P footer=off "${arguments[@]}" <<<"$text" | sed 's/^/   /'
}

# The same, for one value or row: prints it and keeps it in RESULT, columns separated by |.
sql_value() {
  local text arguments=() assignment
  text=$(cat)
  for assignment in "$@"; do arguments+=(-v "$assignment"); done
  show_sql "$text" "$@"
  RESULT=$(psql -X -q -A -t -v ON_ERROR_STOP=1 "${arguments[@]}" <<<"$text")
  echo "   ${RESULT//|/   }"
}

show_sql() { # TEXT NAME=VALUE...
  local text=$1 assignment
  shift
  for assignment in "$@"; do text=${text//":'${assignment%%=*}'"/"'${assignment#*=}'"}; done
  printf '%s\n' "${text//$'\n'/$'\n'   }" | sed '1s/^/   /; s/^   /   > /'
}

install_extension() {
  sql <<'SQL'
CREATE EXTENSION pg_cron;
CREATE EXTENSION pg_booking;
SELECT booking.install();
-- a scheduler that was at rest overlooks what so large a transaction has told it: once more, in a small one
UPDATE cron.job SET active = active;
SQL
}

make_venue() {
  sql_value <<'SQL'
INSERT INTO booking.organizations (name) VALUES ('Harbour Sports') RETURNING organization_id;
SQL
  ORGANIZATION=$RESULT
  sql_value "org=$ORGANIZATION" <<'SQL'
INSERT INTO booking.venues (organization_id, name, timezone)
VALUES (:'org', 'Harbour Courts', 'America/New_York') RETURNING id;
SQL
  VENUE=$RESULT
  sql_value "org=$ORGANIZATION" "venue=$VENUE" <<'SQL'
INSERT INTO booking.activities (organization_id, venue_id, name, capacity, schedule)
VALUES (:'org', :'venue', 'Badminton court', 4, '{
  "operatingDays": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
  "startTime": "09:00", "endTime": "22:00", "slotInterval": 60,
  "customHours": {"Saturday": {"enabled": true, "startTime": "10:00", "endTime": "23:00"}}}')
RETURNING id;
SQL
  ACTIVITY=$RESULT
  sql "org=$ORGANIZATION" "venue=$VENUE" <<'SQL'
INSERT INTO booking.schedule_exceptions (organization_id, venue_id, first_date, last_date, reason)
SELECT :'org', :'venue', d, d, 'public holiday'
  FROM (SELECT (booking.clock() AT TIME ZONE 'America/New_York')::date + 4) AS t (d);
SQL
}

generate_sessions() {
  sql <<'SQL'
CALL booking.generate_job();
SELECT job, result AS sessions_made, finished_at - started_at AS took FROM booking.job_runs;
SQL
}

show_week() {
  sql <<'SQL'
SELECT to_char(day, 'Dy YYYY-MM-DD') AS day, count(s.id) AS sessions,
       COALESCE(to_char(min(s.start_time AT TIME ZONE 'America/New_York'), 'HH24:MI'), 'closed') AS first,
       to_char(max(s.end_time AT TIME ZONE 'America/New_York'), 'HH24:MI') AS last_ends,
       sum(s.seats_available) AS seats
  FROM generate_series(1, 7) AS n
 CROSS JOIN LATERAL (SELECT (booking.clock() AT TIME ZONE 'America/New_York')::date + n AS day) AS d
  LEFT JOIN booking.activity_sessions AS s ON s.local_date = d.day
 GROUP BY day ORDER BY d.day;
SQL
}

hold_seats() {
  sql_value "activity=$ACTIVITY" <<'SQL'
SELECT session_id FROM booking.next_available_sessions(:'activity', 3, 1, now() + interval '1 hour');
SQL
  SESSION=$RESULT
  sql_value "session=$SESSION" <<'SQL'
SELECT * FROM booking.reserve_slot(:'session', 3, 'ada@example.com');
SQL
  RESERVATION=${RESULT%%|*}
}

refuse_rival() {
  local text="SELECT * FROM booking.reserve_slot('$SESSION', 2, 'rival@example.com');" output
  echo "   > $text"
  # The refusal is what has to happen here.
  if output=$(psql -X -q -v VERBOSITY=verbose -c "$text" 2>&1); then
    echo "   the rival got seats that are not there: $output"
    return 1
  fi
  grep -v '^LOCATION' <<<"$output" | sed 's/^/   /'
  grep -q 'BK201' <<<"$output"
}

confirm_booking() {
  sql "reservation=$RESERVATION" <<'SQL'
SELECT booking_number, status, payment_status
  FROM booking.confirm_reservation(:'reservation', customer_name => 'Ada Lovelace');
SQL
}

check_in() {
  sql_value "reservation=$RESERVATION" <<'SQL'
SELECT id FROM booking.bookings WHERE reservation_id = :'reservation';
SQL
  sql "booking=$RESULT" <<'SQL'
SELECT * FROM booking.check_in(:'booking', unit => 1, scan_nonce => 'gate-7-0001');
SELECT * FROM booking.check_in(:'booking', unit => 1, scan_nonce => 'gate-7-0001');  -- the same scan again
SELECT unit, status, checked_in_at FROM booking.booking_units WHERE booking_id = :'booking';
SQL
  [[ $(psql -XAtqc "SELECT count(*) FROM booking.booking_units WHERE status = 'checked_in'") == 1 ]]
}

# In place on a terminal, a line each ten seconds elsewhere.
count_down() {
  local text="the hold runs out; pg_cron looks each minute: $1 s to the next run"
  if [[ -t 1 ]]; then
    printf '\r   %-75s' "$text"
  elif (($1 % 10 == 0)); then
    echo "   $text"
  fi
}

release_by_cron() {
  sql_value "session=$SESSION" <<'SQL'
SELECT reservation_id, expires_at FROM booking.reserve_slot(:'session', 1, 'late@example.com', hold_seconds => 2);
SQL
  local reservation=${RESULT%%|*} status=pending deadline=$((SECONDS + 135))
  sql <<'SQL'
SELECT jobname, schedule, command FROM cron.job ORDER BY jobid;
SQL
  while ((SECONDS < deadline)); do
    status=$(psql -XAtqc "SELECT status FROM booking.slot_reservations WHERE id = '$reservation'")
    [[ $status == pending ]] || break
    count_down $((60 - 10#$(date -u +%S)))
    sleep 1 # the scheduler works by the minute, and nothing else would tell
  done
  [[ ! -t 1 ]] || printf '\r%70s\r' ''
  sql "reservation=$reservation" <<'SQL'
SELECT r.status, r.settled_at, j.job, j.result AS released
  FROM booking.slot_reservations AS r, booking.job_runs AS j
 WHERE r.id = :'reservation' AND j.job = 'release';
SQL
  [[ $status == expired ]]
}

check_integrity() {
  sql <<'SQL'
SELECT count(*) AS violations FROM booking.integrity_check();
SELECT start_time, capacity_total, capacity_remaining, seats_available
  FROM booking.activity_sessions WHERE capacity_remaining < capacity_total;
SQL
  [[ $(psql -XAtqc 'SELECT count(*) FROM booking.integrity_check()') == 0 ]]
}

walk() {
  step 'the extension brings the code, install() the tables' install_extension
  step 'a venue with Saturday hours, a holiday and daylight saving' make_venue
  step '30 days of sessions, by the job that pg_cron runs each night' generate_sessions
  step 'the week to come' show_week
  step 'Ada holds three of four seats' hold_seats
  step 'a rival wants two' refuse_rival
  step 'Ada has paid: the hold becomes a booking' confirm_booking
  step 'one of the three is there: scanned at the gate' check_in
  step 'a hold that nobody confirms, released by pg_cron' release_by_cron
  step 'every seat is accounted for' check_integrity
}
