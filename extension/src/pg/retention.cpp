// How long an organization keeps personal data: set_retention says it, apply_retention does it, a page of rows a call.
//
// A page is so many rows in the order of their ids, which is that of their making, so that all pages together read the
// old rows of a table once, whatever was erased before. What somebody else is working on is left to the next run.
#include "core/refusal.hpp"
#include "pg/access.hpp"
#include "pg/erasure.hpp"
#include "pg/identity.hpp"
#include "pg/settings.hpp"
#include "pg/webhook_endpoint.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

constexpr std::int32_t most_days = 3650;
constexpr std::int32_t most_rows = 10000;

struct Page {
    std::int32_t organization;
    core::Uuid after;
    core::Uuid end; // what was made later is not old enough
    TimestampTz before;
    std::int32_t most;
    TimestampTz clock;
};

struct Outcome {
    std::int64_t changed = 0;
    std::optional<core::Uuid> next;
};

// Of a statement with the columns: how many were changed, the last id of the page, and how many rows it had.
Outcome outcome_of(const Rows& rows, const Page& page) {
    Outcome outcome;
    outcome.changed = rows.int8(0, 1);
    if (rows.int8(0, 3) == page.most) {
        outcome.next = rows.uuid(0, 2);
    }
    return outcome;
}

Rows write_page(Statement& statement, const Page& page) {
    return statement.write({page.organization, page.after, page.end, Value::timestamp(page.before), page.most});
}

// $1 organization, $2 after, $3 end, $4 before, $5 most. changed: what becomes of the rows of page p that are due.
#define PGBK_PAGE_SQL(table, due, changed)                                                                             \
    "WITH page AS MATERIALIZED ("                                                                                      \
    "    SELECT x.id, " due " AS is_due FROM booking." table " AS x"                                                   \
    "     WHERE x.organization_id = $1 AND x.id > $2 AND x.id < $3 ORDER BY x.id LIMIT $5)"                            \
    ", changed AS (" changed ")"                                                                                       \
    " SELECT (SELECT count(*) FROM changed), (SELECT p.id FROM page AS p ORDER BY p.id DESC LIMIT 1),"                 \
    "        (SELECT count(*) FROM page)"

Outcome erase_inbox_page(const Page& page) {
    static constinit Statement statement(PGBK_PAGE_SQL(
        "payment_events", "x.received_at < $4 AND x.next_attempt_at IS NULL AND (x.body <> '' OR x.headers <> '{}')",
        "UPDATE booking.payment_events AS e SET body = '', headers = '{}'"
        "  FROM (SELECT n.id FROM booking.payment_events AS n JOIN page AS p ON p.id = n.id"
        "         WHERE n.organization_id = $1 AND p.is_due AND n.next_attempt_at IS NULL"
        "         ORDER BY n.id FOR NO KEY UPDATE OF n SKIP LOCKED) AS d"
        " WHERE e.organization_id = $1 AND e.id = d.id RETURNING 1"));
    return outcome_of(write_page(statement, page), page);
}

Outcome delete_attempts_page(const Page& page) {
    static constinit Statement statement(
        PGBK_PAGE_SQL("webhook_attempts", "x.finished_at < $4",
                      "DELETE FROM booking.webhook_attempts AS a USING page AS p"
                      " WHERE a.organization_id = $1 AND a.id = p.id AND p.is_due RETURNING 1"));
    return outcome_of(write_page(statement, page), page);
}

// A hold that became a booking is erased with it.
Outcome erase_holds_page(const Page& page) {
    static constinit Statement statement(PGBK_PAGE_SQL(
        "slot_reservations",
        "x.status IN ('expired', 'cancelled') AND x.settled_at < $4"
        " AND (x.customer_email <> " PGBK_ERASED_ADDRESS_SQL(
            "x.id") " OR x.idempotency_hash IS NOT NULL)"
                    " AND NOT EXISTS (SELECT 1 FROM booking.bookings AS b"
                    "                  WHERE b.organization_id = $1 AND b.reservation_id = x.id)",
        "UPDATE booking.slot_reservations AS r"
        "   SET customer_email = " PGBK_ERASED_ADDRESS_SQL(
            "r.id") ","
                    "       token_salt = NULL, idempotency_hash = NULL, request_hash = NULL"
                    "  FROM (SELECT n.id FROM booking.slot_reservations AS n JOIN page AS p ON p.id = n.id"
                    "         WHERE n.organization_id = $1 AND p.is_due AND n.status IN ('expired', 'cancelled')"
                    "         ORDER BY n.id FOR NO KEY UPDATE OF n SKIP LOCKED) AS d"
                    " WHERE r.organization_id = $1 AND r.id = d.id RETURNING 1"));
    return outcome_of(write_page(statement, page), page);
}

