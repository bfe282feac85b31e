# shellcheck shell=bash
# The end of the quickstart's walk: what web pages load. Needs walk.sh, webhooks.sh and what the walk has made
# (ORGANIZATION, VENUE, RELAY_URL), and SUPABASE_JWT_SECRET, by which the relay knows tokens.

# token USER: as an application's login gives it to its users, for a day.
token() {
  python3 - "$1" <<'PYTHON'
import base64, hashlib, hmac, json, os, sys, time

def part(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

claims = {"sub": sys.argv[1], "role": "authenticated", "exp": int(time.time()) + 86400}
text = part(b'{"alg":"HS256","typ":"JWT"}') + "." + part(json.dumps(claims).encode())
key = os.environ["SUPABASE_JWT_SECRET"].encode()
print(text + "." + part(hmac.new(key, text.encode(), hashlib.sha256).digest()))
PYTHON
}

show_pages() {
  sql_value "venue=$VENUE" <<'SQL'
SELECT embed_key FROM booking.venues WHERE id = :'venue';
SQL
  WIDGET="$RELAY_URL/embed?widget=calendar&key=$RESULT"
  sql "org=$ORGANIZATION" <<'SQL'
INSERT INTO booking.organization_members (organization_id, user_id, role) VALUES (:'org', 'owner', 'owner');
SQL
  DEMO="$RELAY_URL/demo/real-time-bookings#key=$RESULT&organization=$ORGANIZATION&token=$(token owner)"
  show_url "$RELAY_URL/api/venues/$RESULT/activities"
  curl -sSf --max-time 10 -o /dev/null "$WIDGET"
  curl -sSf --max-time 10 -o /dev/null "${DEMO%%#*}"
}

walk_pages() {
  step 'pages: a widget that books, and what happens as it happens' show_pages
}
