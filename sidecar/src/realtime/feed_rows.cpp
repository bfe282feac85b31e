#include "realtime/feed_rows.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>

#include <algorithm>
#include <utility>

namespace pgbk::relay {

namespace {

namespace json = boost::json;

std::optional<json::object> object_of(const std::optional<std::string>& text) {
    return text ? std::optional(json::parse(*text).as_object()) : std::nullopt;
}

std::string text_of(const json::object& object, std::string_view name) {
    return std::string(object.at(name).as_string());
}

} // namespace

SharedEvent read_event(const EventRow& row) {
    auto event = std::make_shared<Event>();
    event->seq = row.seq;
    event->organization = row.organization;
    event->id = row.id;
    event->kind = row.kind;
    event->occurred_at = row.occurred_at;
    event->customer = row.customer.value_or("");
    event->booking = row.booking.value_or("");
    const auto rooms = json::parse(row.rooms);
    for (const auto& room : rooms.as_array()) {
        event->rooms.emplace_back(room.as_string());
    }
    event->bodies = {object_of(row.for_everybody), object_of(row.for_customer), object_of(row.for_members)};
    return event;
}

Seats read_seats(const std::string& row, double now) {
    json::object object = json::parse(row).as_object();
    auto event = std::make_shared<Event>();
    event->organization = object.at("organization_id").to_number<int>();
    event->kind = "session.availability";
    Seats seats;
    seats.session = text_of(object, "session_id");
    event->rooms = {"session:" + seats.session, "activity:" + text_of(object, "activity_id"),
                    "venue:" + text_of(object, "venue_id")};
    if (const auto* const changes = object.if_contains("changes_at"); changes != nullptr && changes->is_number()) {
        seats.until = std::chrono::duration<double>(std::max(changes->to_number<double>() - now, 0.001));
    }
    object.erase("changes_at"); // nobody's business: when others' holds run out
    event->bodies[static_cast<std::size_t>(View::everybody)] = std::move(object);
    seats.event = std::move(event);
    return seats;
}

} // namespace pgbk::relay
