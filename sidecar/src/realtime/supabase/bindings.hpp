// What somebody asks for when joining a channel, and in which rooms of the hub that happens. Pure.
#pragma once

#include "realtime/identity.hpp"
#include "realtime/supabase/filter.hpp"
#include "realtime/supabase/tables.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <vector>

namespace pgbk::relay::supabase {

// A subscription to the changes of a table.
struct Binding {
    int id = 0; // within the channel, from 1
    std::string schema;
    std::string table_name;       // as it was asked for, and as it is told
    const Table* table = nullptr; // none: all tables
    std::optional<Change> change; // none: all
    Filter filter;
    std::vector<std::string> selected; // columns; empty: all

    // Whether it is about the bookings of an activity, a venue or a session: then those who may not see the bookings
    // are told how many seats are left.
    bool asks_for_seats() const;

    bool takes(const RowChange& row_change) const;
};

struct Join {
    std::vector<Binding> bindings;
    boost::json::array echo; // the bindings as they came, with their ids
    std::string access_token;
    std::string presence_key;
    bool presence = false;
    bool broadcast_self = false;
    bool broadcast_ack = false;
    bool is_private = false;
};

// Of the payload of phx_join. Nothing for what cannot be joined, and why.
std::optional<Join> parse_join(const boost::json::value& payload, std::string& problem);

// Where what the binding asks for is told to them. Nothing if it is not told to them at all, and why.
std::optional<std::vector<std::string>> rooms_of(const Binding& binding, const Identity& identity,
                                                 std::string& problem);

} // namespace pgbk::relay::supabase
