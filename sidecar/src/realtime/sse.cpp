#include "realtime/sse.hpp"

#include "http/cors.hpp"
#include "realtime/sse_text.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <random>
#include <utility>

namespace pgbk::relay {

namespace {

constexpr std::chrono::seconds heartbeat_interval{15};
constexpr std::chrono::seconds patience{1}; // between two tries to reach a database that is away
constexpr int most_tries = 10;              // before there is an answer; then the browser comes back by itself
constexpr std::chrono::seconds last_write_limit{10};
constexpr std::string_view expiry = "the token has expired";
// Not the same for all, so that they do not come back all at once when the relay has been restarted.
constexpr int shortest_retry = 1'000; // milliseconds
constexpr int longest_retry = 3'000;

Frame framed(std::string text) {
    return std::make_shared<const std::string>(std::move(text));
}

// What the streams have in common.
struct Events {
    Hub& hub;
    Common& common;
    Frame heartbeat = framed(std::string(sse::heartbeat));
    std::minstd_rand random{std::random_device()()};

    // Of the event that is being delivered: written once for all who see the same of it.
    SharedEvent written;
    std::array<Frame, number_of_views> frames;

    Events(Hub& of, Common& with) : hub(of), common(with) {}

    const Frame& frame_of(const SharedEvent& event, View view) {
        if (written != event) {
            written = event;
            frames = {};
        }
        Frame& frame = frames.at(static_cast<std::size_t>(view));
        if (!frame) {
            frame = framed(sse::event(event->seq, event->kind, *event->body(view)));
        }
        return frame;
    }

    std::chrono::milliseconds retry() {
        return std::chrono::milliseconds(std::uniform_int_distribution(shortest_retry, longest_retry)(random));
    }
};

class Stream : public Subscriber, public std::enable_shared_from_this<Stream> {
public:
    Stream(std::shared_ptr<Events> events, Request request, SharedWire wire)
        : events_(std::move(events)),
          request_(std::move(request)),
          wire_(std::move(wire)),
          timer_(events_->common.loop),
          wish_(sse::read_wish(request_)) {}

    // The wire keeps us until it is closed.
    void start() {
        const auto self = shared_from_this();
        place_ = events_->common.admissions.enter(request_, [weak = weak_from_this()] {
            if (const auto stream = weak.lock()) {
                stream->end();
            }
        });
        wire_->start([](std::string_view) {}, [self] { self->ended(); });
        if (wish_.problem.empty()) {
            ask_who();
        } else {
            refuse(400, wish_.problem);
        }
    }

    const Identity& identity() const override { return identity_; }

    void deliver(const SharedEvent& event, View view) override {
        if (open_ && !behind_ && !is_expired()) {
            cursor_ = std::max(cursor_, event->seq);
            write(events_->frame_of(event, view));
        }
    }

    bool congested() const override { return wire_->waiting() > events_->common.limits.queue_limit / 2; }

private:
    // Before the answer

    void ask_who() {
        const auto told = [weak = weak_from_this()](Hub::Admission admission) {
            if (const auto self = weak.lock(); self && self->open_) {
                self->judge(std::move(admission));
            }
        };
        if (!events_->hub.position()) {
            hold();
        } else if (wish_.booking) {
            events_->hub.admit_booking(*wish_.booking, told);
        } else {
            events_->hub.admit(wish_.token, told);
        }
    }

    // A browser never comes back after an error, but it does after none.
    void hold() {
        if (++tries_ > most_tries) {
            wire_->close();
        } else {
            after(patience, &Stream::ask_who);
        }
    }

    void judge(Hub::Admission admission) {
        if (admission.unavailable) {
            hold();
            return;
        }
        if (!admission.identity) {
            refuse(401, admission.reason);
            return;
        }
        identity_ = std::move(*admission.identity);
        if (is_expired()) { // while it was looked up
            refuse(401, expiry);
            return;
        }
        if (wish_.rooms.empty()) {
            wish_.rooms = identity_.own_rooms();
        }
        if (wish_.rooms.empty()) {
            refuse(400, "topics is missing: what to tell of, such as topics=public");
            return;
        }
        if (const auto foreign = room_of_others(); foreign != wish_.rooms.end()) {
            refuse(403, *foreign + " is not for whoever has this token");
            return;
        }
        subscribe();
    }

