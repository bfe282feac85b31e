#include "core/transitions.hpp"

#include <algorithm>
#include <array>

namespace pgbk::core {

namespace {

using S = StatusColumn;

constexpr std::array table{
    Transition{S::reservation_status, "", "pending", "reserve_slot takes the seats"},
    Transition{S::reservation_status, "", "confirmed", "a session of a package was scheduled"},
    Transition{S::reservation_status, "pending", "confirmed", "confirm_reservation, in time or before the release"},
    Transition{S::reservation_status, "pending", "expired",
               "release_expired_reservations, or a rival in need of the seats"},
    Transition{S::reservation_status, "pending", "cancelled", "cancel_reservation gives the seats back"},
    Transition{S::reservation_status, "expired", "confirmed", "late payment, and there was still room"},
    Transition{S::reservation_status, "confirmed", "cancelled", "the booking was cancelled"},

    Transition{S::booking_status, "", "pending", "created, waiting for payment"},
    Transition{S::booking_status, "", "paid", "created free of charge, to be scheduled"},
    Transition{S::booking_status, "", "confirmed", "made from a reservation"},
    Transition{S::booking_status, "", "scheduled", "a further session of a package"},
    Transition{S::booking_status, "pending", "paid", "payment succeeded"},
    Transition{S::booking_status, "pending", "cancelled", "cancelled, or never paid"},
    Transition{S::booking_status, "paid", "scheduled", "a time was chosen"},
    Transition{S::booking_status, "paid", "confirmed", "a session was assigned"},
    Transition{S::booking_status, "paid", "cancelled", "cancelled or refunded"},
    Transition{S::booking_status, "scheduled", "paid", "the provider rejected the time; another may be chosen"},
    Transition{S::booking_status, "scheduled", "confirmed", "the provider confirmed"},
    Transition{S::booking_status, "scheduled", "checked_in", "the party has arrived"},
    Transition{S::booking_status, "scheduled", "no_show", "nobody came"},
    Transition{S::booking_status, "scheduled", "cancelled", "cancelled or refunded"},
    Transition{S::booking_status, "confirmed", "checked_in", "the party has arrived"},
    Transition{S::booking_status, "confirmed", "no_show", "nobody came"},
    Transition{S::booking_status, "confirmed", "cancelled", "cancelled or refunded"},
    Transition{S::booking_status, "cancelled", "pending",
               "its calendar has called it off, and has another appointment"},
    Transition{S::booking_status, "cancelled", "paid", "its calendar has called it off, and asks for another time"},
    Transition{S::booking_status, "cancelled", "scheduled",
               "its calendar has called it off, and has another appointment"},
    Transition{S::booking_status, "checked_in", "checked_out", "the party has left"},
    Transition{S::booking_status, "checked_in", "confirmed", "check-in undone"},
    Transition{S::booking_status, "checked_out", "checked_in", "check-out undone"},
    Transition{S::booking_status, "no_show", "confirmed", "no-show undone"},
    Transition{S::booking_status, "no_show", "checked_in", "the party came late"},

    Transition{S::payment_status, "", "not_required", "the price is zero"},
    Transition{S::payment_status, "", "pending", "a payment is awaited"},
    Transition{S::payment_status, "", "paid", "confirmed by a trusted caller after payment"},
    Transition{S::payment_status, "pending", "paid", "payment succeeded"},
    Transition{S::payment_status, "pending", "failed", "payment failed"},
    Transition{S::payment_status, "pending", "partially_refunded", "a refund was heard of before the payment"},
    Transition{S::payment_status, "pending", "refunded", "the refund was heard of before the payment"},
    Transition{S::payment_status, "failed", "paid", "a later attempt succeeded"},
    Transition{S::payment_status, "failed", "partially_refunded", "a refund was heard of before the payment"},
    Transition{S::payment_status, "failed", "refunded", "the refund was heard of before the payment"},
    Transition{S::payment_status, "paid", "partially_refunded", "part of the money went back"},
    Transition{S::payment_status, "paid", "refunded", "all money went back"},
    Transition{S::payment_status, "partially_refunded", "refunded", "the rest went back"},
    Transition{S::payment_status, "partially_refunded", "paid", "the refund came back, or more was paid"},
    Transition{S::payment_status, "refunded", "paid", "the refund came back"},
    Transition{S::payment_status, "refunded", "partially_refunded", "part of the refund came back, or more was paid"},
    Transition{S::payment_status, "not_required", "pending", "the booking got a price by a change"},
    Transition{S::payment_status, "pending", "not_required", "a change has taken the price away"},

    Transition{S::refund_status, "", "none", "nothing to refund"},
    Transition{S::refund_status, "none", "due", "cancelled after payment"},
    Transition{S::refund_status, "none", "pending", "the provider was asked without us"},
    Transition{S::refund_status, "none", "failed", "the provider was asked without us, and refused"},
    Transition{S::refund_status, "due", "none",
               "a booking that was called off has another appointment, or the price rose again"},
    Transition{S::refund_status, "due", "pending", "the provider was asked"},
    Transition{S::refund_status, "due", "failed", "the provider was asked, and refused"},
    Transition{S::refund_status, "due", "done", "refunded at once"},
    Transition{S::refund_status, "none", "done", "the provider refunded on its own"},
    Transition{S::refund_status, "pending", "done", "the provider refunded"},
    Transition{S::refund_status, "pending", "failed", "the provider refused"},
    Transition{S::refund_status, "pending", "due", "the provider has refunded a part"},
    Transition{S::refund_status, "failed", "pending", "asked again"},
    Transition{S::refund_status, "failed", "due", "more has arrived than was refused"},
    Transition{S::refund_status, "failed", "done", "refunded by other means"},
    Transition{S::refund_status, "done", "pending", "a further refund is under way"},
    Transition{S::refund_status, "done", "failed", "the money came back, or a further refund was refused"},
    Transition{S::refund_status, "done", "due", "a further part is to be refunded"},

    Transition{S::waitlist_status, "", "waiting", "join_waitlist, where seats are too few"},
    Transition{S::waitlist_status, "waiting", "offered", "seats came back and are held for it"},
    Transition{S::waitlist_status, "waiting", "left", "leave_waitlist"},
    Transition{S::waitlist_status, "waiting", "closed", "the session was closed, or has begun"},
    Transition{S::waitlist_status, "offered", "taken", "the hold was confirmed"},
    Transition{S::waitlist_status, "offered", "left", "the hold was cancelled, or leave_waitlist"},
    Transition{S::waitlist_status, "offered", "expired", "the hold ran out"},
    Transition{S::waitlist_status, "expired", "taken", "late payment, and there was still room"},
};

} // namespace

std::span<const Transition> transitions() {
    return table;
}

bool may_become(StatusColumn column, std::string_view from, std::string_view to) {
    return from == to || std::any_of(table.begin(), table.end(), [&](const Transition& t) {
               return t.column == column && t.from == from && t.to == to;
           });
}

std::string_view column_name(StatusColumn column) {
    switch (column) {
    case StatusColumn::reservation_status:
    case StatusColumn::booking_status:
    case StatusColumn::waitlist_status:
        return "status";
    case StatusColumn::payment_status:
        return "payment_status";
    case StatusColumn::refund_status:
        return "refund_status";
    }
    return "status";
}

} // namespace pgbk::core
