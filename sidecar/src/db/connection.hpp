// One connection to PostgreSQL on the event loop. Statements go out as they are called and their answers come back in
// that order (libpq's pipeline mode), each call in a transaction of its own; every value is a bind parameter.
#pragma once

#include "db/dsn.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <libpq-fe.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pgbk::relay {

struct FreeResult {
    void operator()(PGresult* result) const { PQclear(result); }
};

// The answer to a statement: rows, or why there are none.
struct Answer {
    std::unique_ptr<PGresult, FreeResult> rows;
    std::string error; // empty: it has succeeded, and is committed
    std::string sqlstate;
    bool lost = false;      // the connection broke meanwhile: whether it was done is not known
    std::string field = {}; // of the request, which our refusal names (as column of the error)
    std::string detail = {};
    std::string hint = {};
    std::vector<std::unique_ptr<PGresult, FreeResult>> earlier = {}; // of the transaction's statements before the last

    bool ok() const { return error.empty(); }
    int count() const { return PQntuples(rows.get()); }
    bool is_null(int row, int column) const { return PQgetisnull(rows.get(), row, column) != 0; }
    std::string text(int row, int column) const;
};

using Parameters = std::vector<std::optional<std::string>>;
struct Statement {
    std::string sql;
    Parameters parameters = {};
    std::string name = {}; // under which it may have been prepared
};

using AnswerHandler = std::function<void(Answer)>;

class Connection : public std::enable_shared_from_this<Connection> {
public:
    struct Events {
        std::function<void()> opened;
        std::function<void(std::string reason)> closed; // once, also when it could not be opened
        std::function<void(std::string_view channel)> notified;
    };

    explicit Connection(boost::asio::io_context& loop);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void open(const ConnectionOptions& options, std::chrono::milliseconds limit, Events events);
    // The statements are one transaction: all of them are done, or none. The answer is the last one's, or that of the
    // first one that failed.
    void call(const std::vector<Statement>& transaction, AnswerHandler handler);
    // From when this is done, statements of that name are planned no more. Nobody waits for it, or needs it.
    void prepare(const std::string& name, const std::string& sql);
    void close(); // silently; handlers that wait are called with `lost`

private:
    void step_open();
    void wait_open(bool for_reading);
    void opened();
    bool send(const Statement& statement);
    void finish_call(bool is_sent);
    void wait_readable();
    void flush();
    void on_readable();
    void read_answers();
    void keep_answer(PGresult* result);
    void fail(std::string reason);
    void shut();

    boost::asio::steady_timer timer_;
    boost::asio::posix::stream_descriptor socket_;
    PGconn* connection_ = nullptr;
    Events events_;
    std::deque<AnswerHandler> waiting_;
    Answer answer_; // to the call at the front, as far as it has come
    std::set<std::string> prepared_;
    bool writing_ = false;
};

} // namespace pgbk::relay
