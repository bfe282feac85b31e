// The routes of a booking's buyer: POST /functions/v1/booking-create, -schedule, -cancel, -reschedule and -change, and
// GET /functions/v1/booking-status. Each is one SQL function, jsonb in and out, called as booking_public: whoever asks
// has the rights of a visitor, and what a visitor may do to a booking the function decides by its token. A bearer token
// that is no booking's gives nobody any other role: it is not looked at. In the same way, what visitors' web pages ask:
// catalogue.hpp, holds.hpp.
#pragma once

#include "config/config.hpp"
#include "db/pool.hpp"
#include "db/venue_origins.hpp"
#include "gateway/function.hpp"
#include "http/cors.hpp"
#include "main/room.hpp"
#include "web/pages.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <list>
#include <optional>
#include <string>

namespace pgbk::relay {

class Gateway : public Room {
public:
    Gateway(boost::asio::io_context& loop, Router& router, Metrics& metrics, const Config& config);

    void start() override;
    void stop(std::function<void()> done) override;
    void wake() override; // what somebody waits for may be there

private:
    using Function = GatewayFunction;

    using LookAgain = std::function<std::optional<Statement>(const Request&, const std::string& answer)>;
    void add_change(Router& router, const std::string& word, int per_minute, LookAgain look_again = nullptr);
    void add(Router& router, const std::string& path, Function function);
    std::optional<Response> admit(const Request& request, Function& function);
    std::optional<Response> reason_to_refuse(const Request& request, Function& function);
    std::optional<Response> why_not_now() const;
    void call(const Request& request, const Respond& respond, const Function& function);
    Response answered(const Function& function, const Answer& answer);
    Response for_origin(Response response, const std::string& origin) const;

    // An answer that is kept back for a moment, until what is pending is there.
    struct Waiting {
        Request request;
        Respond respond;
        const Function* function = nullptr;
        Response response;
        Statement look;
        std::chrono::steady_clock::time_point until;
        bool is_due = true; // somebody has said that it may be there, or a while has passed
        bool is_asking = false;
    };
    void send(const Request& request, const Respond& respond, const Function& function, Response response);
    void look_at_due();
    void look_again(std::list<Waiting>::iterator waiting);
    void let_go(std::list<Waiting>::iterator waiting);
    void look_later();

    Metrics& metrics_;
    std::chrono::seconds drain_limit_;
    std::string organization_;
    Origins origins_;
    Pages pages_;
    Pool pool_;
    VenueOrigins venue_origins_;
    std::chrono::milliseconds patience_;
    std::list<Waiting> waiting_;
    std::list<Waiting> gone_;              // answered, while the database was being asked
    std::size_t asking_ = 0;               // for how many of both
    boost::asio::steady_timer look_timer_; // nobody may have said that it is there
    std::deque<Function> functions_;       // the routes keep references to them
    bool stopping_ = false;
};

} // namespace pgbk::relay
