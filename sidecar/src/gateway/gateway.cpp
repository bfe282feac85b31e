#include "gateway/gateway.hpp"

#include "gateway/catalogue.hpp"
#include "gateway/holds.hpp"
#include "gateway/pending.hpp"
#include "gateway/problem.hpp"
#include "gateway/waitlist.hpp"
#include "http/bearer.hpp"
#include "inbound/admission.hpp"
#include "inbound/strict_json.hpp"
#include "main/log.hpp"
#include "main/parts.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace pgbk::relay {

namespace {

namespace asio = boost::asio;

constexpr std::size_t most_body = 64UL * 1024;
constexpr std::size_t most_waiting = 64;    // on each connection
constexpr std::size_t most_kept_back = 256; // answers
constexpr std::size_t most_asking = 8;      // of them at a time: whoever comes now is not to wait behind all of them
constexpr std::chrono::milliseconds look_interval{500};
constexpr const char* status_sql = "SELECT booking.booking_status($1::text)";

// The role and the claims end with the transaction.
const Statement as_visitor{"SELECT set_config('role', 'booking_public', true), "
                           "set_config('request.jwt.claims', '{\"role\":\"booking_public\"}', true)"};

// The body, if it is a JSON object.
std::optional<std::string> object_text(const Request& request, Response& refusal) {
    if (const auto problem = json_problem(request.body); !problem.empty()) {
        refusal = error_response(400, "the body is no valid JSON: " + problem);
        return std::nullopt;
    }
    if (request.body[request.body.find_first_not_of(" \t\r\n")] != '{') {
        refusal = error_response(400, "the body is no JSON object");
        return std::nullopt;
    }
    return request.body;
}

// In the query, as the links of the flow have it; or as bearer token, for callers who want to keep it out of the logs
// of the proxies between.
std::optional<std::string> booking_token(const Request& request) {
    return request.query.contains("token") ? request.query_value("token") : bearer_token(request);
}

} // namespace

Gateway::Gateway(boost::asio::io_context& loop, Router& router, Metrics& metrics, const Config& config)
    : metrics_(metrics),
      drain_limit_(config.outbound_drain_seconds),
      organization_(std::to_string(config.organization)),
      origins_(parse_origins(config.gateway_allowed_origins).value_or(std::vector<std::string>())),
      pool_(loop, metrics,
            {read_dsn(config.database_url),
             link_settings(config, "gateway"),
             config.gateway_connections,
             most_waiting,
             {{"SELECT booking.relay_connect()"}},
             [this] { venue_origins_.load(); }}),
      venue_origins_(loop, pool_, organization_,
                     [this](const std::vector<std::string>& origins) { origins_.set_of_venues(origins); }),
      patience_(config.gateway_payment_wait_ms),
      look_timer_(loop) {
    // By the token of the answer, or of the request.
    const auto by_token = [](const Request& request, const std::string& answer) {
        auto token = text_member(answer, "bookingToken");
        token = token ? token : text_member(request.body, "bookingToken");
        return token ? std::optional(Statement{status_sql, {std::move(token)}}) : std::nullopt;
    };
    add(router, "/functions/v1/booking-create",
        {"POST", "booking_create", "SELECT booking.booking_create($1::integer, $2::jsonb)",
         [this](const Request& request, Response& refusal) {
             auto body = object_text(request, refusal);
             return body ? std::optional(Parameters{organization_, std::move(body)}) : std::nullopt;
         },
         RateLimiter(config.gateway_create_per_minute, random_seed()), nullptr, by_token});
    add_change(router, "schedule", config.gateway_schedule_per_minute, by_token);
    add_change(router, "cancel", config.gateway_change_per_minute);
    add_change(router, "reschedule", config.gateway_change_per_minute, by_token);
    add_change(router, "change", config.gateway_change_per_minute);
    add(router, "/functions/v1/booking-status",
        {"GET", "booking_status", status_sql,
         [](const Request& request, Response&) { return std::optional(Parameters{booking_token(request)}); },
         RateLimiter(config.gateway_status_per_minute, random_seed())});
    const auto add_one = [&](const std::string& path, Function function) { add(router, path, std::move(function)); };
    add_catalogue(config, pages_, add_one);
    add_holds(config, add_one);
    add_waitlist(config, add_one);
    pages_.add_to(router);
}

