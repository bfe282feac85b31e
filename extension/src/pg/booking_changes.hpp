// What may become of a booking that was made, for the functions with arguments and for those with a jsonb request. All
// are idempotent: what is so already changes nothing, whatever version is expected.
#pragma once

#include "core/cancellation.hpp"
#include "core/unit_items.hpp"
#include "pg/live_booking.hpp"

namespace pgbk {

// Which booking, in which version, and by whose right if not the caller's own.
struct BookingCaller {
    core::Uuid booking;
    std::optional<std::int64_t> expected_version;
    std::optional<std::string_view> token;
};

LiveBooking cancel_booking(const Call& call, const BookingCaller& caller, const core::CancellationWish& wish,
                           std::optional<std::string_view> reason);
LiveBooking reschedule_booking(const Call& call, const BookingCaller& caller, const core::Uuid& to);
// Of an appointment that we make at a calendar: asked for there, and so as soon as it agrees.
LiveBooking reschedule_appointment(const Call& call, const BookingCaller& caller, TimestampTz start, TimestampTz end);
LiveBooking change_units(const Call& call, const BookingCaller& caller, const std::vector<core::UnitItem>& items,
                         const core::CancellationWish& wish);
LiveBooking change_party_size(const Call& call, const BookingCaller& caller, std::int32_t party_size,
                              const core::CancellationWish& wish);

} // namespace pgbk