    std::vector<std::string>::const_iterator room_of_others() const {
        return std::find_if(wish_.rooms.cbegin(), wish_.rooms.cend(),
                            [this](const std::string& room) { return !identity_.may_join(room); });
    }

    bool is_expired() const { return identity_.expired_by(std::chrono::system_clock::now()); }

    void subscribe() {
        for (std::size_t i = 0; i < wish_.rooms.size(); ++i) {
            slots_.push_back(events_->common.subscriptions.take(identity_, i));
            if (!slots_.back()) {
                refuse(429,
                       "there may be " + std::to_string(events_->common.subscriptions.limit()) + " topics at a time");
                return;
            }
        }
        if (const auto now = events_->hub.position()) {
            answer(*now);
        } else {
            hold();
        }
    }

    void refuse(int status, std::string_view why) {
        Response response = error_response(status, why);
        if (status == 401) {
            response.headers.emplace_back("WWW-Authenticate", "Bearer");
        }
        const std::string origin = request_.header("origin");
        add_cors_headers(response, origin, events_->common.admissions.allows_origin(origin));
        wire_->write(framed(last_words(response, request_.method == "HEAD")));
        end();
    }

    // The answer

    void answer(std::int64_t now) {
        const bool allowed = events_->common.admissions.allows_origin(request_.header("origin"));
        write(framed(sse::head(request_, allowed)));
        if (request_.method == "HEAD") {
            end();
            return;
        }
        cursor_ = wish_.after.value_or(now);
        write(framed(sse::start(events_->retry(), cursor_)));
        if (wish_.unknown_cursor) {
            reset(now);
        }
        resumes_ = wish_.after.has_value();
        request_ = {};
        recheck_ = events_->common.rechecks.watch(shared_from_this(),
                                                  {std::exchange(wish_.token, {}), wish_.booking.value_or("")},
                                                  [this](const Hub::Admission& admission) { judge_again(admission); });
        answered_ = true;
        join();
        beat();
    }

    // The client comes back by itself, and is refused then, or told what is its own now.
    void judge_again(const Hub::Admission& admission) {
        if (!admission.identity) {
            expire(admission.reason);
            return;
        }
        identity_ = *admission.identity;
        if (const auto foreign = room_of_others(); foreign != wish_.rooms.end()) {
            expire(*foreign + " is not for whoever has this token any more");
        }
    }

    void expire(std::string_view why) {
        write(framed(sse::event(0, "expired", {{"reason", why}})));
        end();
    }

    void join() {
        events_->hub.join(shared_from_this(), wish_.rooms, resumes_ ? std::optional(cursor_) : std::nullopt,
                          [weak = weak_from_this()](Resumption result) {
                              if (const auto self = weak.lock(); self && self->open_) {
                                  self->joined(result);
                              }
                          });
    }

    void joined(Resumption result) {
        if (result == Resumption::failed) {
            resumes_ = true; // what happens meanwhile is asked for then
            join_due_ = true;
            beat();
            return;
        }
        joined_ = true; // and has been told all up to the hub's position
        if (result == Resumption::too_old) {
            reset(events_->hub.position().value_or(cursor_));
        }
    }

    void reset(std::int64_t now) {
        constexpr const char* reason = "what was missed is not kept any more: look at the present state";
        cursor_ = now;
        write(framed("id: " + std::to_string(now) + "\n" + sse::event(0, "reset", {{"reason", reason}})));
    }

    // Whoever does not read comes back for the rest; what has been written arrives, if it is taken. Not at once: the
    // hub may be in the middle of telling us.
    void write(const Frame& frame) {
        wire_->write(frame);
        if (wire_->waiting() > events_->common.limits.queue_limit && !std::exchange(behind_, true)) {
            boost::asio::post(events_->common.loop, [self = shared_from_this()] { self->end(); });
        }
    }

