// confirm_reservation: a hold becomes a booking, also late if there is still room. Idempotent.
#include "core/validation.hpp"
#include "pg/access.hpp"
#include "pg/actor.hpp"
#include "pg/booking_account.hpp"
#include "pg/confirmation.hpp"

namespace pgbk {

namespace {

Datum confirm_reservation_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "reservation_id");
    const auto token = optional_text(call, 1);
    Contact contact{optional_text(call, 2), optional_text(call, 3)};
    if (contact.name.has_value()) {
        core::check_customer_name(*contact.name);
    }
    if (contact.phone.has_value()) {
        core::check_customer_phone(*contact.phone);
    }
    // Payments are locked before reservations, everywhere.
    const auto payments = unclaimed_payments(core::organization_of(id).value_or(0), id);
    lock_payments(payments);
    const Reservation reservation = lock_reservation(call, id, token, "confirm a reservation without its hold token");
    const bool may_confirm_paid = !token.has_value() || is_trusted(call);
    contact.is_vouched_for = may_confirm_paid;
    std::optional<ActorScope> visitor;
    if (!may_confirm_paid) {
        visitor.emplace(ActorKind::visitor, "token");
    }
    const ConfirmedBooking booking = confirm_hold(reservation, contact, may_confirm_paid);
    claim_payments(reservation.organization, reservation.id, booking.id, payments.size());
    return record_result(call, {booking.id, booking.number, booking.status, booking.payment_status});
}

} // namespace

PGBK_WRITER(confirm_reservation, confirm_reservation_body);

} // namespace pgbk
