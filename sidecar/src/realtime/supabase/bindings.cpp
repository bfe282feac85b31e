#include "realtime/supabase/bindings.hpp"

#include "core/refusal.hpp"
#include "text/ascii.hpp"

#include <boost/json/object.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace pgbk::relay::supabase {

namespace {

namespace json = boost::json;

constexpr std::size_t most_bindings = 20;
constexpr std::size_t longest_name = 63;

struct Narrowness {
    RoomOf room;
    std::string_view prefix;
};
// The narrowest first: the fewer events are looked at, the better.
constexpr std::array rooms_by_narrowness{
    Narrowness{RoomOf::booking, "booking:"},   Narrowness{RoomOf::session, "session:"},
    Narrowness{RoomOf::customer, "customer:"}, Narrowness{RoomOf::activity, "activity:"},
    Narrowness{RoomOf::venue, "venue:"},       Narrowness{RoomOf::organization, "organization:"},
};

const json::value* member(const json::object* object, std::string_view name) {
    return object == nullptr ? nullptr : object->if_contains(name);
}

const json::object* object_in(const json::object* object, std::string_view name) {
    const auto* const value = member(object, name);
    return value == nullptr ? nullptr : value->if_object();
}

bool is_on(const json::object* object, std::string_view name, bool otherwise = false) {
    const auto* const value = member(object, name);
    return value != nullptr && value->is_bool() ? value->get_bool() : otherwise;
}

// Null and missing are empty; nothing for what is no short text.
std::optional<std::string> text_in(const json::object& object, std::string_view name, std::size_t longest) {
    const auto* const value = object.if_contains(name);
    if (value == nullptr || value->is_null()) {
        return std::string();
    }
    if (!value->is_string() || value->get_string().size() > longest) {
        return std::nullopt;
    }
    return std::string(value->get_string());
}

// Of any table, for bindings to all of them: columns of one name are of one type.
const Column* find_column(const Table* table, std::string_view name) {
    if (table != nullptr) {
        return table->find_column(name);
    }
    for (const Table& each : tables()) {
        if (const auto* const column = each.find_column(name)) {
            return column;
        }
    }
    return nullptr;
}

std::optional<Comparison> comparison_in(const Table* table, std::string_view column) {
    const auto* const found = find_column(table, column);
    return found == nullptr ? std::nullopt : std::optional(comparison_of(found->type));
}

bool read_table(const json::object& wanted, Binding& binding, std::string& problem) {
    const auto schema = text_in(wanted, "schema", longest_name);
    const auto table = text_in(wanted, "table", longest_name);
    if (!schema || (*schema != "public" && *schema != "booking" && *schema != "*" && !schema->empty())) {
        problem = "there is no such schema: it is public, booking or *";
        return false;
    }
    binding.schema = *schema == "booking" ? "booking" : "public";
    binding.table_name = table ? *table : "";
    binding.table = find_table(binding.table_name);
    if (!table || (binding.table == nullptr && !table->empty() && *table != "*")) {
        problem = "there is no table " + core::quoted(binding.table_name) + " whose changes are told";
        return false;
    }
    return true;
}

bool read_change(const json::object& wanted, Binding& binding, std::string& problem) {
    const std::string event = lower_case(text_in(wanted, "event", longest_name).value_or("?"));
    for (const Change change : {Change::insertion, Change::update, Change::deletion}) {
        if (event == lower_case(change_name(change))) {
            binding.change = change;
        }
    }
    if (!binding.change && event != "*" && !event.empty()) {
        problem = "event is INSERT, UPDATE, DELETE or *";
        return false;
    }
    return true;
}

bool read_filter(const json::object& wanted, Binding& binding, std::string& problem) {
    constexpr std::size_t any_length = 65'536;
    const auto text = text_in(wanted, "filter", any_length);
    if (!text) {
        problem = "invalid filter: it is a text";
        return false;
    }
    auto filter = Filter::parse(
        *text, [&](std::string_view column) { return comparison_in(binding.table, column); }, problem);
    if (!filter) {
        return false;
    }
    binding.filter = std::move(*filter);
    return true;
}

bool read_selection(const json::object& wanted, Binding& binding, std::string& problem) {
    const auto* const select = wanted.if_contains("select");
    if (select == nullptr || select->is_null()) {
        return true;
    }
    const auto* const columns = select->if_array();
    for (std::size_t i = 0; columns != nullptr && i < columns->size(); ++i) {
        const auto* const name = (*columns)[i].if_string();
        if (name == nullptr || find_column(binding.table, *name) == nullptr) {
            problem = "select names a column that is not there";
            return false;
        }
        binding.selected.emplace_back(*name);
    }
    if (binding.selected.empty()) {
        problem = "select is a list of columns";
        return false;
    }
    return true;
}

bool read_binding(const json::value& value, Join& join, std::string& problem) {
    const auto* const wanted = value.if_object();
    Binding binding;
    if (wanted == nullptr) {
        problem = "postgres_changes is a list of objects";
        return false;
    }
    if (!read_table(*wanted, binding, problem) || !read_change(*wanted, binding, problem) ||
        !read_filter(*wanted, binding, problem) || !read_selection(*wanted, binding, problem)) {
        return false;
    }
    binding.id = static_cast<int>(join.bindings.size()) + 1;
    json::object echo = *wanted;
    echo["id"] = binding.id;
    join.echo.emplace_back(std::move(echo));
    join.bindings.push_back(std::move(binding));
    return true;
}

bool read_bindings(const json::object* config, Join& join, std::string& problem) {
    const auto* const value = member(config, "postgres_changes");
    if (value == nullptr || value->is_null()) {
        return true;
    }
    const auto* const list = value->if_array();
    if (list == nullptr || list->size() > most_bindings) {
        problem = "postgres_changes is a list of at most 20 subscriptions";
        return false;
    }
    return std::all_of(list->begin(), list->end(),
                       [&](const json::value& each) { return read_binding(each, join, problem); });
}

bool is_stranger(const Identity& identity) {
    return identity.user.empty() && identity.booking.empty() && !identity.service;
}

// What they may ask for by name. The rooms of places are for everybody; in them each is told what is theirs to see.
bool may_ask(const Narrowness& kind, const std::string& room, const Identity& identity) {
    if (kind.room == RoomOf::booking) {
        return !is_stranger(identity) &&
               (!identity.user.empty() || identity.service || room == "booking:" + identity.booking);
    }
    return identity.may_join(room);
}

// Of the first column of the kind that the filter has equal to something.
std::vector<std::string> named_rooms(const Binding& binding, const Narrowness& kind) {
    std::vector<std::string> rooms;
    for (const Column& column : (binding.table == nullptr ? find_table("booking_events") : binding.table)->columns) {
        if (column.room != kind.room || (binding.table == nullptr && column.name == "id")) {
            continue;
        }
        for (const std::string& value : binding.filter.values_of(column.name)) {
            rooms.push_back(std::string(kind.prefix) + value);
        }
        if (!rooms.empty()) {
            break;
        }
    }
    return rooms;
}

Access access_of(const Binding& binding) {
    return binding.table == nullptr ? Access::mixed : binding.table->access;
}

std::vector<std::string> rooms_of(Access access, const Identity& identity) {
    std::vector<std::string> rooms;
    if (access != Access::involved) {
        rooms.emplace_back("public");
    }
    if (access == Access::anybody) {
        return rooms;
    }
    const auto own = identity.own_rooms();
    rooms.insert(rooms.end(), own.begin(), own.end());
    return rooms;
}

} // namespace

