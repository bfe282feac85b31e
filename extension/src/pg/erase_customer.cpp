// erase_customer: a person is forgotten, and what was sold stays sold. By the id of a customer, or by an address, for
// visitors who have reserved and never booked.
//
// Lock order, as everywhere: payments, reservations by id, the customer, bookings by id, sessions. One erasure of an
// organization at a time, since the words of others are searched in no order.
#include "core/validation.hpp"
#include "pg/access.hpp"
#include "pg/advisory_lock.hpp"
#include "pg/buyer.hpp"
#include "pg/capacity.hpp"
#include "pg/erasure.hpp"
#include "pg/identity.hpp"
#include "pg/payment_ledger.hpp"
#include "pg/reservation.hpp"
#include "pg/settings.hpp"
#include "pg/webhook_endpoint.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

using Texts = std::vector<std::string_view>;
using Ids = std::vector<core::Uuid>;

struct Person {
    std::int32_t organization;
    std::optional<core::Uuid> customer; // a row of customers
    Texts emails;                       // lower case, in order
    core::Identifiers known;            // by which others may mention them
};

struct Locked {
    std::vector<Reservation> holds; // that are pending
    Ids reservations;
    Ids bookings;
};

struct Erased {
    std::int64_t bookings = 0;
    std::int64_t reservations = 0;
    std::int64_t released = 0;
    std::int64_t mentions = 0;
};

Texts texts_in(const Rows& rows) {
    Texts texts;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        texts.push_back(rows.bytes(row, 1));
    }
    return texts;
}

Ids ids_in(const Rows& rows) {
    Ids ids;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        ids.push_back(rows.uuid(row, 1));
    }
    return ids;
}

Value customer_value(const Person& person) {
    return person.customer.has_value() ? Value(*person.customer) : Value::null(UUIDOID);
}

// The present address, those of earlier bookings, and the one that was asked for; none that is another customer's.
Texts emails_of(const Person& person, std::optional<std::string_view> asked) {
    static constinit Statement statement(
        "SELECT DISTINCT x.email FROM ("
        "    SELECT lower(c.email) FROM booking.customers AS c WHERE c.organization_id = $1 AND c.id = $2"
        "     UNION ALL "
        "    SELECT lower(b.customer_email) FROM booking.bookings AS b"
        "     WHERE b.organization_id = $1 AND b.customer_id = $2"
        "     UNION ALL SELECT lower($3)) AS x (email)"
        " WHERE x.email NOT LIKE 'erased-%@erased.invalid'"
        "   AND NOT EXISTS (SELECT 1 FROM booking.customers AS o WHERE o.organization_id = $1"
        "                      AND lower(o.email) = x.email AND o.id IS DISTINCT FROM $2)"
        " ORDER BY x.email");
    return texts_in(statement.write({person.organization, customer_value(person), text_or_null(asked)}));
}

// column: 1 name, 2 phone.
Texts known_by(const Person& person, std::int32_t column) {
    static constinit Statement statement(
        "SELECT DISTINCT CASE $4 WHEN 1 THEN x.name ELSE x.phone END FROM ("
        "    SELECT c.name, c.phone FROM booking.customers AS c WHERE c.organization_id = $1 AND c.id = $2"
        "     UNION ALL "
        "    SELECT b.customer_name, b.customer_phone FROM booking.bookings AS b"
        "     WHERE b.organization_id = $1 AND (b.customer_id = $2 OR lower(b.customer_email) = ANY ($3))) AS x"
        " WHERE CASE $4 WHEN 1 THEN x.name ELSE x.phone END IS NOT NULL LIMIT 50");
    return texts_in(statement.write({person.organization, customer_value(person), text_array(person.emails), column}));
}

void learn(Person& person, std::optional<std::string_view> asked) {
    static constinit Statement user("SELECT c.user_id FROM booking.customers AS c"
                                    " WHERE c.organization_id = $1 AND c.id = $2 AND c.user_id IS NOT NULL");
    person.emails = emails_of(person, asked);
    person.known = {person.emails, known_by(person, 1), known_by(person, 2),
                    texts_in(user.write({person.organization, customer_value(person)}))};
}

