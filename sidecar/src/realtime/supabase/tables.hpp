// What happens in the database, told as changes of the tables and columns that applications subscribe to. One table
// says it all; docs/supabase.md is that table in words. Pure.
#pragma once

#include "realtime/event.hpp"
#include "realtime/supabase/filter.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace pgbk::relay::supabase {

enum class Change : std::uint8_t { insertion, update, deletion };

std::string_view change_name(Change change); // "INSERT"

// Which room the values of a column name.
enum class RoomOf : std::uint8_t { nothing, activity, venue, session, booking, customer, organization };

struct Column {
    std::string_view name;
    std::string_view type; // PostgreSQL's name of it
    // Where its value is: in the row, if the event has the row that has changed, or else in the body of the event. The
    // user whom the event concerns has a word of its own, since no body names it.
    std::string_view in_row;
    std::string_view in_body = {};
    RoomOf room = RoomOf::nothing;
};

inline constexpr std::string_view concerned_user = "the user"; // instead of a member's name

enum class Access : std::uint8_t {
    anybody,  // the catalogue: what is public is told in the room "public"
    involved, // what concerns customers: theirs, and of the organization
    mixed,    // events of both kinds
};

struct Table {
    std::string_view name;
    std::string_view other_name; // in the words of older applications; empty: none
    Access access;
    std::span<const Column> columns;

    bool is_called(std::string_view asked) const {
        return asked == name || (!other_name.empty() && asked == other_name);
    }
    const Column* find_column(std::string_view column) const;
};

std::span<const Table> tables();
const Table* find_table(std::string_view name);

Comparison comparison_of(std::string_view type);

// An event as the change of a row.
struct RowChange {
    const Table* table = nullptr;
    Change change = Change::update;
    // How many seats are left of a session, told as an update of its bookings to those who may not see these. Nothing
    // in it is of any booking.
    bool of_seats = false;
};

// Of all events of the kind: an event of a booking is an insertion into booking_events, and a change of bookings.
std::vector<RowChange> changes_of(std::string_view kind);

struct Record {
    boost::json::array columns;  // {"name", "type"} of those that are there
    boost::json::object members; // of a deletion: what is left of the row, its keys
};

// As the view sees it. The event has a body for it.
Record record_of(const RowChange& change, const Event& event, View view);

} // namespace pgbk::relay::supabase