    // The next thing that time brings.
    void beat() {
        using Clock = std::chrono::system_clock;
        std::chrono::steady_clock::duration pause = join_due_ ? patience : heartbeat_interval;
        if (identity_.expires) {
            pause = std::min(pause, std::chrono::steady_clock::duration(*identity_.expires - Clock::now()));
        }
        after(pause, &Stream::on_time);
    }

    void on_time() {
        if (is_expired()) {
            expire(expiry);
        } else if (std::exchange(join_due_, false)) {
            join();
            beat();
        } else {
            give_sign_of_life();
            beat();
        }
    }

    // Where nothing happens for long, what the client knows of its place would become too old to go on from.
    void give_sign_of_life() {
        const auto now = joined_ ? events_->hub.position().value_or(cursor_) : cursor_;
        write(now > cursor_ ? framed(sse::cursor(now)) : events_->heartbeat);
        cursor_ = std::max(cursor_, now);
    }

    void after(std::chrono::steady_clock::duration pause, void (Stream::*then)()) {
        timer_.expires_after(pause);
        timer_.async_wait([weak = weak_from_this(), then](boost::system::error_code error) {
            const auto self = weak.lock();
            if (!error && self && self->open_) {
                (self.get()->*then)();
            }
        });
    }

    // Nothing more is written; what is waiting has a while to arrive.
    void end() {
        if (!std::exchange(open_, false)) {
            return;
        }
        leave();
        wire_->finish();
        timer_.expires_after(last_write_limit);
        timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
            const auto self = weak.lock();
            if (!error && self) {
                self->wire_->close();
            }
        });
    }

    void ended() {
        open_ = false;
        timer_.cancel();
        leave();
        place_.reset();
    }

    void leave() {
        recheck_.reset();
        slots_.clear();
        if (std::exchange(answered_, false)) {
            events_->hub.leave_all(*this);
        }
    }

    std::shared_ptr<Events> events_;
    Request request_;
    SharedWire wire_;
    boost::asio::steady_timer timer_;
    sse::Wish wish_;
    Identity identity_;
    std::shared_ptr<void> place_;
    std::vector<Subscriptions::Slot> slots_;
    Rechecks::Watch recheck_;
    std::int64_t cursor_ = 0; // where the client stands
    int tries_ = 0;
    bool open_ = true;
    bool answered_ = false;
    bool resumes_ = false; // what has happened since the cursor is still to be told
    bool join_due_ = false;
    bool joined_ = false;
    bool behind_ = false;
};

// full: there is no room, which is not said: see Stream::hold.
std::optional<Response> refused(const Request& request, Common& common, bool& full) {
    auto refusal = common.admissions.refuse(request);
    full = refusal && refusal->status == 503;
    if (!refusal || full) {
        return std::nullopt;
    }
    const std::string origin = request.header("origin");
    add_cors_headers(*refusal, origin, common.admissions.allows_origin(origin));
    return refusal;
}

} // namespace

void add_sse(Router& router, Hub& hub, Common& common) {
    const std::string path = "/events";
    const auto events = std::make_shared<Events>(hub, common);
    const auto full = std::make_shared<bool>(false); // said by admit to take, which follows at once
    Route route{"GET", path, [&common, full](const Request& request) { return refused(request, common, *full); },
                nullptr};
    route.mark = [&common](const Request& request, Response& response) {
        const std::string origin = request.header("origin");
        add_cors_headers(response, origin, common.admissions.allows_origin(origin));
    };
    route.take = [events, full](Request request, SharedWire wire) {
        if (*full) {
            wire->close();
        } else {
            std::make_shared<Stream>(events, std::move(request), std::move(wire))->start();
        }
    };
    router.add(std::move(route));
    router.add({"OPTIONS", path, nullptr, [&common](const Request& request, const Respond& respond) {
                    const bool allowed = common.admissions.allows_origin(request.header("origin"));
                    respond(preflight_response(request, "GET", allowed));
                }});
}

} // namespace pgbk::relay
