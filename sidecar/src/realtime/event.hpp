// What is told to browsers: something that happened, or how many seats are left. Made once, shared by all who are sent
// it.
#pragma once

#include <boost/json/object.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pgbk::relay {

// What of an event somebody may see; each sees what those before it see, and more.
enum class View : std::uint8_t {
    everybody, // public facts
    customer,  // the customer concerned
    member,    // people of the organization, and trusted servers
};
inline constexpr std::size_t number_of_views = 3;

struct Event {
    // The place among all events of the database: no two have the same, and later ones have greater ones. 0 for state
    // that is not history, as how many seats are left: who has missed it is told the state of the moment instead.
    std::int64_t seq = 0;
    int organization = 0;
    std::string id;          // of the event; empty for state
    std::string kind;        // "booking.created"; "session.availability" for state
    std::string occurred_at; // ISO 8601, UTC, milliseconds
    std::string customer;    // the user (JWT sub) whom it concerns; empty: none
    std::string booking;     // the booking that it concerns; empty: none
    std::vector<std::string> rooms;
    // What each view is shown; none: nothing. Members: id, seq, event_type, description, occurred_at, organization_id,
    // venue_id, activity_id, session_id, booking_id, subject_id, facts, and row: the subject's row as it is now, with
    // the columns that the view may see.
    std::array<std::optional<boost::json::object>, number_of_views> bodies;

    const boost::json::object* body(View view) const {
        const auto& chosen = bodies[static_cast<std::size_t>(view)];
        return chosen ? &*chosen : nullptr;
    }
};

using SharedEvent = std::shared_ptr<const Event>;

} // namespace pgbk::relay
