// What the functions of the token flow have in common.
#pragma once

// An instant as browsers write it: 2026-11-21T10:00:00.000Z.
#define PGBK_INSTANT_SQL(value) "to_char(" value PGBK_AS_INSTANT_SQL
// The same at the end of "to_char(value".
#define PGBK_AS_INSTANT_SQL " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"

// Whether session x of a package counts: it was scheduled, or its time asked for at a calendar, and not given back.
#define PGBK_USED_SQL                                                                                                  \
    "(x.status IN ('scheduled', 'confirmed', 'checked_in', 'checked_out', 'no_show')"                                  \
    " OR x.status = 'paid' AND x.wanted_start IS NOT NULL)"

// The page on which something is paid, from the latest call of a provider for one: url, is_awaited, or
// has_failed. $1 the organization.
#define PGBK_PAYMENT_PAGE_SQL(column, id)                                                                              \
    "SELECT CASE y.status WHEN 'done' THEN y.outcome ->> 'url' END AS url,"                                            \
    "       y.status IN ('pending', 'running') AS is_awaited, y.status = 'failed' AS has_failed"                       \
    "  FROM booking.provider_calls AS y"                                                                               \
    " WHERE y.organization_id = $1 AND y." column " = " id " AND y.action = 'create_payment'"                          \
    " ORDER BY y.id DESC LIMIT 1"