bool Binding::asks_for_seats() const {
    return table == find_table("bookings") &&
           std::any_of(rooms_by_narrowness.begin(), rooms_by_narrowness.end(), [&](const Narrowness& kind) {
               const bool place =
                   kind.room == RoomOf::session || kind.room == RoomOf::activity || kind.room == RoomOf::venue;
               return place && !named_rooms(*this, kind).empty();
           });
}

bool Binding::takes(const RowChange& row_change) const {
    return (table == nullptr ? !row_change.of_seats : table == row_change.table) &&
           (!change || *change == row_change.change);
}

std::optional<Join> parse_join(const json::value& payload, std::string& problem) {
    Join join;
    const auto* const whole = payload.if_object();
    if (whole == nullptr) {
        problem = "the payload of phx_join is an object";
        return std::nullopt;
    }
    const auto* const config = object_in(whole, "config");
    if (!read_bindings(config, join, problem)) {
        return std::nullopt;
    }
    constexpr std::size_t longest_token = 8'192;
    const auto token = text_in(*whole, "access_token", longest_token);
    if (!token) {
        problem = "access_token is a text of at most 8192 bytes";
        return std::nullopt;
    }
    join.access_token = *token;
    join.is_private = is_on(config, "private");
    const auto* const broadcast = object_in(config, "broadcast");
    join.broadcast_self = is_on(broadcast, "self");
    join.broadcast_ack = is_on(broadcast, "ack");
    if (const auto* const presence = object_in(config, "presence")) {
        join.presence = is_on(presence, "enabled", true);
        constexpr std::size_t longest_key = 255;
        const auto key = text_in(*presence, "key", longest_key);
        if (!key) {
            problem = "the key of a presence is a text of at most 255 bytes";
            return std::nullopt;
        }
        join.presence_key = *key;
    }
    return join;
}

std::optional<std::vector<std::string>> rooms_of(const Binding& binding, const Identity& identity,
                                                 std::string& problem) {
    const Access access = access_of(binding);
    if (is_stranger(identity) && binding.table == find_table("slot_reservations")) {
        problem = "Unauthorized: holds are told to the people of the organization";
        return std::nullopt;
    }
    for (const Narrowness& kind : rooms_by_narrowness) {
        auto rooms = named_rooms(binding, kind);
        if (rooms.empty()) {
            continue;
        }
        if (std::all_of(rooms.begin(), rooms.end(),
                        [&](const std::string& room) { return may_ask(kind, room, identity); })) {
            return rooms;
        }
        // Members see customers of their organizations; what is public is public whose ever it is.
        if ((kind.room == RoomOf::customer && !identity.organizations.empty()) || access == Access::anybody) {
            break;
        }
        problem = "Unauthorized: with this token there is nothing to be told about " + core::quoted(rooms.front());
        return std::nullopt;
    }
    auto rooms = rooms_of(access, identity);
    if (identity.service && access != Access::anybody) {
        problem = "a trusted server says whose changes it wants: filter by organization_id";
        return std::nullopt;
    }
    if (rooms.empty()) {
        problem =
            "Unauthorized: without a token the bookings of a court, a venue or a session can be asked for: filter "
            "by court_id, venue_id or session_id";
        return std::nullopt;
    }
    return rooms;
}

} // namespace pgbk::relay::supabase
