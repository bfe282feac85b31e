// relay_sequence: the places of events in the order in which readers are told of them. After the commit, in batches, by
// one call at a time; where to look is said by sequencer_window.hpp.
#include "core/sequencer_window.hpp"
#include "pg/access.hpp"
#include "pg/advisory_lock.hpp"
#include "pg/arguments.hpp"
#include "pg/identity.hpp"
#include "pg/relay.hpp"

namespace pgbk {

namespace {

constexpr const char* channel_of_positions = "booking_positions";
constexpr std::int32_t most_at_once = 100000;

// What is stored when nothing was given a number: not each time, since that is a write, but so that windows stay short.
constexpr core::Milliseconds longest_unsaved = 5000;

Value timestamp(core::Milliseconds time) {
    return Value::timestamp((time - milliseconds_of(0)) * 1000);
}

Value system_identifier() {
    return Value::int8(static_cast<std::int64_t>(GetSystemIdentifier()));
}

Value own_database() {
    return Value::int8(MyDatabaseId);
}

// The state as it was left, and the present snapshot.
struct State {
    std::int64_t last_seq = 0;
    std::optional<core::Progress> progress; // none: there is no state, or it is another server's
    std::optional<core::Uuid> continue_from;
    std::string snapshot_text;
    core::Snapshot snapshot;
};

std::optional<core::Progress> read_progress(const Rows& rows) {
    const auto snapshot = core::parse_snapshot(rows.bytes(0, 4));
    auto running = core::parse_writers(rows.bytes(0, 7));
    if (rows.is_null(0, 3) || !rows.boolean(0, 3) || !snapshot.has_value() || !running.has_value()) {
        return std::nullopt;
    }
    return core::Progress{*snapshot, milliseconds_of(rows.timestamp(0, 5)), milliseconds_of(rows.timestamp(0, 6)),
                          std::move(*running), static_cast<core::Xid>(rows.int8(0, 8))};
}

State read_state(Snapshot present) {
    static constinit Statement statement(
        "SELECT pg_current_snapshot()::text,"
        "       COALESCE(s.last_seq, (SELECT p.seq FROM booking.event_positions AS p ORDER BY p.seq DESC LIMIT 1), 0),"
        "       s.system_identifier = $1 AND s.database_oid = $2, s.snapshot,"
        "       s.scanned_at, s.swept_at, s.running, s.own_xid, s.continue_from"
        "  FROM (SELECT 1) AS x LEFT JOIN booking.event_sequencer AS s ON s.singleton");
    const Rows rows = statement.write_at(present, {system_identifier(), own_database()});
    State state;
    state.snapshot_text = rows.bytes(0, 1);
    state.snapshot = core::parse_snapshot(state.snapshot_text).value();
    state.last_seq = rows.int8(0, 2);
    state.progress = read_progress(rows);
    state.continue_from = rows.is_null(0, 9) ? std::nullopt : std::optional(rows.uuid(0, 9));
    return state;
}

core::Uuid first_id_of(const State& state, const core::Window& window) {
    const core::Uuid from = core::first_id_at(window.from);
    if (!state.continue_from.has_value()) {
        return from;
    }
    return window.is_empty ? *state.continue_from : std::min(from, *state.continue_from);
}

struct Stamped {
    std::int32_t count = 0;
    std::optional<core::Uuid> last; // id, if there was any
};

// With the snapshot from which the window was found: one that is only a little newer may show what was done to a
// booking after a transaction that the first still saw at work, and whose own events lie before the window.
//
// The look-up is a subquery, so that it stays a look-up.
Stamped stamp(Snapshot present, const core::Uuid& from, std::int64_t last_seq, std::int32_t most) {
    static constinit Statement statement(
        "WITH stamped AS ("
        "    INSERT INTO booking.event_positions (organization_id, event_id, seq)"
        "    SELECT n.organization_id, n.id, $2 + row_number() OVER (ORDER BY n.id, n.organization_id)"
        "      FROM (SELECT e.organization_id, e.id FROM booking.booking_events AS e"
        "             WHERE e.id >= $1"
        "               AND (SELECT p.seq FROM booking.event_positions AS p"
        "                     WHERE p.organization_id = e.organization_id AND p.event_id = e.id LIMIT 1) IS NULL"
        "             ORDER BY e.id, e.organization_id LIMIT $3) AS n"
        "    RETURNING event_id, seq)"
        " SELECT count(*)::integer, (SELECT x.event_id FROM stamped AS x ORDER BY x.seq DESC LIMIT 1) FROM stamped");
    const Rows rows = statement.write_at(present, {from, Value::int8(last_seq), most});
    return {rows.int4(0, 1), rows.is_null(0, 2) ? std::nullopt : std::optional(rows.uuid(0, 2))};
}

void save(const State& state, const core::Progress& progress, const std::optional<core::Uuid>& continue_from) {
    static constinit Statement statement(
        "INSERT INTO booking.event_sequencer AS s (system_identifier, database_oid, last_seq, snapshot, scanned_at,"
        "       swept_at, running, own_xid, continue_from)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        " ON CONFLICT (singleton) DO UPDATE"
        "    SET system_identifier = EXCLUDED.system_identifier, database_oid = EXCLUDED.database_oid,"
        "        last_seq = EXCLUDED.last_seq, snapshot = EXCLUDED.snapshot, scanned_at = EXCLUDED.scanned_at,"
        "        swept_at = EXCLUDED.swept_at, running = EXCLUDED.running, own_xid = EXCLUDED.own_xid,"
        "        continue_from = EXCLUDED.continue_from");
    const std::string running = core::writers_text(progress.running);
    statement.write({system_identifier(), own_database(), Value::int8(state.last_seq),
                     std::string_view(state.snapshot_text), timestamp(progress.scanned_at),
                     timestamp(progress.swept_at), std::string_view(running),
                     Value::int8(static_cast<std::int64_t>(progress.own)),
                     continue_from.has_value() ? Value(*continue_from) : Value::null(UUIDOID)});
}

// Whoever is told of a number relies on it, so that it must be on disk even where commits do not wait for that.
void commit_safely_and_tell() {
    server([] {
        ForceSyncCommit();
        Async_Notify(channel_of_positions, nullptr);
    });
}

core::Xid own_xid_if_any() {
    return server([] { return U64FromFullTransactionId(GetTopFullTransactionIdIfAny()); });
}

core::Own own_transaction(bool is_over) {
    return {server([] { return U64FromFullTransactionId(GetTopFullTransactionId()); }), is_over};
}

// Numbers what can be numbered now; state.last_seq is then the last of them.
std::int32_t pass(State& state, Snapshot present, core::Milliseconds now, std::int32_t most) {
    const core::Xid own = own_xid_if_any();
    const bool is_all_it_does = own == 0 && !server([] { return IsTransactionBlock(); });
    const core::Window window = core::next_window(state.progress, state.snapshot, now, own);
    if (window.is_empty && !window.is_sweep && !state.continue_from.has_value()) {
        return 0;
    }
    const Stamped stamped = stamp(present, first_id_of(state, window), state.last_seq, most);
    state.last_seq += stamped.count;
    const bool is_long_unsaved = state.progress.has_value() && now - state.progress->scanned_at >= longest_unsaved;
    if (stamped.count > 0 || !state.progress.has_value() || state.continue_from.has_value() || window.is_sweep ||
        (!window.is_empty && is_long_unsaved)) {
        save(state, core::progress_after(state.progress, state.snapshot, now, window, own_transaction(is_all_it_does)),
             stamped.count == most ? stamped.last : std::nullopt);
    }
    if (stamped.count > 0) {
        commit_safely_and_tell();
    }
    return stamped.count;
}

Datum relay_sequence_body(Call& call) {
    const std::int32_t most = int4_argument(call, 0, "most");
    require_relay(call, "give events their numbers");
    if (most < 1 || most > most_at_once) {
        refuse_relay_call("most must be between 1 and " + std::to_string(most_at_once) + ", got " +
                          std::to_string(most));
    }
    const bool is_alone = try_to_lock_until_transaction_ends(LockOf::sequencer, lock_of_sequencer);
    const core::Milliseconds now = milliseconds_of(GetCurrentTimestamp()); // the real clock, by which ids are made
    const Snapshot present = server([] { return RegisterSnapshot(GetTransactionSnapshot()); });
    State state = read_state(present);
    const std::int32_t sequenced = is_alone ? pass(state, present, now, most) : 0;
    server([&] { UnregisterSnapshot(present); });
    return record_result(call, {sequenced, Value::int8(state.last_seq), !is_alone});
}

Datum relay_position_body(Call& call) {
    require_relay(call, "see the numbers of events");
    static constinit Statement statement(
        "SELECT COALESCE((SELECT p.seq FROM booking.event_positions AS p ORDER BY p.seq LIMIT 1), s.last_seq + 1),"
        "       s.last_seq"
        "  FROM (SELECT COALESCE((SELECT x.last_seq FROM booking.event_sequencer AS x WHERE x.singleton), 0)"
        "            AS last_seq) AS s");
    const Rows rows = statement.read({});
    return record_result(call, {Value::int8(rows.int8(0, 1)), Value::int8(rows.int8(0, 2))});
}

} // namespace

PGBK_WRITER(relay_sequence, relay_sequence_body);
PGBK_READER(relay_position, relay_position_body);

} // namespace pgbk
