#include "realtime/supabase/tables.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <array>
#include <string>

namespace pgbk::relay::supabase {

namespace {

namespace json = boost::json;

constexpr std::string_view availability = "session.availability";

constexpr std::array venue_columns{
    Column{"id", "uuid", "", "venue_id", RoomOf::venue},
    Column{"organization_id", "int4", "organization_id", "organization_id", RoomOf::organization},
    Column{"provider_id", "int4", "organization_id", "organization_id", RoomOf::organization},
    Column{"name", "text", "name"},
    Column{"embed_key", "text", "embed_key"},
    Column{"timezone", "text", "timezone"},
    Column{"created_at", "timestamptz", "created_at"},
    Column{"updated_at", "timestamptz", "updated_at"},
};

constexpr std::array activity_columns{
    Column{"id", "uuid", "", "activity_id", RoomOf::activity},
    Column{"organization_id", "int4", "organization_id", "organization_id", RoomOf::organization},
    Column{"provider_id", "int4", "organization_id", "organization_id", RoomOf::organization},
    Column{"venue_id", "uuid", "venue_id", "venue_id", RoomOf::venue},
    Column{"library_id", "uuid", "venue_id", "venue_id", RoomOf::venue},
    Column{"name", "text", "name"},
    Column{"status", "text", "status"},
    Column{"schedule", "jsonb", "schedule"},
    Column{"capacity", "int4", "capacity"},
    Column{"price_minor", "int8", "price_minor"},
    Column{"price_basis", "text", "price_basis"},
    Column{"currency", "text", "currency"},
    Column{"stripe_price_id", "text", "stripe_price_id"},
    Column{"hold_seconds", "int4", "hold_seconds"},
    Column{"party_size_min", "int4", "party_size_min"},
    Column{"party_size_max", "int4", "party_size_max"},
    Column{"created_at", "timestamptz", "created_at"},
    Column{"updated_at", "timestamptz", "updated_at"},
};

constexpr std::array session_columns{
    Column{"id", "uuid", "", "session_id", RoomOf::session},
    Column{"organization_id", "int4", "organization_id", "organization_id", RoomOf::organization},
    Column{"provider_id", "int4", "organization_id", "organization_id", RoomOf::organization},
    Column{"venue_id", "uuid", "venue_id", "venue_id", RoomOf::venue},
    Column{"library_id", "uuid", "venue_id", "venue_id", RoomOf::venue},
    Column{"activity_id", "uuid", "activity_id", "activity_id", RoomOf::activity},
    Column{"court_id", "uuid", "activity_id", "activity_id", RoomOf::activity},
    Column{"start_time", "timestamptz", "start_time", "start_time"},
    Column{"end_time", "timestamptz", "end_time", "end_time"},
    Column{"local_date", "date", "local_date"},
    Column{"capacity_total", "int4", "capacity_total", "capacity_total"},
    Column{"capacity_remaining", "int4", "capacity_remaining", "capacity_remaining"},
    Column{"seats_available", "int4", "seats_available", "seats_available"},
    Column{"oversold_by", "int4", "oversold_by"},
    Column{"status", "text", "status", "status"},
    Column{"timezone", "text", "timezone"},
};

constexpr std::array reservation_columns{
    Column{"id", "uuid", "", "subject_id"},
    Column{"organization_id", "int4", "organization_id", "organization_id", RoomOf::organization},
    Column{"provider_id", "int4", "organization_id", "organization_id", RoomOf::organization},
    Column{"venue_id", "uuid", "venue_id", "venue_id", RoomOf::venue},
    Column{"library_id", "uuid", "venue_id", "venue_id", RoomOf::venue},
    Column{"activity_id", "uuid", "activity_id", "activity_id", RoomOf::activity},
    Column{"court_id", "uuid", "activity_id", "activity_id", RoomOf::activity},
    Column{"session_id", "uuid", "session_id", "session_id", RoomOf::session},
    Column{"seat_id", "uuid", "session_id", "session_id", RoomOf::session},
    Column{"party_size", "int4", "party_size"},
    Column{"customer_email", "text", "customer_email"},
    Column{"status", "text", "status"},
    Column{"expires_at", "timestamptz", "expires_at"},
    Column{"created_at", "timestamptz", "created_at"},
    Column{"settled_at", "timestamptz", "settled_at"},
    Column{"extended_count", "int2", "extended_count"},
};

constexpr std::array booking_columns{
    Column{"id", "uuid", "", "booking_id", RoomOf::booking},
    Column{"organization_id", "int4", "organization_id", "organization_id", RoomOf::organization},
    Column{"provider_id", "int4", "organization_id", "organization_id", RoomOf::organization},
    Column{"venue_id", "uuid", "venue_id", "venue_id", RoomOf::venue},
    Column{"library_id", "uuid", "venue_id", "venue_id", RoomOf::venue},
    Column{"activity_id", "uuid", "activity_id", "activity_id", RoomOf::activity},
    Column{"court_id", "uuid", "activity_id", "activity_id", RoomOf::activity},
    Column{"session_id", "uuid", "session_id", "session_id", RoomOf::session},
    Column{"seat_id", "uuid", "session_id", "session_id", RoomOf::session},
    Column{"user_id", "text", concerned_user, {}, RoomOf::customer},
    Column{"client_id", "text", concerned_user, {}, RoomOf::customer},
    Column{"customer_id", "text", concerned_user, {}, RoomOf::customer},
    Column{"booking_number", "text", "booking_number"},
    Column{"reservation_id", "uuid", "reservation_id"},
    Column{"package_id", "text", "package_id"},
    Column{"customer_name", "text", "customer_name"},
    Column{"customer_email", "text", "customer_email"},
    Column{"customer_phone", "text", "customer_phone"},
    Column{"notes", "text", "notes"},
    Column{"metadata", "jsonb", "metadata"},
    Column{"party_size", "int4", "party_size"},
    Column{"status", "text", "status"},
    Column{"payment_status", "text", "payment_status"},
    Column{"refund_status", "text", "refund_status"},
    Column{"amount_cents", "int8", "amount_cents"},
    Column{"total_amount", "numeric", "total_amount"},
    Column{"currency", "text", "currency"},
    Column{"scheduled_start", "timestamptz", "scheduled_start"},
    Column{"scheduled_end", "timestamptz", "scheduled_end"},
    Column{"meeting_url", "text", "meeting_url"},
    Column{"needs_reschedule", "bool", "needs_reschedule"},
    Column{"cal_booking_id", "text", "cal_booking_id"},
    Column{"cal_uid", "text", "cal_uid"},
    Column{"expires_at", "timestamptz", "expires_at"},
    Column{"cancelled_at", "timestamptz", "cancelled_at"},
    Column{"version", "int8", "version"},
    Column{"created_at", "timestamptz", "created_at"},
    Column{"updated_at", "timestamptz", "updated_at"},
};

// What bookings tell to those who may not see them. The id is there and null: an application that reads it finds that
// there is none.
constexpr std::array seats_columns{
    Column{"id", "uuid", "", ""},
    Column{"venue_id", "uuid", "venue_id", "venue_id"},
    Column{"library_id", "uuid", "venue_id", "venue_id"},
    Column{"activity_id", "uuid", "activity_id", "activity_id"},
    Column{"court_id", "uuid", "activity_id", "activity_id"},
    Column{"session_id", "uuid", "session_id", "session_id"},
    Column{"seat_id", "uuid", "session_id", "session_id"},
    Column{"start_time", "timestamptz", "start_time", "start_time"},
    Column{"end_time", "timestamptz", "end_time", "end_time"},
    Column{"seats_available", "int4", "seats_available", "seats_available"},
};

constexpr std::array event_columns{
    Column{"id", "uuid", "", "id"},
    Column{"event_type", "text", "", "event_type"},
    Column{"description", "text", "", "description"},
    Column{"occurred_at", "timestamptz", "", "occurred_at"},
    Column{"created_at", "timestamptz", "", "occurred_at"},
    Column{"organization_id", "int4", "", "organization_id", RoomOf::organization},
    Column{"provider_id", "int4", "", "organization_id", RoomOf::organization},
    Column{"venue_id", "uuid", "", "venue_id", RoomOf::venue},
    Column{"library_id", "uuid", "", "venue_id", RoomOf::venue},
    Column{"activity_id", "uuid", "", "activity_id", RoomOf::activity},
    Column{"court_id", "uuid", "", "activity_id", RoomOf::activity},
    Column{"session_id", "uuid", "", "session_id", RoomOf::session},
    Column{"seat_id", "uuid", "", "session_id", RoomOf::session},
    Column{"booking_id", "uuid", "", "booking_id", RoomOf::booking},
    Column{"user_id", "text", concerned_user, {}, RoomOf::customer},
    Column{"client_id", "text", concerned_user, {}, RoomOf::customer},
    Column{"customer_id", "text", concerned_user, {}, RoomOf::customer},
    Column{"subject_id", "uuid", "", "subject_id"},
    Column{"facts", "jsonb", "", "facts"},
    Column{"seq", "int8", "", "seq"},
};

constexpr std::array all_tables{
    Table{"bookings", "", Access::involved, booking_columns},
    Table{"booking_events", "", Access::mixed, event_columns},
    Table{"activity_sessions", "sessions", Access::anybody, session_columns},
    Table{"activities", "courts", Access::anybody, activity_columns},
    Table{"venues", "libraries", Access::anybody, venue_columns},
    Table{"slot_reservations", "", Access::involved, reservation_columns},
};

constexpr const Table& bookings = all_tables[0];
constexpr const Table& booking_events = all_tables[1];
constexpr const Table& sessions = all_tables[2];

// The table of a kind's entity; where none is named, booking_events is the only one that changes.
struct EntityTable {
    std::string_view entity;
    const Table* table;
};
constexpr std::array entities{
    EntityTable{"booking", &all_tables[0]},  EntityTable{"sessions", &all_tables[2]},
    EntityTable{"activity", &all_tables[3]}, EntityTable{"pricing", &all_tables[3]},
    EntityTable{"venue", &all_tables[4]},    EntityTable{"reservation", &all_tables[5]},
};

constexpr std::array inserting{std::string_view("created"), std::string_view("generated"), std::string_view("held")};
constexpr std::array deleting{std::string_view("deleted"), std::string_view("removed")};

Change change_by(std::string_view verb) {
    if (std::find(inserting.begin(), inserting.end(), verb) != inserting.end()) {
        return Change::insertion;
    }
    return std::find(deleting.begin(), deleting.end(), verb) != deleting.end() ? Change::deletion : Change::update;
}

const json::value* member_of(const json::object& body, const json::object* row, const Column& column) {
    if (row != nullptr && !column.in_row.empty()) {
        if (const auto* const value = row->if_contains(column.in_row)) {
            return value;
        }
    }
    return column.in_body.empty() ? nullptr : body.if_contains(column.in_body);
}

// The row of the event, if it is the one that has changed: an event of several sessions has the row of their activity.
const json::object* row_of(const Table& table, const json::object& body) {
    const auto* const row = body.if_contains("row");
    const auto* const object = row == nullptr ? nullptr : row->if_object();
    const auto* const id = object == nullptr ? nullptr : object->if_contains("id");
    const auto* const subject = body.if_contains(table.find_column("id")->in_body);
    return id != nullptr && subject != nullptr && *id == *subject ? object : nullptr;
}

// What of the row a deletion tells: which row it was.
bool is_key(const Column& column) {
    return column.name == "id" || column.room != RoomOf::nothing;
}

} // namespace

std::string_view change_name(Change change) {
    switch (change) {
    case Change::insertion:
        return "INSERT";
    case Change::update:
        return "UPDATE";
    case Change::deletion:
        return "DELETE";
    }
    return "UPDATE";
}

const Column* Table::find_column(std::string_view column) const {
    const auto found = std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.name == column; });
    return found == columns.end() ? nullptr : &*found;
}

