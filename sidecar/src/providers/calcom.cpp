#include "providers/calcom.hpp"

#include "providers/calcom_appointment.hpp"
#include "providers/foreign_json.hpp"
#include "providers/form.hpp"
#include "providers/payment.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace pgbk::relay {

namespace {

namespace json = boost::json;
using calcom::Appointment;

constexpr std::string_view api_version = "2024-08-13";
// An appointment that was moved more often than this is looked at again another time.
constexpr std::size_t most_moves = 8;
constexpr std::chrono::minutes misconfigured_pause{5};
// Until what was asked for, and not answered, has been done or was never heard.
constexpr std::chrono::seconds settling_pause{20};

// Those in which Cal.com speaks; it refuses others.
constexpr std::array<std::string_view, 41> languages{
    "ar", "az",    "bg", "ca", "cs", "da", "de", "el", "en", "es", "es-419", "et",    "eu",   "fi",
    "fr", "he",    "hr", "hu", "id", "it", "iw", "ja", "km", "ko", "lv",     "nl",    "no",   "pl",
    "pt", "pt-BR", "ro", "ru", "sk", "sr", "ta", "th", "tr", "uk", "vi",     "zh-CN", "zh-TW"};

std::string text_in(const json::object& object, std::string_view name) {
    return std::string(string_in(object, name));
}

// What is known in the middle of a call: why Cal.com has refused, if it has, and the appointments that were seen, each
// before the one that replaces it. It goes along with the requests.
struct Progress {
    std::string refusal;
    json::array appointments;

    std::string memo() const {
        return json::serialize(json::object{{"refusal", refusal}, {"appointments", appointments}});
    }
    static Progress of(const std::string& memo) {
        const json::object object = json::parse(memo).as_object();
        return {std::string(object.at("refusal").as_string()), object.at("appointments").as_array()};
    }
};

// One call, in the middle of its way.
class Way {
public:
    Way(const ProviderCall& call, const ProviderAccount& account, Progress progress)
        : call_(call), account_(account), progress_(std::move(progress)), uid_(text_in(call.request, "uid")) {}

    ProviderStep begin();
    ProviderStep proceed(const std::string& step, const ProviderAnswer& answer);

private:
    ProviderRequest request(std::string step, std::string method, std::string path, const json::object* body) const;
    ProviderStep find() const;
    ProviderStep ask() const;
    ProviderStep create() const;
    ProviderStep look(const std::string& uid) const;
    ProviderStep after_find(const ProviderAnswer& answer);
    ProviderStep after_ask(const ProviderAnswer& answer);
    ProviderStep after_look(const ProviderAnswer& answer);
    ProviderStep follow(Appointment appointment, bool was_asked);
    ProviderStep settle(const Appointment& last, bool was_asked);
    ProviderStep done() const;
    ProviderStep undecided(const std::string& reason, std::optional<std::chrono::seconds> after, bool holds) const;
    std::string event_type() const;

    bool is(std::string_view action) const { return call_.action == action; }

