// What Cal.com's API says of an appointment, which it calls a booking. Pure.
#pragma once

#include <boost/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgbk::relay::calcom {

struct Appointment {
    std::string uid;
    std::string id;     // the number by which people know it; may be empty
    std::string status; // requested, accepted, rejected, cancelled
    std::string start;  // RFC 3339
    std::string end;
    std::string url;     // of the meeting, if that is a page
    std::string at;      // when it became so, by Cal.com's clock; RFC 3339
    std::string old_uid; // of the appointment that it replaces; may be empty
    std::string new_uid; // of the one that replaces it; may be empty
    std::string call_id; // whose call made it, by its metadata; may be empty

    bool is_live() const { return status == "requested" || status == "accepted"; }
};

// Of an answer about one appointment; nothing where it does not say all that there is to know.
std::optional<Appointment> read_appointment(std::string_view body);

// Of an answer that lists some. Nothing where it is no list, or has an appointment of this call that cannot be read:
// whoever looks whether there is one must not take this for none.
std::optional<std::vector<Appointment>> read_appointments_of(std::string_view call_id, std::string_view body);

// What people may be told of a refusal: Cal.com's own words, shortened; empty if there are none.
std::string read_problem(std::string_view body);

// As booking.provider_calls keeps it.
boost::json::object to_json(const Appointment& appointment);

// Whether two times are the same second, however they are written.
bool is_same_time(std::string_view left, std::string_view right);

} // namespace pgbk::relay::calcom