std::vector<Payment> payments_of_person(const Person& person) {
    static constinit Statement statement(
        "SELECT p.provider, p.provider_ref FROM booking.payments AS p"
        " WHERE p.organization_id = $1"
        "   AND (p.booking_id IN (SELECT b.id FROM booking.bookings AS b WHERE b.organization_id = $1"
        "                            AND (b.customer_id = $2 OR lower(b.customer_email) = ANY ($3)))"
        "        OR p.reservation_id IN (SELECT r.id FROM booking.slot_reservations AS r"
        "                                 WHERE r.organization_id = $1 AND lower(r.customer_email) = ANY ($3)))"
        " ORDER BY p.provider, p.provider_ref");
    const Rows rows = statement.write({person.organization, customer_value(person), text_array(person.emails)});
    std::vector<Payment> payments;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        Payment payment{};
        payment.organization = person.organization;
        payment.provider = rows.bytes(row, 1);
        payment.ref = rows.bytes(row, 2);
        payments.push_back(payment);
    }
    return payments;
}

// All holds under these addresses, and those of the person's bookings.
void lock_reservations(const Person& person, Locked& locked) {
    static constinit Statement statement(
        "SELECT r.id, r.status FROM booking.slot_reservations AS r"
        " WHERE r.organization_id = $1"
        "   AND (lower(r.customer_email) = ANY ($3)"
        "        OR r.id IN (SELECT b.reservation_id FROM booking.bookings AS b"
        "                     WHERE b.organization_id = $1 AND b.reservation_id IS NOT NULL"
        "                       AND (b.customer_id = $2 OR lower(b.customer_email) = ANY ($3))))"
        " ORDER BY r.id FOR NO KEY UPDATE OF r");
    const Rows rows = statement.write({person.organization, customer_value(person), text_array(person.emails)});
    locked.reservations = ids_in(rows);
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        if (rows.bytes(row, 2) == "pending") {
            locked.holds.push_back(*lock_hold(person.organization, rows.uuid(row, 1)));
        }
    }
}

#define PGBK_BOOKINGS_OF_PERSON_SQL                                                                                    \
    "b.organization_id = $1 AND (b.customer_id = $2 OR lower(b.customer_email) = ANY ($3)"                             \
    "                            OR b.reservation_id = ANY ($4))"

// Whoever confirms a hold or buys a package holds the lock of the customer until the booking is there, so that it is
// seen here, or has to wait and makes another customer.
void lock_customer_and_bookings(const Person& person, Locked& locked) {
    static constinit Statement customer("SELECT 1 FROM booking.customers AS c"
                                        " WHERE c.organization_id = $1 AND c.id = $2 FOR NO KEY UPDATE");
    static constinit Statement bookings("SELECT b.id FROM booking.bookings AS b WHERE " PGBK_BOOKINGS_OF_PERSON_SQL
                                        " ORDER BY b.id FOR NO KEY UPDATE");
    static constinit Statement others("(SELECT 1 FROM booking.bookings AS b WHERE " PGBK_BOOKINGS_OF_PERSON_SQL
                                      " AND b.id <> ALL ($5) LIMIT 1)"
                                      " UNION ALL "
                                      "(SELECT 1 FROM booking.customers AS c WHERE c.organization_id = $1"
                                      "    AND lower(c.email) = ANY ($3) AND c.id IS DISTINCT FROM $2 LIMIT 1)");
    const Value id = customer_value(person);
    const Value emails = text_array(person.emails);
    const Value reservations = uuid_array(locked.reservations);
    customer.write({person.organization, id});
    locked.bookings = ids_in(bookings.write({person.organization, id, emails, reservations}));
    // What has been committed since our snapshot was taken, at any isolation level.
    Snapshot const latest = server([] { return RegisterSnapshot(GetLatestSnapshot()); });
    const bool is_rival =
        !others.write_at(latest, {person.organization, id, emails, reservations, uuid_array(locked.bookings)}).empty();
    server([&] { UnregisterSnapshot(latest); });
    if (is_rival) {
        throw Refusal(RefusalKind::retry, "the customer has just booked", {}, "Roll back and try again.");
    }
}

