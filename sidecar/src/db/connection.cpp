#include "db/connection.hpp"

#include <algorithm>
#include <utility>

namespace pgbk::relay {

namespace asio = boost::asio;

namespace {

// What becomes of a statement that was prepared: its function has been replaced by another version's, or somebody has
// taken it away.
constexpr std::string_view result_type_changed = "0A000";
constexpr std::string_view not_prepared = "26000";

std::string one_line(const char* message) {
    std::string out = message == nullptr ? "" : message;
    while (!out.empty() && out.back() == '\n') {
        out.pop_back();
    }
    for (char& c : out) {
        c = c == '\n' ? ' ' : c;
    }
    return out.empty() ? "unknown error" : out;
}

std::string field(const PGresult* result, int code) {
    const char* value = PQresultErrorField(result, code);
    return value == nullptr ? "" : value;
}

} // namespace

std::string Answer::text(int row, int column) const {
    return {PQgetvalue(rows.get(), row, column), static_cast<std::size_t>(PQgetlength(rows.get(), row, column))};
}

Connection::Connection(asio::io_context& loop) : timer_(loop), socket_(loop) {}

// Whoever still waits for an answer is gone as well, or there would be somebody who holds this connection.
Connection::~Connection() {
    if (socket_.is_open()) {
        socket_.release(); // libpq closes it
    }
    PQfinish(connection_);
}

void Connection::open(const ConnectionOptions& options, std::chrono::milliseconds limit, Events events) {
    events_ = std::move(events);
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : options) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    timer_.expires_after(limit);
    timer_.async_wait([self = shared_from_this(), limit](boost::system::error_code error) {
        if (!error) {
            self->fail("no answer within " + std::to_string(limit.count()) + " ms");
        }
    });
    connection_ = PQconnectStartParams(keywords.data(), values.data(), 0);
    // Notices of functions are for interactive users, and libpq would print them.
    PQsetNoticeReceiver(
        connection_, [](void*, const PGresult*) {}, nullptr);
    // What goes wrong at once is told like everything else: later, so that the caller's state is settled.
    asio::post(timer_.get_executor(), [self = shared_from_this()] {
        if (self->connection_ == nullptr || PQstatus(self->connection_) == CONNECTION_BAD) {
            self->fail(self->connection_ == nullptr ? "out of memory" : one_line(PQerrorMessage(self->connection_)));
        } else {
            self->wait_open(false);
        }
    });
}

// libpq may close its socket and open another one in each of its steps, so the descriptor is let go before each.
void Connection::step_open() {
    if (connection_ == nullptr) {
        return;
    }
    socket_.release();
    switch (PQconnectPoll(connection_)) {
    case PGRES_POLLING_READING:
        wait_open(true);
        break;
    case PGRES_POLLING_WRITING:
        wait_open(false);
        break;
    case PGRES_POLLING_OK:
        opened();
        break;
    default:
        fail(one_line(PQerrorMessage(connection_)));
    }
}

void Connection::wait_open(bool for_reading) {
    socket_.assign(PQsocket(connection_));
    const auto what =
        for_reading ? asio::posix::stream_descriptor::wait_read : asio::posix::stream_descriptor::wait_write;
    socket_.async_wait(what, [self = shared_from_this()](boost::system::error_code error) {
        if (!error) {
            self->step_open();
        }
    });
}

void Connection::opened() {
    timer_.cancel();
    if (PQsetnonblocking(connection_, 1) != 0 || PQenterPipelineMode(connection_) != 1) {
        fail(one_line(PQerrorMessage(connection_)));
        return;
    }
    socket_.assign(PQsocket(connection_));
    wait_readable();
    events_.opened();
}

void Connection::call(const std::vector<Statement>& transaction, AnswerHandler handler) {
    if (connection_ == nullptr) {
        asio::post(timer_.get_executor(), [handler = std::move(handler)] {
            handler({nullptr, "the connection is closed", "", true});
        });
        return;
    }
    waiting_.push_back(std::move(handler));
    finish_call(std::all_of(transaction.begin(), transaction.end(), [this](const Statement& s) { return send(s); }));
}

void Connection::prepare(const std::string& name, const std::string& sql) {
    if (connection_ == nullptr) {
        return;
    }
    waiting_.push_back([this, name](const Answer& answer) {
        if (answer.ok()) {
            prepared_.insert(name);
        }
    });
    finish_call(PQsendPrepare(connection_, name.c_str(), sql.c_str(), 0, nullptr) == 1);
}

// Without BEGIN, what is sent up to a sync is one transaction, which the sync commits.
void Connection::finish_call(bool is_sent) {
    if (!is_sent || PQpipelineSync(connection_) != 1) {
        asio::post(timer_.get_executor(), [self = shared_from_this()] {
            self->fail(self->connection_ == nullptr ? "" : one_line(PQerrorMessage(self->connection_)));
        });
        return;
    }
    flush();
}