void Gateway::start() {
    pool_.start();
}

void Gateway::stop(std::function<void()> done) {
    stopping_ = true;
    venue_origins_.stop();
    look_timer_.cancel();
    while (!waiting_.empty()) {
        let_go(waiting_.begin());
    }
    pool_.stop(drain_limit_, std::move(done));
}

// booking-WORD: POST, and the body is the request of booking.booking_WORD(jsonb), which names the booking by its token.
void Gateway::add_change(Router& router, const std::string& word, int per_minute, LookAgain look_again) {
    add(router, "/functions/v1/booking-" + word,
        {"POST", "booking_" + word, "SELECT booking.booking_" + word + "($1::jsonb)",
         [](const Request& request, Response& refusal) {
             auto body = object_text(request, refusal);
             return body ? std::optional(Parameters{std::move(body)}) : std::nullopt;
         },
         RateLimiter(per_minute, random_seed()), nullptr, std::move(look_again)});
}

void Gateway::add(Router& router, const std::string& path, Function given) {
    Function& function = functions_.emplace_back(std::move(given));
    router.add({function.method, path, [this, &function](const Request& request) { return admit(request, function); },
                [this, &function](const Request& request, const Respond& respond) { call(request, respond, function); },
                most_body,
                [this](const Request& request, Response& response) {
                    const std::string origin = request.header("origin");
                    add_cors_headers(response, origin, origins_.allow(origin));
                }});
    router.add({"OPTIONS", path, nullptr, [this, &function](const Request& request, const Respond& respond) {
                    const bool allowed = origins_.allow(request.header("origin"));
                    respond(preflight_response(request, function.method, allowed));
                }});
}

std::optional<Response> Gateway::admit(const Request& request, Function& function) {
    auto refusal = reason_to_refuse(request, function);
    return refusal ? std::optional(for_origin(std::move(*refusal), request.header("origin"))) : std::nullopt;
}

// Without the body, which nobody has to send in vain.
std::optional<Response> Gateway::reason_to_refuse(const Request& request, Function& function) {
    if (const auto wait = function.limiter.refuse(request.client, steady_now())) {
        Response response = error_response(429, "too many requests from this address; try again later");
        response.headers.emplace_back("Retry-After", std::to_string(wait->count()));
        return response;
    }
    const std::string encoding = request.header("content-encoding");
    if (function.method == "POST" &&
        (!is_json(request.header("content-type")) || !(encoding.empty() || encoding == "identity"))) {
        return error_response(415, "the body must be application/json, without content encoding");
    }
    return why_not_now();
}

std::optional<Response> Gateway::why_not_now() const {
    if (!pool_.is_up() || stopping_) {
        return unavailable_response("bookings cannot be reached at the moment; try again", 5);
    }
    if (pool_.is_full()) {
        return unavailable_response("too many others are being served; try again", 1);
    }
    return std::nullopt;
}

void Gateway::call(const Request& request, const Respond& respond, const Function& function) {
    const std::string origin = request.header("origin");
    if (auto refusal = why_not_now()) { // it may have changed while the body came
        respond(for_origin(std::move(*refusal), origin));
        return;
    }
    Response refusal;
    auto parameters = function.parameters(request, refusal);
    if (!parameters) {
        respond(for_origin(std::move(refusal), origin));
        return;
    }
    const auto start = std::chrono::steady_clock::now();
    pool_.call({as_visitor, {function.sql, std::move(*parameters)}},
               [this, respond, request, origin, start, &function](const Answer& answer) {
                   const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
                   metrics_.observe("booking_relay_database_seconds", took.count(), {{"call", function.name}});
                   Response response = answered(function, answer);
                   if (function.finish) {
                       function.finish(request, response);
                   }
                   send(request, respond, function, std::move(response));
               });
}