void append_count(std::string& text, std::int64_t count, const char* one, const char* many) {
    if (count > 0) {
        text += text.empty() ? "" : ", ";
        text += std::to_string(count) + " " + (count == 1 ? one : many);
    }
}

// What needs the person still. A package that has sessions left is one that is to come, and so is what waits for its
// money, which counts however late it comes.
void check_is_over(const Person& person, const Locked& locked, std::string_view pattern, TimestampTz clock) {
    static constinit Statement statement(
        "WITH mine AS MATERIALIZED ("
        "    SELECT p.id, p.status, p.decision FROM booking.payments AS p"
        "     WHERE p.organization_id = $1 AND (p.booking_id = ANY ($2) OR p.reservation_id = ANY ($3)))"
        " SELECT (SELECT count(*) FROM booking.bookings AS b"
        "          WHERE b.organization_id = $1 AND b.id = ANY ($2)"
        "            AND (b.status = 'pending'"
        "                 OR b.status IN ('paid', 'scheduled', 'confirmed', 'checked_in')"
        "                    AND GREATEST(b.scheduled_end, b.scheduled_start,"
        "                                 CASE WHEN b.scheduled_start IS NULL OR b.sessions_included > 1 +"
        "                                           (SELECT count(*) FROM booking.bookings AS f"
        "                                             WHERE f.organization_id = $1 AND f.package_booking_id = b.id"
        "                                               AND f.status <> 'cancelled')"
        "                                      THEN COALESCE(b.expires_at, 'infinity') END) > $5)),"
        "        (SELECT count(*) FROM booking.bookings AS b"
        "          WHERE b.organization_id = $1 AND b.id = ANY ($2) AND b.refund_status IN ('due', 'pending'))"
        "        + (SELECT count(*) FROM booking.refunds AS f JOIN mine AS m ON m.id = f.payment_id"
        "             JOIN booking.payments AS p ON p.organization_id = $1 AND p.id = m.id"
        "            WHERE f.organization_id = $1 AND f.status IN ('due', 'pending') AND p.booking_id IS NULL),"
        "        (SELECT count(*) FROM mine AS m WHERE m.status = 'conflict' AND m.decision IS NULL),"
        "        (SELECT count(*) FROM booking.payment_events AS e"
        "          WHERE e.organization_id = $1 AND e.next_attempt_at IS NOT NULL"
        "            AND (e.booking_id = ANY ($2) OR e.payment_id IN (SELECT m.id FROM mine AS m)"
        "                 OR encode(e.body, 'escape') ~* $4))");
    const Rows rows =
        statement.write({person.organization, uuid_array(locked.bookings), uuid_array(locked.reservations),
                         pattern.empty() ? Value::null(TEXTOID) : Value(pattern), Value::timestamp(clock)});
    std::string open;
    append_count(open, rows.int8(0, 1), "booking is still to come", "bookings are still to come");
    append_count(open, rows.int8(0, 2), "refund is under way", "refunds are under way");
    append_count(open, rows.int8(0, 3), "payment is to be decided about", "payments are to be decided about");
    append_count(open, rows.int8(0, 4), "received event is still to be applied",
                 "received events are still to be applied");
    if (!open.empty()) {
        throw Refusal(RefusalKind::still_a_customer, "the customer cannot be erased yet: " + open,
                      "Live holds would be let go; these are not.",
                      "Cancel what is to come (cancel_booking), see refunds through, decide about payments "
                      "(resolve_payment), and erase then.");
    }
}