std::span<const Table> tables() {
    return all_tables;
}

const Table* find_table(std::string_view name) {
    const auto* const found =
        std::find_if(all_tables.begin(), all_tables.end(), [&](const Table& table) { return table.is_called(name); });
    return found == all_tables.end() ? nullptr : found;
}

Comparison comparison_of(std::string_view type) {
    if (type == "uuid") {
        return Comparison::uuid;
    }
    if (type.starts_with("int") || type == "numeric") {
        return Comparison::number;
    }
    if (type == "timestamptz") {
        return Comparison::instant;
    }
    return type == "jsonb" ? Comparison::none : Comparison::text; // a date in ISO 8601 compares as text
}

std::vector<RowChange> changes_of(std::string_view kind) {
    if (kind == availability) {
        return {{&sessions, Change::update, false}, {&bookings, Change::update, true}};
    }
    const auto dot = std::min(kind.find('.'), kind.size());
    const auto entity = kind.substr(0, dot);
    const auto verb = kind.substr(std::min(dot + 1, kind.size()));
    std::vector<RowChange> changes{{&booking_events, Change::insertion, false}};
    for (const EntityTable& row : entities) {
        if (row.entity == entity) {
            changes.push_back({row.table, change_by(verb), false});
        }
    }
    return changes;
}

Record record_of(const RowChange& change, const Event& event, View view) {
    const json::object& body = *event.body(view);
    const auto* const row = row_of(*change.table, body);
    const bool names_user = view != View::everybody && !event.customer.empty();
    Record record;
    for (const Column& column : change.of_seats ? std::span<const Column>(seats_columns) : change.table->columns) {
        if (change.change == Change::deletion && !is_key(column)) {
            continue;
        }
        const json::value* const value = member_of(body, row, column);
        const bool user = column.in_row == concerned_user && names_user;
        if (value == nullptr && !user && column.name != "id") {
            continue;
        }
        record.columns.push_back(json::object{{"name", column.name}, {"type", column.type}});
        record.members[column.name] = user ? json::value(event.customer) : value == nullptr ? json::value() : *value;
    }
    return record;
}

} // namespace pgbk::relay::supabase
