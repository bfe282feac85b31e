// The units of a booking, one a seat: who has arrived, who has left, who did not come; and where that leaves the
// booking.
#pragma once

#include <cstdint>
#include <string_view>

namespace pgbk::core {

enum class UnitAction : std::uint8_t { check_in, check_out, mark_no_show, undo_check_in, undo_check_out, undo_no_show };

// What an action makes of a unit: it changes, is so already, or cannot.
enum class UnitOutcome : std::uint8_t { changed, already, impossible };

struct UnitStep {
    UnitOutcome outcome;
    std::string_view status; // booked, checked_in, checked_out or no_show, afterwards
};

UnitStep unit_after(UnitAction action, std::string_view status);

struct UnitCounts {
    std::int32_t booked; // neither here nor known to be absent
    std::int32_t checked_in;
    std::int32_t checked_out;
    std::int32_t no_show;
};

// The status of a booking whose units stand so; before is what it had. Where nobody has come and not all are known to
// be absent it is as before the arrival: confirmed, or scheduled if it has not left that.
std::string_view booking_status_of(const UnitCounts& units, std::string_view before);

} // namespace pgbk::core
