#include "realtime/supabase/channel.hpp"

#include "realtime/supabase/connection.hpp"
#include "realtime/topics.hpp"
#include "realtime/websocket.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace pgbk::relay::supabase {

namespace {

namespace json = boost::json;

// Each costs memory, and time while it is joined.
constexpr std::size_t most_rooms = 500;
constexpr std::string_view of_changes = "postgres_changes";
constexpr std::string_view of_the_channel = "system";

// What the channel's name is in the client's code.
std::string name_of(const std::string& topic) {
    return topic.substr(std::min(topic.size(), topic.find(':') + 1));
}

std::size_t dots(std::string_view token) {
    return static_cast<std::size_t>(std::count(token.begin(), token.end(), '.'));
}

// The token of a booking has one dot, a JWT two.
bool is_of_booking(std::string_view token) {
    return dots(token) == 1;
}

// Keys of the newer kind are no tokens; clients push them all the same, and their API key where they have nothing else.
bool counts(const std::string& token, const std::string& apikey) {
    return !token.empty() && token != apikey && !token.starts_with("sb_");
}

} // namespace

Channel::Channel(Connection& connection, Heading heading, Join join, std::optional<std::int64_t> before)
    : connection_(&connection), heading_(std::move(heading)), join_(std::move(join)), heard_(before) {}

// Joining

void Channel::start() {
    const std::string& apikey = connection_->hello().apikey;
    const bool by_access_token = counts(join_.access_token, apikey);
    // A key that is no token of ours is anybody's: whoever has it is a visitor.
    constexpr std::size_t dots_of_a_token = 2;
    const std::string token =
        by_access_token ? join_.access_token : (dots(apikey) == dots_of_a_token ? apikey : std::string());
    admit(token, [self = shared_from_this(), token, by_access_token](const Hub::Admission& admission) {
        if (self->state_ == State::joining && self->tokens_ == 0) { // or a later token decides
            self->admitted(admission, token, by_access_token);
        }
    });
}

void Channel::admit(const std::string& token, std::function<void(Hub::Admission)> done) {
    Hub& hub = connection_->shared().hub;
    if (token.empty()) {
        done({Identity(), "", false});
    } else if (is_of_booking(token)) {
        hub.admit_booking(token, std::move(done));
    } else {
        hub.admit(token, std::move(done));
    }
}

// Who has it is asked for again from now on.
void Channel::watch(const std::string& token) {
    Rechecks::Shown shown;
    (is_of_booking(token) ? shown.booking : shown.token) = token;
    recheck_ = connection_->shared().rechecks.watch(
        shared_from_this(), std::move(shown), [this](const Hub::Admission& admission) {
            if (admission.identity) {
                change_identity(*admission.identity);
            } else {
                close_for_good(std::string(of_the_channel), "Unauthorized: " + admission.reason);
            }
        });
}

void Channel::admitted(const Hub::Admission& admission, const std::string& token, bool by_access_token) {
    if (admission.unavailable) {
        refuse("the database cannot be asked now");
        return;
    }
    if (!admission.identity && by_access_token) {
        refuse("Unauthorized: " + admission.reason);
        return;
    }
    is_admitted_ = true;
    if (admission.identity) {
        watch(token);
    }
    identity_ = admission.identity.value_or(Identity());
    slot_ = connection_->shared().subscriptions.take(identity_, connection_->channels() - 1);
    if (!slot_) {
        refuse("ChannelRateLimitReached: Too many channels, the limit is " +
               std::to_string(connection_->shared().subscriptions.limit()));
        return;
    }
    if (const auto why = private_problem(identity_); !why.empty()) {
        refuse(why);
        return;
    }
    std::string problem;
    auto wanted = rooms(identity_, problem);
    if (!wanted) {
        refuse(problem);
        return;
    }
    enter(std::move(*wanted));
}