bool Connection::send(const Statement& statement) {
    std::vector<const char*> values;
    values.reserve(statement.parameters.size());
    for (const auto& parameter : statement.parameters) {
        values.push_back(parameter ? parameter->c_str() : nullptr);
    }
    const int count = static_cast<int>(values.size());
    if (prepared_.contains(statement.name)) {
        return PQsendQueryPrepared(connection_, statement.name.c_str(), count, values.data(), nullptr, nullptr, 0) == 1;
    }
    return PQsendQueryParams(connection_, statement.sql.c_str(), count, nullptr, values.data(), nullptr, nullptr, 0) ==
           1;
}

void Connection::flush() {
    if (writing_ || connection_ == nullptr) {
        return;
    }
    const int left = PQflush(connection_);
    if (left < 0) {
        asio::post(timer_.get_executor(), [self = shared_from_this()] {
            self->fail(self->connection_ == nullptr ? "" : one_line(PQerrorMessage(self->connection_)));
        });
    } else if (left > 0) {
        writing_ = true;
        socket_.async_wait(asio::posix::stream_descriptor::wait_write,
                           [self = shared_from_this()](boost::system::error_code error) {
                               self->writing_ = false;
                               if (!error) {
                                   self->flush();
                                   self->read_answers(); // libpq reads on when it cannot write
                               }
                           });
    }
}

void Connection::wait_readable() {
    socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                       [self = shared_from_this()](boost::system::error_code error) {
                           if (!error) {
                               self->on_readable();
                           }
                       });
}

void Connection::on_readable() {
    if (connection_ == nullptr) {
        return;
    }
    const bool alive = PQconsumeInput(connection_) == 1;
    const std::string reason = alive ? "" : one_line(PQerrorMessage(connection_));
    read_answers(); // also of a connection that broke: what it had to say before is known
    if (connection_ == nullptr) {
        return; // a handler closed it
    }
    if (!alive || PQstatus(connection_) == CONNECTION_BAD) {
        fail(alive ? one_line(PQerrorMessage(connection_)) : reason);
        return;
    }
    flush();
    wait_readable();
}

void Connection::read_answers() {
    int empty = 0; // an answer ends with one null result; a second one in a row means that nothing is on its way
    while (connection_ != nullptr && !waiting_.empty() && empty < 2 && PQisBusy(connection_) == 0) {
        PGresult* result = PQgetResult(connection_);
        if (result == nullptr) {
            ++empty;
            continue;
        }
        empty = 0;
        keep_answer(result);
    }
    // Last, since some may have come in between the answers.
    while (connection_ != nullptr) {
        const std::unique_ptr<PGnotify, decltype(&PQfreemem)> note(PQnotifies(connection_), &PQfreemem);
        if (!note) {
            break;
        }
        events_.notified(note->relname);
    }
}

void Connection::keep_answer(PGresult* result) {
    std::unique_ptr<PGresult, FreeResult> owned(result);
    switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC: {
        // Only now the transaction is over: a commit can still fail after the rows have come.
        auto handler = std::move(waiting_.front());
        waiting_.pop_front();
        handler(std::exchange(answer_, Answer{}));
        return;
    }
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        if (answer_.rows != nullptr) {
            answer_.earlier.push_back(std::move(answer_.rows));
        }
        answer_.rows = std::move(owned);
        return;
    case PGRES_PIPELINE_ABORTED: // not done, since one before it has failed
        return;
    default:
        answer_.error = field(result, PG_DIAG_MESSAGE_PRIMARY);
        answer_.sqlstate = field(result, PG_DIAG_SQLSTATE);
        answer_.field = field(result, PG_DIAG_COLUMN_NAME);
        answer_.detail = field(result, PG_DIAG_MESSAGE_DETAIL);
        answer_.hint = field(result, PG_DIAG_MESSAGE_HINT);
        if (answer_.error.empty()) {
            answer_.error = one_line(PQresultErrorMessage(result));
        }
        if (answer_.sqlstate == result_type_changed || answer_.sqlstate == not_prepared) {
            prepared_.clear(); // the next time it is sent as it stands
        }
    }
}

void Connection::fail(std::string reason) {
    if (connection_ == nullptr) {
        return;
    }
    const auto self = shared_from_this(); // the owner lets go of us in its handler
    shut();
    if (auto closed = std::exchange(events_, Events{}).closed) {
        closed(std::move(reason));
    }
}

void Connection::close() {
    const auto self = shared_from_this();
    events_.closed = nullptr;
    shut();
}

void Connection::shut() {
    timer_.cancel();
    if (socket_.is_open()) {
        socket_.release(); // libpq closes it
    }
    if (connection_ != nullptr) {
        PQfinish(std::exchange(connection_, nullptr));
    }
    for (auto& handler : std::exchange(waiting_, {})) {
        handler({nullptr, "the connection to the database was lost", "", true});
    }
}

} // namespace pgbk::relay
