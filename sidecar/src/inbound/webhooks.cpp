#include "inbound/webhooks.hpp"

#include "http/client_address.hpp"
#include "inbound/admission.hpp"
#include "inbound/strict_json.hpp"
#include "inbound/verification.hpp"
#include "main/log.hpp"

#include <boost/json.hpp>

#include <chrono>
#include <utility>

namespace pgbk::relay {

namespace {

namespace json = boost::json;

constexpr const char* retry_after_seconds = "30";
constexpr std::size_t most_waiting = 500;                       // on each connection
constexpr std::chrono::milliseconds patience_of_senders{8'000}; // who waits for longer is not there any more

double unix_now() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Response unavailable() {
    Response response = error_response(503, "webhooks cannot be taken at the moment; send it again");
    response.headers.emplace_back("Retry-After", retry_after_seconds);
    return response;
}

Response no_such_source() {
    return error_response(404, "there is no such source of webhooks");
}

std::string text_of(const json::object& object, std::string_view name) {
    const auto* const value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

} // namespace

Webhooks::Webhooks(boost::asio::io_context& loop, Router& router, Metrics& metrics, RelayDatabase& database,
                   const Config& config)
    : metrics_(metrics),
      organization_(config.organization),
      drain_limit_(config.outbound_drain_seconds),
      sources_(database, metrics, [this] { sources_changed(); }),
      failures_(config.inbound_failures_per_minute, random_seed()),
      pool_(loop, metrics,
            {read_dsn(config.database_url),
             {"webhooks", std::chrono::milliseconds(config.database_connect_timeout_ms), patience_of_senders},
             config.inbound_connections,
             most_waiting,
             {{"SELECT booking.relay_connect()"}}}) {
    add_route(router, webhooks_path, [](const Request& request) { return request.parameter("source"); });
    add_route(router, payment_webhook_path, [](const Request&) { return payment_webhook_source; });
}

void Webhooks::stop(std::function<void()> done) {
    stopping_ = true;
    pool_.stop(drain_limit_, std::move(done));
}

// The connections are opened when something can come in.
void Webhooks::sources_changed() {
    if (!started_ && !stopping_ && !sources_.empty()) {
        started_ = true;
        pool_.start();
    }
}

void Webhooks::add_route(Router& router, const std::string& path, const Choose& choose) {
    router.add({"POST", path, [this, choose](const Request& request) { return admit(request, choose(request)); },
                [this, choose](const Request& request, const Respond& respond) {
                    receive(request, choose(request), respond);
                }});
}

// What can be said without the body, which nobody has to send in vain.
std::optional<Response> Webhooks::admit(const Request& request, const std::string& name) {
    if (!sources_.known()) {
        return unavailable();
    }
    const auto source = sources_.find(name, organization_);
    if (!source) {
        return no_such_source();
    }
    const auto claim = read_claim(*source, request);
    if (!claim) {
        return unauthorized(*source, request);
    }
    if (!is_of_now(*source, *claim, unix_now())) { // right or wrong: its body is not worth the memory
        return outside_window(*source, request);
    }
    const auto encoding = request.header("content-encoding");
    if (!is_json(request.header("content-type")) || !(encoding.empty() || encoding == "identity")) {
        count(*source, "malformed");
        return error_response(415, "a webhook must be application/json, without content encoding");
    }
    if (!pool_.is_up() || pool_.is_full() || stopping_) {
        count(*source, "unavailable");
        return unavailable();
    }
    return std::nullopt;
}

void Webhooks::receive(const Request& request, const std::string& name, const Respond& respond) {
    // It may have gone, and its secrets have run out, while the body was on its way.
    const auto source = sources_.find(name, organization_);
    const auto claim = source ? read_claim(*source, request) : std::nullopt;
    if (!source) {
        respond(no_such_source());
        return;
    }
    const Verdict verdict = claim ? verify(*source, *claim, request.body, unix_now(), clock_offset_) : Verdict::forged;
    if (verdict == Verdict::forged) {
        respond(unauthorized(*source, request));
        return;
    }
    if (verdict == Verdict::stale) {
        respond(outside_window(*source, request)); // by now
        return;
    }
    if (!claim->problem.empty()) {
        count(*source, "malformed");
        respond(error_response(400, claim->problem));
        return;
    }
    if (const auto problem = json_problem(request.body); !problem.empty()) {
        count(*source, "malformed");
        respond(error_response(400, "the body is no valid JSON: " + problem));
        return;
    }
    store(source, *claim, request.body, respond);
}

void Webhooks::store(const std::shared_ptr<const Source>& source, const Claim& claim, const std::string& body,
                     const Respond& respond) {
    json::object headers;
    for (const auto& [name, value] : claim.handed_on) {
        headers[name] = value;
    }
    const auto start = std::chrono::steady_clock::now();
    // The answer comes when event and effect are committed.
    pool_.call({{"SELECT booking.receive_webhook($1::uuid, $2::bytea, $3::jsonb)",
                 {source->id, "\\x" + hex(body), json::serialize(headers)}}},
               [this, source, respond, start](const Answer& answer) {
                   const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
                   metrics_.observe("booking_relay_database_seconds", took.count(), {{"call", "receive_webhook"}});
                   respond(answer.ok() ? stored(*source, answer) : not_stored(*source, answer));
               });
}

Response Webhooks::stored(const Source& source, const Answer& answer) {
    json::error_code error;
    const auto outcome = json::parse(answer.text(0, 0), error);
    const json::object fields = error || !outcome.is_object() ? json::object() : outcome.get_object();
    const std::string status = text_of(fields, "status");
    count(source, status);
    log(LogLevel::debug, "webhook stored",
        {{"source", source.id}, {"name", source.name}, {"status", status}, {"event", text_of(fields, "event_id")}});
    return {200, json::serialize(json::object{{"received", true}, {"status", status}}) + "\n"};
}

Response Webhooks::not_stored(const Source& source, const Answer& answer) {
    if (!answer.lost) {
        metrics_.add("booking_relay_inbound_refusals_total", {{"sqlstate", answer.sqlstate}});
    }
    const int status = status_of_webhook_refusal(answer.sqlstate);
    if (status == 404) {
        return no_such_source(); // any more
    }
    if (status == 400) {
        count(source, "malformed");
        Response response = error_response(400, "");
        const std::string_view why = answer.sqlstate.starts_with("BK") ? std::string_view(answer.error)
                                                                       : "the event has a value that cannot be stored";
        response.body = json::serialize(json::object{{"error", why}, {"code", answer.sqlstate}}) + "\n";
        return response;
    }
    count(source, "unavailable");
    log(LogLevel::error, "webhook not stored",
        {{"source", source.id}, {"name", source.name}, {"sqlstate", answer.sqlstate}, {"error", answer.error}});
    return unavailable();
}

// Only who fails is counted and held up: nobody can use up what a sender with the right signature needs.
Response Webhooks::unauthorized(const Source& source, const Request& request) {
    count(source, "unauthorized");
    if (auto refused = held_up(request)) {
        return std::move(*refused);
    }
    log(LogLevel::warn, "webhook with a wrong signature",
        {{"source", source.id}, {"name", source.name}, {"client", client_key(request.client)}});
    Response response = error_response(401, "the signature is missing or wrong");
    response.headers.emplace_back("WWW-Authenticate", "Signature");
    response.last = true; // the next guess costs a connection
    return response;
}

// Of these, too: its signature may not have been looked at.
Response Webhooks::outside_window(const Source& source, const Request& request) {
    count(source, "outside_window");
    if (auto refused = held_up(request)) {
        return std::move(*refused);
    }
    log(LogLevel::warn, "webhook outside of its time",
        {{"source", source.id}, {"name", source.name}, {"client", client_key(request.client)}});
    return error_response(400, "the timestamp is too far from now");
}

std::optional<Response> Webhooks::held_up(const Request& request) {
    const auto wait = failures_.refuse(request.client, steady_now());
    if (!wait) {
        return std::nullopt;
    }
    Response response = error_response(429, "too many webhooks that were refused");
    response.headers.emplace_back("Retry-After", std::to_string(wait->count()));
    response.last = true;
    return response;
}

void Webhooks::count(const Source& source, std::string_view result) {
    metrics_.add("booking_relay_webhooks_total",
                 {{"scheme", std::string(name_of(source.scheme))}, {"result", std::string(result)}});
}

} // namespace pgbk::relay
