// Which relays live. A relay holds a shared advisory lock on its listening connection: when the process dies, the
// server notices at once, and what it had claimed need not wait for its leases to run out. A relay whose connection
// broke gets five seconds to come back.
#include "pg/access.hpp"
#include "pg/advisory_lock.hpp"
#include "pg/array.hpp"
#include "pg/digest.hpp"
#include "pg/installation.hpp"
#include "pg/relay.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

constexpr std::size_t longest_word = 200;

std::string_view word_argument(const Call& call, int i, const char* name) {
    const std::string_view text = text_argument(call, i, name);
    const bool printable = std::all_of(text.begin(), text.end(),
                                       [](char c) { return static_cast<unsigned char>(c) >= 0x20U && c != '\x7f'; });
    if (text.size() > longest_word || !printable) {
        refuse_relay_call(std::string(name) + " must be at most 200 printable characters");
    }
    return text;
}

// relay_make_endpoint gets a secret as a bind parameter, booking_status a token, and the server would write them into
// its log under log_statement or log_min_duration_statement. The role of the relay may not turn that off itself.
void keep_parameters_out_of_the_log() {
    server([] { SetConfigOption("log_parameter_max_length", "0", PGC_SUSET, PGC_S_SESSION); });
}

Datum relay_attach_body(Call& call) {
    const core::Uuid relay = uuid_argument(call, 0, "relay_id");
    const std::string_view host = word_argument(call, 1, "host");
    const std::string_view version = word_argument(call, 2, "version");
    require_relay(call, "attach a relay");
    const TimestampTz now = settings::now();
    share_until_session_ends(LockOf::relay, as_bytes(relay));
    keep_parameters_out_of_the_log();
    static constinit Statement statement(
        "INSERT INTO booking.relay_instances AS r (relay_id, host, version, started_at, seen_at)"
        " VALUES ($1, $2, $3, $4, $4)"
        " ON CONFLICT (relay_id) DO UPDATE"
        "    SET host = EXCLUDED.host, version = EXCLUDED.version, seen_at = EXCLUDED.seen_at, missing_since = NULL");
    statement.write({relay, host, version, Value::timestamp(now)});
    static constinit Statement answer("SELECT jsonb_build_object('original', $1, 'version', $2, 'server_time',"
                                      "       to_char(timezone('UTC', $3), 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'))");
    const Rows rows = answer.read({is_original(), std::string_view(PGBK_VERSION), Value::timestamp(now)});
    return copied_result(call, rows, 0, 1);
}

Datum relay_connect_body(Call& call) {
    require_relay(call, "connect a relay");
    keep_parameters_out_of_the_log();
    return 0;
}

std::vector<core::Uuid> uuids(const Rows& rows) {
    std::vector<core::Uuid> ids;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        ids.push_back(rows.uuid(row, 1));
    }
    return ids;
}

} // namespace

void refuse_relay_call(const std::string& problem, std::string hint) {
    throw core::Refusal(core::RefusalKind::invalid_relay_call, problem, {}, std::move(hint));
}

bool relay_lives(const core::Uuid& relay) {
    return is_locked(LockOf::relay, as_bytes(relay));
}

std::vector<core::Uuid> lost_relays(const core::Uuid& relay, TimestampTz now) {
    constexpr std::int64_t patience = 5 * USECS_PER_SEC;
    static constinit Statement others(
        "SELECT r.relay_id, r.missing_since FROM booking.relay_instances AS r WHERE r.relay_id <> $1");
    const Rows rows = others.write({relay});
    std::vector<core::Uuid> missing;
    std::vector<core::Uuid> lost;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        if (relay_lives(rows.uuid(row, 1))) {
            continue;
        }
        if (rows.is_null(row, 2)) {
            missing.push_back(rows.uuid(row, 1));
        } else if (rows.timestamp(row, 2) <= now - patience) {
            lost.push_back(rows.uuid(row, 1));
        }
    }
    // Another relay may be about the same: whoever comes first does it.
    if (!missing.empty()) {
        static constinit Statement note(
            "UPDATE booking.relay_instances AS r SET missing_since = $2"
            "  FROM (SELECT x.relay_id FROM booking.relay_instances AS x"
            "         WHERE x.relay_id = ANY ($1) AND x.missing_since IS NULL FOR UPDATE SKIP LOCKED) AS m"
            " WHERE r.relay_id = m.relay_id");
        note.write({uuid_array(missing), Value::timestamp(now)});
    }
    if (lost.empty()) {
        return lost;
    }
    static constinit Statement remove(
        "DELETE FROM booking.relay_instances AS r"
        " USING (SELECT x.relay_id FROM booking.relay_instances AS x"
        "         WHERE x.relay_id = ANY ($1) AND x.missing_since <= $2 FOR UPDATE SKIP LOCKED) AS m"
        " WHERE r.relay_id = m.relay_id RETURNING r.relay_id");
    return uuids(remove.write({uuid_array(lost), Value::timestamp(now - patience)}));
}

PGBK_WRITER(relay_attach, relay_attach_body);
PGBK_WRITER(relay_connect, relay_connect_body);

} // namespace pgbk