    const ProviderCall& call_;
    const ProviderAccount& account_;
    Progress progress_;
    std::string uid_; // of the appointment, for all but create_booking
};

bool is_success(const ProviderAnswer& answer) {
    return answer.status >= 200 && answer.status < 300;
}

// Nobody knows whether it was done: there is no answer, or one of something that broke on the way.
bool is_lost(const ProviderAnswer& answer) {
    return answer.status < 200 || answer.status == 408 || answer.status >= 500 ||
           (answer.status >= 300 && answer.status < 400) || (is_success(answer) && !answer.complete);
}

// Newer versions answer 409, older ones 400 in these words.
bool is_taken(const ProviderAnswer& answer, std::string_view problem) {
    constexpr std::array<std::string_view, 4> words{"already has booking at this time", "is not available",
                                                    "can't be booked at the", "in the past"};
    return answer.status == 409 || std::any_of(words.begin(), words.end(), [&](std::string_view part) {
               return problem.find(part) != std::string_view::npos;
           });
}

std::string refusal_of(const ProviderAnswer& answer, const ProviderCall& call, const ProviderAccount& account) {
    const std::string problem = calcom::read_problem(answer.body);
    if (is_taken(answer, problem)) {
        return "slot_taken";
    }
    if (answer.status == 404) {
        return "not_found";
    }
    // Some messages repeat what was sent.
    const bool may_be_personal = problem.empty() || problem.find('@') != std::string::npos;
    return "rejected" + (may_be_personal ? " with HTTP status " + std::to_string(answer.status)
                                         : ": " + reason_text(problem, call, account));
}

ProviderRequest Way::request(std::string step, std::string method, std::string path, const json::object* body) const {
    ProviderRequest request;
    request.step = std::move(step);
    request.method = std::move(method);
    request.path = std::move(path);
    request.headers = {{"authorization", "Bearer " + std::string(account_.key("api_key"))},
                       {"cal-api-version", std::string(api_version)},
                       {"accept", "application/json"}};
    if (body != nullptr) {
        request.headers.emplace_back("content-type", "application/json");
        request.body = json::serialize(*body);
    }
    request.memo = progress_.memo();
    return request;
}

// The package's own, or what the relay is told for it; empty if neither is a number.
std::string Way::event_type() const {
    std::string id = text_in(call_.request, "event_type");
    if (id.empty()) {
        id = account_.key("event_type_" + text_in(call_.request, "package_id"));
    }
    const bool is_number = !id.empty() && id.size() <= 18 && id.find_first_not_of("0123456789") == std::string::npos;
    return is_number ? id : std::string();
}

ProviderStep Way::begin() {
    if (is("create_booking")) {
        if (event_type().empty()) {
            return undecided("no event type is known for package " + text_in(call_.request, "package_id"),
                             misconfigured_pause, false);
        }
        return call_.uncertain ? find() : create();
    }
    if (is("look_up_booking") || call_.uncertain) {
        return look(uid_);
    }
    return ask();
}

// All of this person and kind, the newest first: it may have been moved since it was made.
ProviderStep Way::find() const {
    return request("find", "GET",
                   "/v2/bookings?attendeeEmail=" + percent_encoded(text_in(call_.request, "customer_email")) +
                       "&eventTypeId=" + event_type() + "&sortCreated=desc&take=100",
                   nullptr);
}

ProviderStep Way::ask() const {
    if (is("create_booking")) {
        return create();
    }
    const std::string path = "/v2/bookings/" + percent_encoded(uid_);
    if (is("reschedule_booking")) {
        const json::object body{{"start", text_in(call_.request, "start")}};
        return request("ask", "POST", path + "/reschedule", &body);
    }
    const json::object body{{"cancellationReason", text_in(call_.request, "reason")}};
    return request("ask", "POST", path + "/cancel", &body);
}

ProviderStep Way::create() const {
    const json::object& wish = call_.request;
    std::string name = text_in(wish, "customer_name");
    if (name.empty()) {
        const std::string email = text_in(wish, "customer_email");
        name = email.substr(0, email.find('@'));
    }
    const std::string zone = text_in(wish, "timezone");
    json::object attendee{
        {"name", name}, {"email", text_in(wish, "customer_email")}, {"timeZone", zone.empty() ? "UTC" : zone}};
    const std::string language = text_in(wish, "language");
    if (std::find(languages.begin(), languages.end(), language) != languages.end()) {
        attendee["language"] = language;
    }
    std::int64_t type = 0;
    const std::string digits = event_type();
    std::from_chars(digits.data(), digits.data() + digits.size(), type);
    json::object body{{"start", text_in(wish, "start")}, {"eventTypeId", type}, {"attendee", std::move(attendee)}};
    const json::value* const metadata = wish.if_contains("metadata");
    body["metadata"] = metadata != nullptr && metadata->is_object() ? metadata->get_object() : json::object();
    body["metadata"].as_object()["booking_call"] = call_.idempotency_key;
    if (const std::string notes = text_in(wish, "notes"); !notes.empty()) {
        body["bookingFieldsResponses"] = json::object{{"notes", notes}};
    }
    return request("ask", "POST", "/v2/bookings", &body);
}

ProviderStep Way::look(const std::string& uid) const {
    return request("look", "GET", "/v2/bookings/" + percent_encoded(uid), nullptr);
}

// This attempt has done nothing; what an earlier one may have done is not forgotten by a Retry. After a refusal it is
// to be looked for first.
ProviderStep Way::undecided(const std::string& reason, std::optional<std::chrono::seconds> after, bool holds) const {
    if (!progress_.refusal.empty()) {
        return Ambiguous{reason, after};
    }
    return Retry{reason, after, holds};
}

ProviderStep Way::proceed(const std::string& step, const ProviderAnswer& answer) {
    if (answer.status == 429) {
        return undecided("rate_limited", answer.retry_after, true);
    }
    if (answer.status == 401 || answer.status == 403) {
        return undecided("unauthorized", misconfigured_pause, true);
    }
    if (is_lost(answer)) {
        const bool may_be_done = step == "ask" && answer.sent;
        return may_be_done ? ProviderStep(Ambiguous{"unavailable", answer.retry_after.value_or(settling_pause)})
                           : undecided("unavailable", answer.retry_after, false);
    }
    if (step == "find") {
        return after_find(answer);
    }
    return step == "ask" ? after_ask(answer) : after_look(answer);
}

ProviderStep Way::after_find(const ProviderAnswer& answer) {
    auto found = is_success(answer) ? calcom::read_appointments_of(call_.idempotency_key, answer.body) : std::nullopt;
    if (!found.has_value()) {
        return Ambiguous{"unreadable", std::nullopt};
    }
    if (found->empty()) {
        return progress_.refusal.empty() ? create() : ProviderStep(Refused{progress_.refusal, true});
    }
    // One that stands before one that does not; the first of several.
    const auto best = std::min_element(found->begin(), found->end(), [](const Appointment& a, const Appointment& b) {
        return std::pair(!a.is_live(), a.at) < std::pair(!b.is_live(), b.at);
    });
    return follow(std::move(*best), false);
}

ProviderStep Way::after_ask(const ProviderAnswer& answer) {
    if (is_success(answer)) {
        auto appointment = calcom::read_appointment(answer.body);
        if (!appointment.has_value()) {
            return Ambiguous{"unreadable", std::nullopt};
        }
        if (is("reschedule_booking") && appointment->uid != uid_) {
            appointment->old_uid = uid_;
        }
        return follow(std::move(*appointment), true);
    }
    // What is in the way may be what an earlier attempt has made, or somebody at Cal.com has done it already.
    progress_.refusal = refusal_of(answer, call_, account_);
    return is("create_booking") ? find() : look(uid_);
}

ProviderStep Way::after_look(const ProviderAnswer& answer) {
    if (!is_success(answer)) {
        return Refused{progress_.refusal.empty() ? refusal_of(answer, call_, account_) : progress_.refusal};
    }
    auto appointment = calcom::read_appointment(answer.body);
    if (!appointment.has_value()) {
        return undecided("unreadable", std::nullopt, false);
    }
    if (progress_.appointments.empty() && appointment->uid != uid_ && !uid_.empty()) {
        appointment->old_uid = uid_; // the answer is about the one that it has become
    }
    return follow(std::move(*appointment), false);
}

// Where an appointment was moved, the one that it has become counts.
ProviderStep Way::follow(Appointment appointment, bool was_asked) {
    json::array& seen = progress_.appointments;
    if (!seen.empty()) {
        appointment.old_uid = text_in(seen.back().as_object(), "uid");
    }
    seen.push_back(calcom::to_json(appointment));
    if (appointment.new_uid.empty()) {
        return settle(appointment, was_asked);
    }
    if (seen.size() > most_moves) {
        return undecided("unreadable", std::nullopt, false);
    }
    return look(appointment.new_uid);
}

// Whether what is known now is what was wanted, makes it needless, or nothing has been asked for yet.
ProviderStep Way::settle(const Appointment& last, bool was_asked) {
    const bool stands_where_it_was = last.is_live() && last.uid == uid_;
    if (is("create_booking") || is("look_up_booking") || !stands_where_it_was) {
        return done();
    }
    if (is("reschedule_booking") && (was_asked || calcom::is_same_time(last.start, text_in(call_.request, "start")))) {
        return done();
    }
    if (!progress_.refusal.empty()) {
        return Refused{progress_.refusal, true};
    }
    if (was_asked) {
        return Ambiguous{"unreadable", std::nullopt}; // it was called off, and stands
    }
    progress_.appointments.clear();
    return ask();
}

ProviderStep Way::done() const {
    const std::string status = text_in(progress_.appointments.back().as_object(), "status");
    return Done{json::object{{"status", status}, {"appointments", progress_.appointments}}};
}

} // namespace

ProviderStep Calcom::begin(const ProviderCall& call, const ProviderAccount& account) const {
    return Way(call, account, {}).begin();
}

ProviderStep Calcom::proceed(const ProviderCall& call, const ProviderAccount& account, const ProviderRequest& asked,
                             const ProviderAnswer& answer) const {
    return Way(call, account, Progress::of(asked.memo)).proceed(asked.step, answer);
}

} // namespace pgbk::relay
