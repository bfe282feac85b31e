// What the functions of the token flow have in common.
#pragma once

// An instant as browsers write it: 2026-11-21T10:00:00.000Z.
#define PGBK_INSTANT_SQL(value) "to_char(" value " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"

// Whether session x of a package counts: it was scheduled, or its time asked for at a calendar, and not given back.
#define PGBK_USED_SQL                                                                                                  \
    "(x.status IN ('scheduled', 'confirmed', 'checked_in', 'checked_out', 'no_show')"                                  \
    " OR x.status = 'paid' AND x.wanted_start IS NOT NULL)"