// In the order of the sessions, as everybody gives.
void give_seats_back(std::vector<Reservation>& holds) {
    std::sort(holds.begin(), holds.end(),
              [](const Reservation& a, const Reservation& b) { return a.session < b.session; });
    for (const Reservation& hold : holds) {
        capacity::give({hold.organization, hold.session, hold.party_size, hold.counted_unpaid});
    }
}

Erased erase(Person& person, std::optional<std::string_view> asked) {
    lock_until_transaction_ends(LockOf::erasure, std::to_string(person.organization));
    learn(person, asked);
    const std::string pattern = core::mention_pattern(person.known);
    const TimestampTz clock = settings::now();
    for (const std::string_view email : person.emails) {
        lock_email(person.organization, email);
    }
    lock_payments(payments_of_person(person));
    Locked locked;
    lock_reservations(person, locked);
    lock_customer_and_bookings(person, locked);
    check_is_over(person, locked, pattern, clock);

    Erased erased;
    erased.released = static_cast<std::int64_t>(locked.holds.size());
    for (const Reservation& hold : locked.holds) {
        settle(hold, "cancelled", clock);
    }
    const Value bookings = uuid_array(locked.bookings);
    const Value reservations = uuid_array(locked.reservations);
    erased.reservations = erase_reservations(person.organization, reservations);
    erased.bookings = erase_bookings(person.organization, bookings, clock);
    const std::int64_t customers =
        person.customer.has_value() ? erase_customer_row(person.organization, *person.customer, clock) : 0;
    give_seats_back(locked.holds);
    erased.mentions = erase_messages(person.organization, bookings, reservations, pattern) +
                      erase_mentions(person.organization, pattern, clock);
    if (erased.bookings + erased.reservations + erased.mentions + customers > 0) {
        report_erasure(person.organization, person.customer.value_or(new_id(person.organization)), bookings,
                       reservations, clock);
    }
    return erased;
}

Datum erasure_result(const Call& call, const Person& person, const Erased& erased) {
    const auto count = [](std::int64_t value) { return Value(static_cast<std::int32_t>(value)); };
    return record_result(call, {customer_value(person), count(erased.bookings), count(erased.reservations),
                                count(erased.released), count(erased.mentions)});
}

constexpr const char* action = "erase a customer";

Datum erase_customer_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "customer_id");
    const auto organization = core::organization_of(id);
    require_owner(call, organization.value_or(0), action);
    static constinit Statement statement(
        "SELECT 1 FROM booking.customers AS c WHERE c.organization_id = $1 AND c.id = $2");
    if (!organization.has_value() || statement.write({*organization, id}).empty()) {
        throw Refusal(RefusalKind::customer_not_found, "no customer has the id " + uuid_text(id), {},
                      "Who has never booked is erased by organization and address.", "customer_id");
    }
    Person person{*organization, id, {}, {}};
    return erasure_result(call, person, erase(person, std::nullopt));
}

Datum erase_customer_by_email_body(Call& call) {
    const std::int32_t organization = int4_argument(call, 0, "organization_id");
    const std::string_view email = text_argument(call, 1, "email");
    require_owner(call, organization, action);
    core::check_email(email);
    check_organization(organization);
    static constinit Statement statement("SELECT c.id FROM booking.customers AS c"
                                         " WHERE c.organization_id = $1 AND lower(c.email) = lower($2)");
    const Rows rows = statement.write({organization, email});
    Person person{organization, rows.empty() ? std::nullopt : std::optional(rows.uuid(0, 1)), {}, {}};
    return erasure_result(call, person, erase(person, email));
}

Datum personal_data_body(Call& call) {
    ResultSet result(call);
    for (const core::PersonalColumn& column : core::personal_columns()) {
        result.add({column.table, column.column, core::treatment_name(column.treatment), column.why});
    }
    return null_result(call);
}

} // namespace

PGBK_WRITER(erase_customer, erase_customer_body);
PGBK_WRITER(erase_customer_by_email, erase_customer_by_email_body);
PGBK_FUNCTION(personal_data, personal_data_body);

} // namespace pgbk