// At once, or, where a provider is being asked for something that belongs to it, a moment later: then the visitor is
// spared a second request.
void Gateway::send(const Request& request, const Respond& respond, const Function& function, Response response) {
    auto look = response.status == 200 && function.look_again && !stopping_ && patience_.count() > 0 &&
                        waiting_.size() < most_kept_back && is_pending(response.body)
                    ? function.look_again(request, response.body)
                    : std::nullopt;
    if (!look) {
        respond(for_origin(std::move(response), request.header("origin")));
        return;
    }
    waiting_.push_back({request, respond, &function, std::move(response), std::move(*look),
                        std::chrono::steady_clock::now() + patience_});
    if (waiting_.size() == 1) {
        look_later();
    }
    look_at_due(); // it may have come between the answer and now
}

void Gateway::wake() {
    const auto now = std::chrono::steady_clock::now();
    for (auto each = waiting_.begin(); each != waiting_.end();) {
        const auto waiting = each++;
        waiting->is_due = true;
        if (now >= waiting->until || !pool_.is_up()) {
            let_go(waiting);
        }
    }
    look_at_due();
}

// In turn: who was asked for goes to the end.
void Gateway::look_at_due() {
    std::size_t left = waiting_.size();
    for (auto each = waiting_.begin(); left > 0 && asking_ < most_asking; --left) {
        const auto waiting = each++;
        if (waiting->is_due && !waiting->is_asking) {
            waiting_.splice(waiting_.end(), waiting_, waiting);
            look_again(waiting);
        }
    }
}

void Gateway::look_again(std::list<Waiting>::iterator waiting) {
    waiting->is_due = false;
    waiting->is_asking = true;
    ++asking_;
    pool_.call({as_visitor, waiting->look}, [this, waiting](const Answer& answer) {
        waiting->is_asking = false;
        --asking_;
        if (waiting->function == nullptr) { // let go meanwhile
            gone_.erase(waiting);
        } else if (!answer.ok()) {
            let_go(waiting);
        } else if (const std::string state = answer.text(0, 0); !is_pending(state)) {
            waiting->response.body = completed_answer(waiting->response.body, state);
            let_go(waiting);
        }
        look_at_due();
    });
}

void Gateway::let_go(std::list<Waiting>::iterator waiting) {
    const Respond respond = std::move(waiting->respond);
    Response response = for_origin(std::move(waiting->response), waiting->request.header("origin"));
    waiting->function = nullptr;
    if (waiting->is_asking) { // its answer takes it away
        gone_.splice(gone_.end(), waiting_, waiting);
    } else {
        waiting_.erase(waiting);
    }
    respond(std::move(response));
}

void Gateway::look_later() {
    look_timer_.expires_after(std::min(look_interval, patience_));
    look_timer_.async_wait([this](boost::system::error_code error) {
        if (error) {
            return;
        }
        wake();
        if (!waiting_.empty()) {
            look_later();
        }
    });
}

Response Gateway::answered(const Function& function, const Answer& answer) {
    if (answer.ok()) {
        return {200, answer.text(0, 0) + "\n"};
    }
    if (!answer.lost) {
        metrics_.add("booking_relay_database_errors_total", {{"call", function.name}, {"sqlstate", answer.sqlstate}});
    }
    Response response = problem_response({answer.sqlstate, answer.error, answer.field, answer.hint});
    if (response.status >= 500) {
        log(LogLevel::error, "a request was not served",
            {{"call", function.name}, {"sqlstate", answer.sqlstate}, {"error", answer.error}});
    }
    return response;
}

Response Gateway::for_origin(Response response, const std::string& origin) const {
    add_cors_headers(response, origin, origins_.allow(origin));
    return response;
}

} // namespace pgbk::relay
