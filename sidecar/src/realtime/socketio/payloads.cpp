#include "realtime/socketio/payloads.hpp"

#include "core/currency.hpp"

#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

namespace pgbk::relay::socketio {

namespace {

namespace json = boost::json;

// customer_name -> customerName
std::string camel(std::string_view name) {
    std::string out;
    bool raise = false;
    for (const char c : name) {
        if (c == '_') {
            raise = !out.empty();
            continue;
        }
        out += raise && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        raise = false;
    }
    return out;
}

const json::value* find(const json::object& body, std::string_view name) {
    const auto* const found = body.if_contains(name);
    return found != nullptr && !found->is_null() ? found : nullptr;
}

// The row as it is now, over what the event itself says of it: of a row that is gone, that is all.
json::object subject_of(const json::object& body) {
    json::object out;
    for (const auto* const part : {"facts", "row"}) {
        const auto* const found = find(body, part);
        if (found != nullptr && found->is_object()) {
            for (const auto& [name, value] : found->get_object()) {
                out[camel(name)] = value;
            }
        }
    }
    return out;
}

void copy(json::object& out, std::string_view as, const json::object& from, std::string_view name) {
    if (const auto* const value = find(from, name)) {
        out[as] = *value;
    }
}

// In both words for it.
void name_places(json::object& out, const json::object& body) {
    for (const auto& [name, words] : {std::pair("venue_id", std::array{"venueId", "libraryId"}),
                                      std::pair("activity_id", std::array{"activityId", "courtId"}),
                                      std::pair("session_id", std::array{"sessionId", "seatId"})}) {
        for (const auto* const word : words) {
            copy(out, word, body, name);
        }
    }
}

json::object booking_payload(const json::object& body) {
    json::object out = subject_of(body);
    name_places(out, body);
    copy(out, "id", body, "booking_id");
    copy(out, "bookingId", body, "booking_id");
    copy(out, "studentName", out, "customerName");
    copy(out, "studentEmail", out, "customerEmail");
    return out;
}

json::object cancelled_payload(const json::object& body) {
    json::object out{{"status", "cancelled"}};
    name_places(out, body);
    copy(out, "id", body, "booking_id");
    copy(out, "bookingId", body, "booking_id");
    return out;
}

json::object library_payload(const json::object& body) {
    json::object out = subject_of(body);
    copy(out, "id", body, find(body, "venue_id") != nullptr ? "venue_id" : "subject_id");
    return out;
}

json::object pricing_payload(const json::object& body) {
    const json::object subject = subject_of(body);
    json::object pricing;
    copy(pricing, "activityId", body, "subject_id");
    copy(pricing, "courtId", body, "subject_id");
    for (const auto* const name : {"name", "priceMinor", "priceBasis", "currency", "previousPriceMinor"}) {
        copy(pricing, name, subject, name);
    }
    const auto* const minor = find(pricing, "priceMinor");
    const auto* const currency = find(pricing, "currency");
    if (minor != nullptr && minor->is_int64() && currency != nullptr && currency->is_string()) {
        if (const auto digits = core::currency_digits(std::string_view(currency->get_string()))) {
            pricing["price"] = static_cast<double>(minor->get_int64()) / std::pow(10.0, *digits); // to show, not to sum
        }
    }
    json::object out;
    copy(out, "libraryId", body, "venue_id");
    copy(out, "venueId", body, "venue_id");
    out["pricing"] = std::move(pricing);
    return out;
}

json::object seat_payload(const json::object& body) {
    json::object out;
    for (const auto* const part : {"facts", "row"}) {
        if (const auto* const found = find(body, part); found != nullptr && found->is_object()) {
            out = seat_payload(found->get_object());
        }
    }
    name_places(out, body);
    for (const auto* const name : {"start_time", "end_time", "capacity_total", "seats_available", "status"}) {
        copy(out, camel(name), body, name);
    }
    const auto* const seats = find(out, "seatsAvailable");
    const auto* const status = find(out, "status");
    out["available"] =
        seats != nullptr && seats->is_int64() && seats->get_int64() > 0 && (status == nullptr || *status == "open");
    return out;
}

json::object other_payload(const json::object& body) {
    json::object out = subject_of(body);
    name_places(out, body);
    copy(out, "bookingId", body, "booking_id");
    copy(out, "id", body, "subject_id");
    return out;
}

struct Row {
    std::string_view kind;
    std::string_view name;
    json::object (*payload)(const json::object& body);
};

// What is not listed goes by its own kind, "payment.paid" as payment:paid.
constexpr std::array rows{
    Row{"booking.created", "booking:created", booking_payload},
    Row{"booking.paid", "booking:updated", booking_payload},
    Row{"booking.scheduled", "booking:updated", booking_payload},
    Row{"booking.confirmed", "booking:updated", booking_payload},
    Row{"booking.updated", "booking:updated", booking_payload},
    Row{"booking.rescheduled", "booking:updated", booking_payload},
    Row{"booking.no_show", "booking:updated", booking_payload},
    Row{"booking.cancelled", "booking:cancelled", cancelled_payload},
    Row{"booking.checked_in", "booking:checkin", booking_payload},
    Row{"booking.checked_out", "booking:checkout", booking_payload},
    Row{"venue.created", "library:created", library_payload},
    Row{"venue.updated", "library:updated", library_payload},
    Row{"venue.deleted", "library:deleted", library_payload},
    Row{"pricing.updated", "pricing:updated", pricing_payload},
    Row{"session.availability", "seat:availability", seat_payload},
};

} // namespace

std::optional<Emission> emission_of(const Event& event, View view) {
    const json::object* const body = event.body(view);
    if (body == nullptr) {
        return std::nullopt;
    }
    const auto* const row = std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.kind == event.kind; });
    Emission emission;
    if (row != rows.end()) {
        emission = {std::string(row->name), row->payload(*body)};
    } else {
        emission = {event.kind, other_payload(*body)};
        std::replace(emission.name.begin(), emission.name.end(), '.', ':');
    }
    if (event.seq > 0) {
        json::object about{{"id", event.id}, {"type", event.kind}, {"occurredAt", event.occurred_at}};
        copy(about, "description", *body, "description");
        emission.payload["event"] = std::move(about);
    }
    return emission;
}

} // namespace pgbk::relay::socketio
