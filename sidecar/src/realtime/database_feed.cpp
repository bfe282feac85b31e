#include "realtime/database_feed.hpp"

#include "main/log.hpp"
#include "main/parts.hpp"
#include "realtime/feed_rows.hpp"

#include <chrono>
#include <utility>

namespace pgbk::relay {

namespace {

namespace asio = boost::asio;

constexpr int pool_connections = 2;
constexpr std::size_t most_waiting = 4'096; // on each: all come back at once after a restart

// In one statement, so that all of it is of one moment. A range of numbers without gaps: what is not kept any more is
// missing in it.
const std::string page_sql =
    "SELECT e.seq, e.organization_id, e.event_id, e.kind, e.occurred_at, e.customer, e.booking_id,"
    " pg_catalog.to_json(e.rooms), e.public, e.customer_view, e.member, p.first_seq, p.last_seq,"
    " LEAST(GREATEST($1::bigint, p.first_seq - 1) + $2::integer, GREATEST(p.last_seq, $1::bigint))"
    " FROM booking.relay_position() AS p"
    " LEFT JOIN LATERAL booking.relay_events($1::bigint, $2::integer) AS e ON true ORDER BY e.seq";

const Statement as_visitor{"SELECT pg_catalog.set_config('role', 'booking_public', true), "
                           "pg_catalog.set_config('request.jwt.claims', '{\"role\":\"booking_public\"}', true)"};
const std::string of_activity = "s.activity_id = $1::uuid";
const std::string of_venue = "s.activity_id IN (SELECT a.id FROM booking.public_activities AS a"
                             " WHERE a.organization_id = booking.organization_of($1::uuid) AND a.venue_id = $1::uuid)";

std::int64_t number(const Answer& answer, int row, int column) {
    return std::stoll(answer.text(row, column));
}

std::optional<std::string> text(const Answer& answer, int row, int column) {
    return answer.is_null(row, column) ? std::nullopt : std::optional(answer.text(row, column));
}

Page read_page(const Answer& answer) {
    Page page;
    page.kept = {number(answer, 0, 11), number(answer, 0, 12)};
    page.up_to = number(answer, 0, 13);
    for (int i = 0; i < answer.count() && !answer.is_null(i, 0); ++i) {
        page.events.push_back(
            read_event({number(answer, i, 0), static_cast<int>(number(answer, i, 1)), answer.text(i, 2),
                        answer.text(i, 3), answer.text(i, 4), text(answer, i, 5), text(answer, i, 6), answer.text(i, 7),
                        text(answer, i, 8), text(answer, i, 9), text(answer, i, 10)}));
    }
    return page;
}

std::vector<std::string> read_column(const Answer& answer) {
    std::vector<std::string> values;
    for (int i = 0; i < answer.count(); ++i) {
        values.push_back(answer.text(i, 0));
    }
    return values;
}

std::string array_literal(const std::vector<std::string>& ids) { // uuids: nothing in them needs quotes
    std::string out = "{";
    for (const auto& id : ids) {
        out += (out.size() > 1 ? "," : "") + id;
    }
    return out + "}";
}

} // namespace

DatabaseFeed::DatabaseFeed(asio::io_context& loop, Metrics& metrics, const Config& config, Events events)
    : metrics_(metrics),
      events_(std::move(events)),
      link_(loop, read_dsn(config.database_url), link_settings(config, "realtime"),
            {[this] { up(); }, [this](const std::string& reason) { down(reason); },
             [this](std::string_view channel) {
                 metrics_.add("booking_relay_notifications_total", {{"channel", std::string(channel)}});
                 events_.notified();
             }}),
      pool_(loop, metrics,
            {read_dsn(config.database_url),
             link_settings(config, "realtime_clients"),
             pool_connections,
             most_waiting,
             {{"SELECT booking.relay_connect()"}},
             [this] { venue_origins_.load(); }}),
      venue_origins_(loop, pool_, "", events_.origins) {}

void DatabaseFeed::start() {
    link_.start();
    pool_.start();
}

void DatabaseFeed::stop(std::function<void()> done) {
    venue_origins_.stop();
    link_.stop();
    pool_.stop(std::chrono::seconds(0), std::move(done)); // whoever waits is on the way out
}

// Listening comes first: what happens in between is notified.
void DatabaseFeed::up() {
    metrics_.add("booking_relay_database_connects_total", {{"purpose", "realtime"}});
    const auto must_succeed = [this](const Answer& answer) {
        if (!answer.ok() && !answer.lost) {
            link_.give_up(answer.error);
        }
    };
    link_.call("LISTEN booking_events", {}, must_succeed);
    link_.call("LISTEN booking_positions", {}, must_succeed);
    link_.call("SELECT booking.relay_connect()", {}, must_succeed);
    link_.call("SELECT first_seq, last_seq FROM booking.relay_position()", {}, [this](const Answer& answer) {
        if (answer.ok()) {
            link_.settled();
            events_.reachable({number(answer, 0, 0), number(answer, 0, 1)});
        } else if (!answer.lost) {
            link_.give_up("booking.relay_position: " + answer.error);
        }
    });
}

void DatabaseFeed::down(const std::string& reason) {
    metrics_.add("booking_relay_database_losses_total", {{"purpose", "realtime"}});
    log(LogLevel::warn, "no connection to the database", {{"purpose", "realtime"}, {"reason", reason}});
    events_.unreachable();
}

template <class Value, class Read>
AnswerHandler DatabaseFeed::answer_to(const char* name, Read read, Told<Value> told) {
    return [this, name, read = std::move(read), told = std::move(told),
            start = std::chrono::steady_clock::now()](const Answer& answer) {
        if (!answer.ok()) {
            if (!answer.lost) {
                metrics_.add("booking_relay_database_errors_total", {{"call", name}, {"sqlstate", answer.sqlstate}});
            }
            told(std::nullopt, {answer.lost, answer.sqlstate, answer.error});
            return;
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        metrics_.observe("booking_relay_database_seconds", took.count(), {{"call", name}});
        std::optional<Value> value;
        try {
            value = read(answer);
        } catch (const std::exception& error) { // of a newer extension, it may be
            told(std::nullopt, {false, "", std::string(name) + " was not understood: " + error.what()});
            return;
        }
        told(std::move(value), {});
    };
}

void DatabaseFeed::sequence(std::size_t most, Told<Sequenced> told) {
    const auto read = [most](const Answer& answer) {
        return Sequenced{number(answer, 0, 0) >= static_cast<std::int64_t>(most), number(answer, 0, 1)};
    };
    link_.call("SELECT sequenced, last_seq FROM booking.relay_sequence($1)", {std::to_string(most)},
               answer_to<Sequenced>("relay_sequence", read, std::move(told)));
}

void DatabaseFeed::next(std::int64_t after, std::size_t most, Told<Page> told) {
    link_.call(page_sql, {std::to_string(after), std::to_string(most)},
               answer_to<Page>("relay_events", read_page, std::move(told)));
}

void DatabaseFeed::page(std::int64_t after, std::size_t most, Told<Page> told) {
    pool_.call({{page_sql, {std::to_string(after), std::to_string(most)}}},
               answer_to<Page>("relay_events_kept", read_page, std::move(told)));
}

void DatabaseFeed::seats(std::vector<std::string> sessions, Told<std::vector<Seats>> told) {
    const auto read = [](const Answer& answer) {
        std::vector<Seats> seats;
        for (int i = 0; i < answer.count(); ++i) {
            seats.push_back(read_seats(answer.text(i, 0), std::stod(answer.text(i, 1))));
        }
        return seats;
    };
    pool_.call({{"SELECT pg_catalog.to_json(a), date_part('epoch', clock_timestamp())"
                 " FROM booking.relay_availability($1::uuid[]) AS a",
                 {array_literal(sessions)}}},
               answer_to<std::vector<Seats>>("relay_availability", read, std::move(told)));
}

// With the rights of a visitor, who is to be told no more than could be looked up.
void DatabaseFeed::sessions_of(const std::string& room, std::size_t most, Told<std::vector<std::string>> told) {
    const auto colon = room.find(':');
    const std::string& which = room.starts_with("venue:") ? of_venue : of_activity;
    pool_.call({as_visitor,
                {"SELECT s.id FROM booking.sessions AS s WHERE s.organization_id = booking.organization_of($1::uuid)"
                 " AND s.end_time > now() AND " +
                     which + " ORDER BY s.start_time LIMIT $2",
                 {room.substr(colon + 1), std::to_string(most)}}},
               answer_to<std::vector<std::string>>("sessions", read_column, std::move(told)));
}

void DatabaseFeed::identity(const std::string& claims, Told<std::string> told) {
    pool_.call({{"SELECT booking.relay_identity($1::jsonb)", {claims}}},
               answer_to<std::string>(
                   "relay_identity", [](const Answer& answer) { return answer.text(0, 0); }, std::move(told)));
}

void DatabaseFeed::booking(const std::string& token, Told<std::string> told) {
    pool_.call({{"SELECT booking.relay_booking($1)", {token}}},
               answer_to<std::string>(
                   "relay_booking", [](const Answer& answer) { return answer.text(0, 0); }, std::move(told)));
}

} // namespace pgbk::relay