std::vector<core::Uuid> ids_in(const Rows& rows) {
    std::vector<core::Uuid> ids;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        ids.push_back(rows.uuid(row, 1));
    }
    return ids;
}

// Over for long enough, whatever it came to, and nothing to be done about its money. What was never paid is cancelled
// first (cancel_unpaid_bookings).
#define PGBK_PAST_BOOKING_SQL(b)                                                                                       \
    b ".erased_at IS NULL AND " b ".status <> 'pending' AND " b ".refund_status NOT IN ('due', 'pending')"             \
      " AND GREATEST(" b ".scheduled_end, " b ".scheduled_start, " b ".expires_at, " b ".created_at) < $4"

// Locked as everybody locks them: the reservations first.
Outcome erase_bookings_page(const Page& page) {
    static constinit Statement due("SELECT x.id, x.reservation_id, " PGBK_PAST_BOOKING_SQL(
        "x") "   AND NOT EXISTS (SELECT 1 FROM booking.payments AS p WHERE p.organization_id = $1 AND p.booking_id = "
             "x.id"
             "                      AND p.status = 'conflict' AND p.decision IS NULL)"
             "  FROM booking.bookings AS x"
             " WHERE x.organization_id = $1 AND x.id > $2 AND x.id < $3 ORDER BY x.id LIMIT $5");
    static constinit Statement lock_reservations(
        "SELECT r.id FROM booking.slot_reservations AS r"
        " WHERE r.organization_id = $1 AND r.id = ANY ($2) ORDER BY r.id FOR NO KEY UPDATE SKIP LOCKED");
    static constinit Statement lock_bookings(
        "SELECT b.id FROM booking.bookings AS b"
        " WHERE b.organization_id = $1 AND b.id = ANY ($2)"
        "   AND (b.reservation_id IS NULL OR b.reservation_id = ANY ($3)) AND " PGBK_PAST_BOOKING_SQL(
            "b") " ORDER BY b.id FOR NO KEY UPDATE SKIP LOCKED");
    static constinit Statement reservations_of(
        "SELECT b.reservation_id FROM booking.bookings AS b"
        " WHERE b.organization_id = $1 AND b.id = ANY ($2) AND b.reservation_id IS NOT NULL");
    const Rows rows = write_page(due, page);
    std::vector<core::Uuid> bookings;
    std::vector<core::Uuid> reservations;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        if (rows.boolean(row, 3)) {
            bookings.push_back(rows.uuid(row, 1));
            if (!rows.is_null(row, 2)) {
                reservations.push_back(rows.uuid(row, 2));
            }
        }
    }
    Outcome outcome;
    if (rows.count() == static_cast<std::uint64_t>(page.most)) {
        outcome.next = rows.uuid(rows.count() - 1, 1);
    }
    if (bookings.empty()) {
        return outcome;
    }
    reservations = ids_in(lock_reservations.write({page.organization, uuid_array(reservations)}));
    const Value locked = uuid_array(ids_in(lock_bookings.write(
        {page.organization, uuid_array(bookings), uuid_array(reservations), Value::timestamp(page.before)})));
    erase_reservations(page.organization, uuid_array(ids_in(reservations_of.write({page.organization, locked}))));
    outcome.changed = erase_bookings(page.organization, locked, page.clock);
    return outcome;
}

// Those without an account whose bookings are all erased: who has an account decides about it. Asked again once the row
// is locked, since who books holds its lock until the booking is there.
Outcome erase_customers_page(const Page& page) {
    static constinit Statement lock(
        "SELECT c.id, n.is_free FROM (SELECT x.id FROM booking.customers AS x"
        "                              WHERE x.organization_id = $1 AND x.id > $2 AND x.id < $3"
        "                              ORDER BY x.id LIMIT $5) AS c"
        "  LEFT JOIN LATERAL (SELECT true AS is_free FROM booking.customers AS x"
        "                      WHERE x.organization_id = $1 AND x.id = c.id AND x.user_id IS NULL"
        "                        AND x.erased_at IS NULL AND x.updated_at < $4"
        "                        FOR NO KEY UPDATE SKIP LOCKED) AS n ON true ORDER BY c.id");
    static constinit Statement has_bookings(
        "SELECT 1 FROM booking.bookings AS b"
        " WHERE b.organization_id = $1 AND b.customer_id = $2 AND b.erased_at IS NULL LIMIT 1");
    const Rows rows = write_page(lock, page);
    Outcome outcome;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        const core::Uuid customer = rows.uuid(row, 1);
        if (!rows.is_null(row, 2) && has_bookings.write({page.organization, customer}).empty()) {
            outcome.changed += erase_customer_row(page.organization, customer, page.clock);
            report_erasure(page.organization, customer, uuid_array(std::vector<core::Uuid>()),
                           uuid_array(std::vector<core::Uuid>()), page.clock);
        }
    }
    if (rows.count() == static_cast<std::uint64_t>(page.most)) {
        outcome.next = rows.uuid(rows.count() - 1, 1);
    }
    return outcome;
}