// One that has the name of a room is for those whom the room is for; any other for users. Whoever has shown the token
// of a booking is no user, and has a room of that booking only.
std::string Channel::private_problem(const Identity& identity) const {
    if (!join_.is_private) {
        return {};
    }
    const bool is_user = !identity.user.empty() || identity.service;
    if (!is_user && identity.booking.empty()) {
        return "Unauthorized: a private channel needs a token";
    }
    const auto named = relay::parse_topics(name_of(heading_.topic));
    const bool is_room = named.problem.empty() && !named.rooms.empty();
    const bool is_theirs = is_room ? std::all_of(named.rooms.begin(), named.rooms.end(),
                                                 [&](const std::string& room) {
                                                     return identity.may_talk_in(room) &&
                                                            (is_user || room == "booking:" + identity.booking);
                                                 })
                                   : is_user;
    return is_theirs ? "" : "Unauthorized: this private channel is not for whoever has this token";
}

std::optional<std::vector<std::string>> Channel::rooms(const Identity& identity, std::string& problem) const {
    std::set<std::string> all;
    for (const Binding& binding : join_.bindings) {
        const auto some = rooms_of(binding, identity, problem);
        if (!some) {
            return std::nullopt;
        }
        all.insert(some->begin(), some->end());
    }
    if (all.size() > most_rooms) {
        problem = "a channel is about at most " + std::to_string(most_rooms) + " places, customers and bookings";
        return std::nullopt;
    }
    return std::vector<std::string>(all.begin(), all.end());
}

// Where what is told begins. Who comes back has been away for some time without our knowing, with a relay that is gone
// or as another of its connections: it is told again what happened in the last minutes, and everything after what it is
// known to have heard if that is longer ago. To somebody new: what happens from now on.
void Channel::enter(std::vector<std::string> rooms) {
    rooms_.insert(rooms.begin(), rooms.end());
    Shared& shared = connection_->shared();
    if (!heard_ && !who().empty()) {
        heard_ = shared.cursors.find(who(), shared.steady_now());
    }
    if (rooms_.empty() || !connection_->is_return()) {
        enter_after(heard_);
        return;
    }
    shared.hub.position_before(shared.rejoin_window, [self = shared_from_this()](std::optional<std::int64_t> position) {
        if (self->state_ != State::joining) {
            return;
        }
        if (position) {
            self->enter_after(std::min(*position, self->heard_.value_or(*position)));
        } else {
            self->refuse("the database cannot be asked now");
        }
    });
}

void Channel::enter_after(std::optional<std::int64_t> after) {
    Hub& hub = connection_->shared().hub;
    heard_ = after ? after : hub.position();
    written_ = heard_;
    if (rooms_.empty()) {
        entered(Resumption::complete);
        return;
    }
    hub.join(shared_from_this(), std::vector<std::string>(rooms_.begin(), rooms_.end()), after,
             [self = shared_from_this()](Resumption resumption) {
                 if (self->state_ != State::closed) {
                     self->entered(resumption);
                 }
             });
}

// With what was missed, if it is there: the client has been told that it has joined, before.
void Channel::entered(Resumption resumption) {
    if (resumption == Resumption::failed) {
        if (state_ == State::joining) {
            refuse("the database cannot be asked now");
        } else {
            fail();
        }
        return;
    }
    open();
    caught_up_ = true;
    if (resumption == Resumption::too_old) {
        system(std::string(of_changes), false,
               "Changes were missed that are not kept any more: load the present state");
    }
}

void Channel::open() {
    if (state_ != State::joining) {
        return;
    }
    state_ = State::open;
    Topics& topics = connection_->shared().topics;
    topics.enter(key(), *this);
    reply_to(heading_, true, json::serialize(json::object{{of_changes, std::move(join_.echo)}}));
    join_.echo = {};
    if (!join_.bindings.empty()) {
        system(std::string(of_changes), true, "Subscribed to PostgreSQL");
    }
    if (join_.presence) {
        push("presence_state", json::serialize(topics.state(key())));
    }
    connection_->plan();
}

void Channel::refuse(const std::string& reason) {
    reply_to(heading_, false, reason_json(reason));
    end();
}

// Being told

void Channel::deliver(const SharedEvent& event, View view) {
    if (state_ != State::closed) {
        open();
        write(event, view);
    }
}

