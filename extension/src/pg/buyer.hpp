// What every sale needs besides its seats: the row of the customer, and a number to read out.
#pragma once

#include "core/identifier.hpp"
#include "pg/guard.hpp"

namespace pgbk {

struct Contact {
    std::optional<std::string_view> name;
    std::optional<std::string_view> phone;
    bool is_vouched_for = false; // by a trusted caller: it may complete what is known of a customer
};

// The customer of the organization with this e-mail address, made if there is none. A visitor may type anybody's
// e-mail, and so changes nothing of a row that is there; a trusted caller may fill in what is missing.
core::Uuid customer_of(std::int32_t organization, std::string_view email, const Contact& contact);

// Calls for one address wait for each other until the transaction ends, so that two at once cannot both find that
// there is room for one more. Upper and lower case are the same.
void lock_email(std::int32_t organization, std::string_view email);

std::string unused_booking_number(std::int32_t organization);

} // namespace pgbk
