#include "pg/buyer.hpp"

#include "core/refusal.hpp"
#include "pg/advisory_lock.hpp"
#include "pg/digest.hpp"
#include "pg/identity.hpp"
#include "pg/statement.hpp"

namespace pgbk {

core::Uuid customer_of(std::int32_t organization, std::string_view email, const Contact& contact) {
    static constinit Statement insert(
        "INSERT INTO booking.customers AS c (organization_id, id, email, name, phone) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (organization_id, lower(email)) DO UPDATE"
        "    SET name = COALESCE(c.name, EXCLUDED.name), phone = COALESCE(c.phone, EXCLUDED.phone)"
        "  WHERE $6 AND (c.name IS NULL AND EXCLUDED.name IS NOT NULL OR c.phone IS NULL AND EXCLUDED.phone IS NOT "
        "NULL)");
    insert.write({organization, new_id(organization), email, text_or_null(contact.name), text_or_null(contact.phone),
                  contact.is_vouched_for});
    static constinit Statement find("SELECT c.id FROM booking.customers AS c"
                                    " WHERE c.organization_id = $1 AND lower(c.email) = lower($2)");
    const Rows rows = find.write({organization, email});
    if (rows.empty()) {
        throw core::Refusal(core::RefusalKind::retry, "the customer has just changed", {}, "Try again.");
    }
    return rows.uuid(0, 1);
}

void lock_email(std::int32_t organization, std::string_view email) {
    std::string key = std::to_string(organization) + " " + std::string(email);
    std::transform(key.begin(), key.end(), key.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
    lock_until_transaction_ends(LockOf::email, key);
}

std::string unused_booking_number(std::int32_t organization) {
    static constinit Statement taken("SELECT 1 FROM booking.bookings AS b"
                                     " WHERE b.organization_id = $1 AND b.booking_number = $2");
    for (;;) {
        const auto number = core::booking_number(random_bytes());
        if (number.has_value() && taken.write({organization, std::string_view(*number)}).empty()) {
            return *number;
        }
    }
}

} // namespace pgbk
