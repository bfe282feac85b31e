// Personal data out of rows that are known and locked; money, times and counts stay. What is told by each column stands
// in core/personal_data.
#pragma once

#include "core/personal_data.hpp"
#include "pg/array.hpp"
#include "pg/statement.hpp"

namespace pgbk {

// A placeholder for an address, of the row's own id: nobody can tell any more which rows were of one visitor.
#define PGBK_ERASED_ADDRESS_SQL(id) "('erased-' || " id " || '@erased.invalid')"

// While it lives, the record of changes lets go of the names of those who are erased.
class ErasureScope {
public:
    ErasureScope() { ++depth_; }
    ~ErasureScope() { --depth_; }
    ErasureScope(const ErasureScope&) = delete;
    ErasureScope& operator=(const ErasureScope&) = delete;

    static bool is_open() { return depth_ > 0; }

private:
    static inline int depth_ = 0;
};

// ids: uuid[]. All return how many rows had something to lose; again, none has.
std::int64_t erase_reservations(std::int32_t organization, const Value& ids);
// With their units, and with the names of their customers in the record of changes: before the customers.
std::int64_t erase_bookings(std::int32_t organization, const Value& ids, TimestampTz clock);
std::int64_t erase_customer_row(std::int32_t organization, const core::Uuid& customer, TimestampTz clock);

// What was received and sent about them. bookings, reservations: uuid[]; pattern: core::mention_pattern.
std::int64_t erase_messages(std::int32_t organization, const Value& bookings, const Value& reservations,
                            std::string_view pattern);

// Wherever words of others mention the person.
std::int64_t erase_mentions(std::int32_t organization, std::string_view pattern, TimestampTz clock);

// customer.erased, with ids only, so that whoever keeps a copy can erase it, too.
void report_erasure(std::int32_t organization, const core::Uuid& subject, const Value& bookings,
                    const Value& reservations, TimestampTz clock);

} // namespace pgbk
