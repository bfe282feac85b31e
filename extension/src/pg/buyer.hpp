// What every sale needs besides its seats: the row of the customer, and a number to read out.
#pragma once

#include "core/identifier.hpp"
#include "pg/guard.hpp"

namespace pgbk {

struct Contact {
    std::optional<std::string_view> name;
    std::optional<std::string_view> phone;
};

// The customer of the organization with this e-mail address, made if there is none. What the row already says is not
// overwritten: a visitor may type anybody's e-mail.
core::Uuid customer_of(std::int32_t organization, std::string_view email, const Contact& contact);

std::string unused_booking_number(std::int32_t organization);

} // namespace pgbk