struct Subject {
    std::string_view name;
    int column; // of the organization's days, in the order of set_retention
    Outcome (*apply)(const Page&);
};

constexpr Subject subjects[] = {
    {"inbox", 1, erase_inbox_page},       {"deliveries", 2, delete_attempts_page}, {"holds", 3, erase_holds_page},
    {"bookings", 4, erase_bookings_page}, {"customers", 4, erase_customers_page},
};

const Subject& subject_named(std::string_view name) {
    const auto* const found = std::find_if(std::begin(subjects), std::end(subjects),
                                           [&](const Subject& subject) { return subject.name == name; });
    if (found == std::end(subjects)) {
        throw Refusal(RefusalKind::invalid_retention, "nothing is kept under the name " + core::quoted(name), {},
                      "It is inbox, deliveries, holds, bookings or customers.", "subject");
    }
    return *found;
}

std::optional<std::int32_t> days_of(std::int32_t organization, int column) {
    static constinit Statement statement(
        "SELECT o.keep_inbox_days, o.keep_delivery_days, o.keep_hold_days, o.keep_booking_days"
        "  FROM booking.organizations AS o WHERE o.organization_id = $1");
    check_organization(organization);
    const Rows rows = statement.write({organization});
    return rows.is_null(0, column) ? std::nullopt : std::optional(rows.int4(0, column));
}

Datum apply_retention_body(Call& call) {
    const std::int32_t organization = int4_argument(call, 0, "organization_id");
    const Subject& subject = subject_named(text_argument(call, 1, "subject"));
    const core::Uuid after = optional_uuid(call, 2).value_or(core::Uuid{});
    const std::int32_t most = int4_argument(call, 3, "most");
    require_trusted(call, "apply retention", "pg_cron calls booking.retention_job(); others need booking_service.");
    if (most < 1 || most > most_rows) {
        throw Refusal(RefusalKind::invalid_retention,
                      "most must be between 1 and " + std::to_string(most_rows) + ", got " + std::to_string(most), {},
                      {}, "most");
    }
    Outcome outcome;
    if (const auto days = days_of(organization, subject.column); days.has_value()) {
        const TimestampTz clock = settings::now();
        const TimestampTz before = clock - *days * USECS_PER_DAY;
        outcome = subject.apply({organization, after, core::first_id_at(milliseconds_of(before)), before, most, clock});
    }
    return record_result(call, {static_cast<std::int32_t>(outcome.changed),
                                outcome.next.has_value() ? Value(*outcome.next) : Value::null(UUIDOID)});
}

Value days_argument(const Call& call, int i, const char* name) {
    const auto days = optional_int4(call, i);
    if (days.has_value() && (*days < 1 || *days > most_days)) {
        throw Refusal(RefusalKind::invalid_retention,
                      std::string(name) + " must be between 1 and 3650, got " + std::to_string(*days), {}, {}, name);
    }
    return days.has_value() ? Value(*days) : Value::null(INT4OID);
}

Datum set_retention_body(Call& call) {
    const std::int32_t organization = int4_argument(call, 0, "organization_id");
    require_owner(call, organization, "say how long personal data is kept");
    check_organization(organization);
    static constinit Statement statement(
        "UPDATE booking.organizations AS o"
        "   SET keep_inbox_days = $2, keep_delivery_days = $3, keep_hold_days = $4, keep_booking_days = $5"
        " WHERE o.organization_id = $1");
    statement.write({organization, days_argument(call, 1, "inbox_days"), days_argument(call, 2, "delivery_days"),
                     days_argument(call, 3, "hold_days"), days_argument(call, 4, "booking_days")});
    return null_result(call);
}

} // namespace

PGBK_WRITER(apply_retention, apply_retention_body);
PGBK_WRITER(set_retention, set_retention_body);

} // namespace pgbk
