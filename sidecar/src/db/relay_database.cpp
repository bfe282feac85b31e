#include "db/relay_database.hpp"

#include "main/log.hpp"
#include "outbound/facts.hpp"

#include <boost/json.hpp>

#include <utility>

namespace pgbk::relay {

namespace {

namespace json = boost::json;

const std::string claim_name = "relay_claim";
const std::string claim_sql =
    "SELECT delivery_id, lease_token, request_id, batched, endpoint_name, url, timeout_ms, headers, secrets, "
    "allowed_networks, event_type, attempt, extract(epoch FROM occurred_at)::float8, body "
    "FROM booking.relay_claim($1::uuid, $2::integer, $3::integer, $4::uuid)";
const std::string complete_name = "relay_complete";
const std::string complete_sql = "SELECT booking.relay_complete($1::uuid, $2::jsonb)";

std::optional<double> number(const json::object& object, std::string_view name) {
    const auto* const value = object.if_contains(name);
    if (value == nullptr || !value->is_number()) {
        return std::nullopt;
    }
    return value->to_number<double>();
}

double count(const json::object& object, std::string_view name) {
    return number(object, name).value_or(0);
}

bool flag(const json::object& object, std::string_view name) {
    const auto* const value = object.if_contains(name);
    return value != nullptr && value->is_bool() && value->get_bool();
}

json::object object_of(const Answer& answer) {
    return json::parse(answer.text(0, 0)).as_object();
}

double unix_now() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Attachment read_attachment(const Answer& answer) {
    const auto object = object_of(answer);
    Attachment attachment;
    attachment.original = flag(object, "original");
    if (const auto* const version = object.if_contains("version"); version != nullptr && version->is_string()) {
        attachment.version = std::string_view(version->get_string());
    }
    attachment.clock_offset = std::stod(answer.text(0, 1)) - unix_now();
    return attachment;
}

QueueStatus read_status(const Answer& answer) {
    const auto object = object_of(answer);
    QueueStatus status;
    status.original = flag(object, "original");
    status.pending = count(object, "pending");
    status.due = count(object, "due");
    status.leased = count(object, "leased");
    status.dead = count(object, "dead");
    status.blocked = count(object, "blocked");
    status.parked = count(object, "parked");
    status.oldest_due_seconds = number(object, "oldest_due_seconds");
    status.relays = count(object, "relays");
    if (const auto* const endpoints = object.if_contains("endpoints"); endpoints != nullptr && endpoints->is_object()) {
        status.active = count(endpoints->get_object(), "active");
        status.disabled = count(endpoints->get_object(), "disabled");
        status.open = count(endpoints->get_object(), "open");
        status.held = count(endpoints->get_object(), "held");
    }
    if (const auto* const calls = object.if_contains("provider_calls"); calls != nullptr && calls->is_object()) {
        status.calls_pending = count(calls->get_object(), "pending");
        status.calls_due = count(calls->get_object(), "due");
        status.calls_running = count(calls->get_object(), "running");
        status.calls_failed = count(calls->get_object(), "failed");
    }
    return status;
}

ClaimedRow read_claimed(const Answer& answer, int i) {
    ClaimedRow row;
    row.delivery_id = answer.text(i, 0);
    row.lease_token = answer.text(i, 1);
    row.request_id = answer.text(i, 2);
    row.batched = answer.text(i, 3) == "t";
    row.endpoint_name = answer.text(i, 4);
    row.url = answer.text(i, 5);
    row.timeout_ms = std::stoi(answer.text(i, 6));
    row.headers = answer.text(i, 7);
    row.secrets = answer.text(i, 8);
    row.allowed_networks = answer.text(i, 9);
    row.event_type = answer.text(i, 10);
    row.attempt = std::stoi(answer.text(i, 11));
    row.occurred_at = std::stod(answer.text(i, 12));
    row.body = answer.text(i, 13);
    return row;
}

// The leases are committed: those that can be read are of use, and the others are left to their end.
std::vector<ClaimedRow> read_claim(const Answer& answer) {
    std::vector<ClaimedRow> rows;
    rows.reserve(static_cast<std::size_t>(answer.count()));
    std::string reason;
    for (int i = 0; i < answer.count(); ++i) {
        try {
            rows.push_back(read_claimed(answer, i));
        } catch (const std::exception& error) {
            reason = error.what();
        }
    }
    const std::size_t unread = static_cast<std::size_t>(answer.count()) - rows.size();
    if (unread > 0) {
        log(LogLevel::error, "claimed deliveries cannot be read: they wait for the end of their lease",
            {{"deliveries", unread}, {"error", reason}});
    }
    return rows;
}

// The report is committed, whatever can be read of how many results counted: to repeat it would log them twice.
int read_accepted(const PGresult* rows, std::size_t reported) {
    try {
        return std::stoi(PQgetvalue(rows, 0, 0));
    } catch (const std::exception& error) {
        log(LogLevel::error, "how many results counted cannot be read",
            {{"results", reported}, {"error", error.what()}});
        return static_cast<int>(reported);
    }
}

std::vector<SourceRow> read_sources(const Answer& answer) {
    std::vector<SourceRow> rows;
    for (int i = 0; i < answer.count(); ++i) {
        SourceRow row;
        row.id = answer.text(i, 0);
        row.organization = std::stoi(answer.text(i, 1));
        row.name = answer.text(i, 2);
        row.scheme = answer.text(i, 3);
        row.options = answer.text(i, 4);
        row.secret = answer.text(i, 5);
        row.valid_from = std::stod(answer.text(i, 6));
        if (!answer.is_null(i, 7)) {
            row.valid_until = std::stod(answer.text(i, 7));
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

} // namespace

RelayDatabase::RelayDatabase(Link& link, Metrics& metrics, std::string relay_id)
    : link_(link), metrics_(metrics), relay_id_(std::move(relay_id)) {}

template <class Value, class Read>
void RelayDatabase::call(const char* name, const std::vector<Statement>& transaction, Read read,
                         CallHandler<Value> handler) {
    const auto start = std::chrono::steady_clock::now();
    link_.call(transaction, [this, name, start, read, handler = std::move(handler)](Answer answer) {
        std::optional<Value> value;
        if (answer.ok()) {
            const auto took = std::chrono::steady_clock::now() - start;
            metrics_.observe("booking_relay_database_seconds", std::chrono::duration<double>(took).count(),
                             {{"call", name}});
            try {
                value = read(answer);
            } catch (const std::exception& error) { // not what the contract says: another version of the extension
                answer.error = std::string("the answer of ") + name + " cannot be read: " + error.what();
            }
        } else if (!answer.lost) {
            metrics_.add("booking_relay_database_errors_total", {{"call", name}, {"sqlstate", answer.sqlstate}});
        }
        handler(std::move(value), answer);
    });
}

void RelayDatabase::listen(CallHandler<bool> handler) {
    const auto nothing_to_read = [](const Answer&) { return true; };
    // The answer to the second one says how both went: the first leaves no doubt, or an error that repeats itself.
    call<bool>("listen", {{"LISTEN booking_events"}}, nothing_to_read, [](std::optional<bool>, const Answer&) {});
    call<bool>("listen", {{"LISTEN booking_webhooks"}}, nothing_to_read, std::move(handler));
}

void RelayDatabase::attach(const std::string& host, const std::string& version, CallHandler<Attachment> handler) {
    call<Attachment>("attach",
                     {{"SELECT a, extract(epoch FROM (a ->> 'server_time')::timestamptz)::float8 "
                       "FROM booking.relay_attach($1::uuid, $2::text, $3::text) AS a",
                       {relay_id_, host, version}}},
                     read_attachment, std::move(handler));
}

void RelayDatabase::make_endpoint(int organization, const std::string& url, const std::string& secret,
                                  CallHandler<bool> handler) {
    call<bool>(
        "make_endpoint",
        {{"SELECT booking.relay_make_endpoint($1::integer, $2::text, $3::text)",
          {std::to_string(organization), url, secret.empty() ? std::nullopt : std::optional(secret)}}},
        [](const Answer&) { return true; }, std::move(handler));
}

void RelayDatabase::prepare() {
    link_.prepare(claim_name, claim_sql);
    link_.prepare(complete_name, complete_sql);
}

Statement RelayDatabase::claiming(int wanted, std::chrono::seconds lease,
                                  const std::optional<std::string>& only_delivery) const {
    return {claim_sql, {relay_id_, std::to_string(wanted), std::to_string(lease.count()), only_delivery}, claim_name};
}

Statement RelayDatabase::completing(std::span<const Result> results) const {
    return {complete_sql, {relay_id_, results_json(results)}, complete_name};
}

void RelayDatabase::claim(int wanted, std::chrono::seconds lease, const std::optional<std::string>& only_delivery,
                          CallHandler<std::vector<ClaimedRow>> handler) {
    call<std::vector<ClaimedRow>>("claim", {claiming(wanted, lease, only_delivery)}, read_claim, std::move(handler));
}

void RelayDatabase::complete(std::span<const Result> results, CallHandler<int> handler) {
    call<int>(
        "complete", {completing(results)},
        [reported = results.size()](const Answer& answer) { return read_accepted(answer.rows.get(), reported); },
        std::move(handler));
}

void RelayDatabase::complete_and_claim(std::span<const Result> results, int wanted, std::chrono::seconds lease,
                                       CallHandler<Turn> handler) {
    call<Turn>(
        "complete_and_claim", {completing(results), claiming(wanted, lease, std::nullopt)},
        [reported = results.size()](const Answer& answer) {
            return Turn{read_accepted(answer.earlier.front().get(), reported), read_claim(answer)};
        },
        std::move(handler));
}

void RelayDatabase::status(CallHandler<QueueStatus> handler) {
    call<QueueStatus>("status", {{"SELECT booking.relay_status()"}}, read_status, std::move(handler));
}

void RelayDatabase::sources(CallHandler<std::vector<SourceRow>> handler) {
    call<std::vector<SourceRow>>(
        "sources",
        {{"SELECT source_id, organization_id, name, scheme, options, secret, valid_from, valid_until "
          "FROM booking.relay_sources()"}},
        read_sources, std::move(handler));
}

void RelayDatabase::test_webhook(int organization, const std::string& name, CallHandler<std::string> handler) {
    call<std::string>(
        "test_webhook", {{"SELECT booking.test_webhook($1::integer, $2::text)", {std::to_string(organization), name}}},
        [](const Answer& answer) { return answer.text(0, 0); }, std::move(handler));
}

void RelayDatabase::delivery(const std::string& id, CallHandler<TestOutcome> handler) {
    call<TestOutcome>(
        "delivery", {{"SELECT status, http_status, total_ms, error FROM booking.relay_delivery($1::uuid)", {id}}},
        [](const Answer& answer) {
            TestOutcome outcome;
            outcome.status = answer.text(0, 0);
            if (!answer.is_null(0, 1)) {
                outcome.http_status = std::stoi(answer.text(0, 1));
            }
            if (!answer.is_null(0, 2)) {
                outcome.total_ms = std::stod(answer.text(0, 2));
            }
            outcome.error = answer.text(0, 3);
            return outcome;
        },
        std::move(handler));
}

} // namespace pgbk::relay