// What was missed may be more than is allowed to wait.
bool Channel::congested() const {
    return connection_ != nullptr && connection_->outlet().waiting() > connection_->shared().queue_limit / 2;
}

// Nothing after expiry: the timer may come late.
void Channel::write(const SharedEvent& event, View view) {
    Shared& shared = connection_->shared();
    if (expires_by(shared.now())) {
        return;
    }
    const std::size_t changes = shared.deliveries.changes(event, view).size();
    for (std::size_t place = 0; place < changes; ++place) {
        write_change(event, view, place);
    }
}

void Channel::write_change(const SharedEvent& event, View view, std::size_t place) {
    Deliveries& deliveries = connection_->shared().deliveries;
    const Deliveries::Told& told = deliveries.changes(event, view)[place];
    if (told.change.of_seats && !shows_seats_of(*event)) {
        return;
    }
    std::vector<std::pair<const Binding*, std::vector<int>>> messages; // what differs only by the subscription's id
    for (const Binding& binding : join_.bindings) {
        if (!binding.takes(told.change) || (told.change.of_seats && !binding.asks_for_seats()) ||
            !binding.filter.passes(told.record.members)) {
            continue;
        }
        const auto same = std::find_if(messages.begin(), messages.end(), [&](const auto& message) {
            return message.first->schema == binding.schema && message.first->table_name == binding.table_name &&
                   message.first->selected == binding.selected;
        });
        if (same == messages.end()) {
            messages.emplace_back(&binding, std::vector<int>{binding.id});
        } else {
            same->second.push_back(binding.id);
        }
    }
    for (const auto& [binding, ids] : messages) {
        send(deliveries.frame(told, *binding, ids, version(), heading_.topic));
    }
}

bool Channel::shows_seats_of(const Event& event) const {
    return !identity_.service && !identity_.organizations.contains(event.organization);
}

void Channel::heartbeat() {
    if (caught_up_) {
        heard_ = written_;
        written_ = connection_->shared().hub.position();
    }
}

// Who is told

void Channel::take_token(const std::string& token) {
    if (!counts(token, connection_->hello().apikey)) {
        return;
    }
    admit(token, [self = shared_from_this(), token, number = ++tokens_](const Hub::Admission& admission) {
        if (self->state_ == State::closed || number != self->tokens_) {
            return;
        }
        if (!self->is_admitted_) {
            self->admitted(admission, token, true);
        } else if (admission.unavailable) {
            return; // the one before is good until it expires
        } else if (admission.identity) {
            self->watch(token);
            self->change_identity(*admission.identity);
        } else {
            self->close_for_good(std::string(of_the_channel), "Unauthorized: " + admission.reason);
        }
    });
}

void Channel::change_identity(Identity identity) {
    std::string problem;
    auto wanted = rooms(identity, problem);
    if (const auto why = private_problem(identity); !wanted || !why.empty()) {
        close_for_good(std::string(of_the_channel), wanted ? why : problem);
        return;
    }
    if (identity.user != identity_.user) {
        slot_ = connection_->shared().subscriptions.take(identity, connection_->channels() - 1);
    }
    identity_ = std::move(identity);
    if (!slot_) {
        close_for_good(std::string(of_the_channel), "ChannelRateLimitReached: Too many channels");
        return;
    }
    connection_->plan();
    const std::set<std::string> now(wanted->begin(), wanted->end());
    std::vector<std::string> more;
    std::set_difference(now.begin(), now.end(), rooms_.begin(), rooms_.end(), std::back_inserter(more));
    Hub& hub = connection_->shared().hub;
    for (const std::string& room : rooms_) {
        if (!now.contains(room)) {
            hub.leave(*this, room);
        }
    }
    rooms_ = now;
    if (more.empty()) {
        return;
    }
    hub.join(shared_from_this(), std::move(more), std::nullopt, [self = shared_from_this()](Resumption resumption) {
        if (self->state_ != State::closed && resumption == Resumption::failed) {
            self->fail();
        }
    });
}

void Channel::expire(Time now) {
    const auto late = std::chrono::duration_cast<std::chrono::seconds>(now - *identity_.expires).count();
    close_for_good(std::string(of_the_channel), "Token has expired " + std::to_string(late) + " seconds ago");
}

