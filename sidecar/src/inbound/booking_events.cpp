#include "inbound/booking_events.hpp"

#include "inbound/admission.hpp"
#include "main/log.hpp"

#include <boost/json.hpp>

namespace pgbk::relay {

namespace {

namespace json = boost::json;

Response unavailable(std::string_view message) {
    Response response = error_response(503, message);
    response.headers.emplace_back("Retry-After", "5");
    return response;
}

// Without the body, which nobody has to send in vain.
std::optional<Response> admit(const Request& request, const BookingEventsSettings& settings, const Pool& pool) {
    if (settings.secret.empty()) {
        return error_response(503, "events are not taken here: SUPABASE_WEBHOOK_SECRET is not set");
    }
    if (!bears(request.header("authorization"), settings.secret)) {
        Response response = error_response(401, "the bearer token is missing or wrong");
        response.headers.emplace_back("WWW-Authenticate", "Bearer");
        return response;
    }
    const auto encoding = request.header("content-encoding");
    if (!is_json(request.header("content-type")) || !(encoding.empty() || encoding == "identity")) {
        return error_response(415, "the event must be application/json, without content encoding");
    }
    if (!pool.is_up() || pool.is_full()) {
        return unavailable("the database cannot be reached");
    }
    return std::nullopt;
}

void store(Pool& pool, Metrics& metrics, int organization, const Request& request, const Respond& respond) {
    json::error_code error;
    const auto event = json::parse(request.body, error); // to a depth of 32
    if (error || !event.is_object()) {
        respond(error_response(400, error ? "the body is no valid JSON: " + error.message()
                                          : std::string("the body is no JSON object")));
        return;
    }
    // The answer comes when the event is committed.
    pool.call({{"SELECT booking.receive_booking_event($1::integer, $2::jsonb)",
                {std::to_string(organization), request.body}}},
              [&metrics, respond](const Answer& answer) {
                  if (answer.ok()) {
                      respond({200, answer.text(0, 0) + "\n"});
                      return;
                  }
                  const int status = status_of_refusal(answer.sqlstate);
                  if (!answer.lost) {
                      metrics.add("booking_relay_inbound_refusals_total", {{"sqlstate", answer.sqlstate}});
                  }
                  if (status == 400) {
                      const bool ours = answer.sqlstate.starts_with("BK");
                      const std::string why = ours ? answer.error : "the event has a value that cannot be stored";
                      Response response = error_response(400, why);
                      response.body = json::serialize(json::object{{"error", why}, {"code", answer.sqlstate}}) + "\n";
                      respond(std::move(response));
                      return;
                  }
                  log(LogLevel::error, "event not stored", {{"sqlstate", answer.sqlstate}, {"error", answer.error}});
                  respond(unavailable("the event could not be stored; send it again"));
              });
}

} // namespace

void add_booking_events(Router& router, Pool& pool, Metrics& metrics, const BookingEventsSettings& settings,
                        std::function<std::string()> status_json) {
    router.add(
        {"POST", booking_events_path,
         [&pool, settings](const Request& request) { return admit(request, settings, pool); },
         [&pool, &metrics, organization = settings.organization](const Request& request, const Respond& respond) {
             store(pool, metrics, organization, request, respond);
         }});
    router.add({"GET", booking_events_path, nullptr,
                [status = std::move(status_json)](const Request&, const Respond& respond) {
                    respond({200, status() + "\n"});
                }});
}

} // namespace pgbk::relay