// What clients say to each other

void Channel::take_broadcast(const Broadcast& broadcast, const Heading& heading) {
    boost::system::error_code error;
    if (broadcast.is_json) {
        (void)json::parse(broadcast.payload, error);
    }
    if (error) {
        reply_to(heading, false, reason_json("the payload is no JSON"));
        return;
    }
    if (join_.broadcast_ack) {
        reply_to(heading, true, "{}");
    }
    connection_->shared().topics.broadcast(key(), *this, broadcast, join_.broadcast_self);
}

void Channel::take_presence(const json::value& payload, const Heading& heading) {
    Topics& topics = connection_->shared().topics;
    const auto* const whole = payload.if_object();
    const auto* const event = whole == nullptr ? nullptr : whole->if_contains("event");
    if (event != nullptr && *event == "untrack") {
        topics.untrack(key(), *this);
        reply_to(heading, true, "{}");
        return;
    }
    const auto* const facts = whole == nullptr ? nullptr : whole->if_contains("payload");
    if (event == nullptr || *event != "track" || facts == nullptr || !facts->is_object() ||
        json::serialize(*facts).size() > Presence::most_facts) {
        reply_to(heading, false,
                 reason_json("presence has event track with an object of at most 1024 bytes as payload, or untrack"));
        return;
    }
    // Without a key everybody is somebody else.
    if (join_.presence_key.empty()) {
        join_.presence_key = topics.new_name();
    }
    const bool tracked = topics.track(key(), *this, join_.presence_key, facts->get_object());
    reply_to(heading, tracked, tracked ? "{}" : reason_json("too many are present"));
}

// The end

void Channel::left() {
    if (state_ != State::closed) {
        end();
    }
}

void Channel::lost() {
    if (state_ == State::closed) {
        return;
    }
    Shared& shared = connection_->shared();
    if (heard_ && !rooms_.empty() && !who().empty()) {
        shared.cursors.remember(who(), *heard_, shared.steady_now());
    }
    end();
}

void Channel::fail() {
    connection_->send({heading_.join_ref, heading_.join_ref, heading_.topic, "phx_error"}, "{}");
    lost();
}

void Channel::close_for_good(const std::string& extension, const std::string& message) {
    system(extension, false, message);
    connection_->send({heading_.join_ref, heading_.join_ref, heading_.topic, "phx_close"}, "{}");
    lost();
}

void Channel::end() {
    const auto self = shared_from_this(); // the connection forgets it
    Connection* const connection = std::exchange(connection_, nullptr);
    connection->shared().topics.leave(key(), *this);
    connection->shared().hub.leave_all(*this);
    state_ = State::closed;
    recheck_.reset();
    caught_up_ = false;
    slot_.reset();
    connection->forget(*this, heading_.topic);
}

// Messages

Version Channel::version() const {
    return connection_->hello().version;
}

void Channel::system(const std::string& extension, bool good, const std::string& message) {
    const json::object payload{{"extension", extension},
                               {"status", good ? "ok" : "error"},
                               {"message", message},
                               {"channel", name_of(heading_.topic)}};
    connection_->send({heading_.join_ref, std::nullopt, heading_.topic, "system"}, json::serialize(payload));
}

void Channel::push(const std::string& event, std::string_view payload) {
    connection_->send({heading_.join_ref, std::nullopt, heading_.topic, event}, payload);
}

void Channel::send(const Frame& frame) {
    connection_->outlet().send(frame);
}

void Channel::reply_to(const Heading& heading, bool good, std::string_view response) {
    connection_->send({heading_.join_ref, heading.ref, heading_.topic, "phx_reply"}, reply_json(good, response));
}

// Nobody, for whom nothing is remembered, if there is neither a user nor a name of the client's own.
std::string Channel::who() const {
    const std::string& client = connection_->hello().client_id;
    if (identity_.user.empty() && client.empty()) {
        return {};
    }
    return json::serialize(
        json::array{json::string(identity_.user), json::string(client), json::string(heading_.topic)});
}

} // namespace pgbk::relay::supabase
