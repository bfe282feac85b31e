#include "pg/plain_counter.hpp"

#include <cstring>

namespace pgbk {

namespace {

template <class... Columns>
constexpr PlainShape shape_of(PlainUse use, const char* table, int keys, Columns... columns) {
    return PlainShape{use, table, nullptr, keys, {columns...}, sizeof...(columns)};
}

constexpr PlainColumn organization_id{"organization_id", INT4OID};
constexpr PlainColumn remaining{"remaining", INT4OID};

constinit PlainAccess rules(shape_of(PlainUse::look, "organizations", 1, organization_id,
                                     PlainColumn{"rules_version", UUIDOID}));
constinit PlainAccess session_counter(shape_of(PlainUse::update, "sessions", 2, organization_id,
                                               PlainColumn{"id", UUIDOID}, remaining, PlainColumn{"status", TEXTOID},
                                               PlainColumn{"start_time", TIMESTAMPTZOID},
                                               PlainColumn{"uses_resources", BOOLOID}));
constinit PlainAccess lane_counter(shape_of(PlainUse::update, "session_lanes", 3, organization_id,
                                            PlainColumn{"session_id", UUIDOID}, PlainColumn{"lane", INT2OID},
                                            remaining));
constinit PlainAccess
    session_terms(shape_of(PlainUse::look, "sessions", 2, organization_id, PlainColumn{"id", UUIDOID}, remaining,
                           PlainColumn{"status", TEXTOID}, PlainColumn{"start_time", TIMESTAMPTZOID},
                           PlainColumn{"uses_resources", BOOLOID}, PlainColumn{"activity_id", UUIDOID},
                           PlainColumn{"capacity_total", INT4OID}, PlainColumn{"lane_count", INT2OID}));
constinit PlainAccess session_seats(shape_of(PlainUse::look, "sessions", 2, organization_id, PlainColumn{"id", UUIDOID},
                                             remaining));
constinit PlainAccess lane_seats(shape_of(PlainUse::look, "session_lanes", 2, organization_id,
                                          PlainColumn{"session_id", UUIDOID}, remaining,
                                          PlainColumn{"set_aside", INT4OID}));

// Server frames.

struct Values {
    Datum all[PlainShape::most_columns];
    bool nulls[PlainShape::most_columns];
};

Values read(const PlainTable& table, int count, TupleTableSlot* slot) {
    Values values;
    for (int i = 0; i < count; ++i) {
        values.all[i] = slot_getattr(slot, table.attributes[static_cast<std::size_t>(i)], &values.nulls[i]);
    }
    return values;
}

// An entered table, its indexes opened, and a slot whose buffer is let go with it or by an error.
struct Opened {
    PlainAccess::Entered entered;
    LOCKMODE lock;
    Relation index; // of the primary key
    TupleTableSlot* slot;
};

// False: nothing is open.
bool open(PlainAccess& access, const Datum* keys, Opened& opened) {
    opened.entered = access.enter(keys);
    const PlainTable* const table = opened.entered.table;
    if (table == nullptr) {
        return false;
    }
    opened.lock = access.shape().lock();
    if (access.shape().use == PlainUse::update) {
        open_plain_indexes(*table, opened.entered.leaf);
        opened.index = table->target->ri_IndexRelationDescs[table->primary_key];
    } else {
        opened.index = index_open(table->indexes[table->primary_key], opened.lock);
    }
    opened.slot = MakeSingleTupleTableSlot(table->slot->tts_tupleDescriptor, &TTSOpsBufferHeapTuple);
    return true;
}

void close(PlainAccess& access, const Opened& opened) {
    ExecDropSingleTupleTableSlot(opened.slot);
    if (access.shape().use == PlainUse::update) {
        close_plain_indexes(*opened.entered.table);
    } else {
        index_close(opened.index, NoLock);
    }
    PlainAccess::leave(opened.entered);
}

// taken: the organization's rules are those that were remembered.
PlainTake compare_version(const PlainWish& wish, Snapshot snapshot) {
    const Datum key = Int32GetDatum(wish.organization);
    Opened opened;
    if (!open(rules, &key, opened)) {
        return PlainTake::unknown;
    }
    bool is_same =
        find_plain_row(*opened.entered.table, opened.entered.leaf, opened.index, snapshot, &key, 1, opened.slot);
    if (is_same) {
        const Values values = read(*opened.entered.table, 2, opened.slot);
        is_same = !values.nulls[1] &&
                  memcmp(DatumGetUUIDP(values.all[1])->data, wish.version.data(), wish.version.size()) == 0;
    }
    close(rules, opened);
    return is_same ? PlainTake::taken : PlainTake::refused;
}

enum class Patience : std::uint8_t { none, waits };

// Whether somebody else has changed the row in the slot, or is working on it. He may begin just afterwards, and is
// waited for then.
bool is_busy(TupleTableSlot* slot) {
    const HeapTupleHeader row = ExecFetchSlotHeapTuple(slot, false, nullptr)->t_data;
    if ((row->t_infomask & HEAP_XMAX_INVALID) != 0) {
        return false;
    }
    const TransactionId owner = HeapTupleHeaderGetRawXmax(row);
    if ((row->t_infomask & HEAP_XMAX_IS_MULTI) != 0) {
        return true;
    }
    return !TransactionIdIsCurrentTransactionId(owner) &&
           (TransactionIdIsInProgress(owner) ||
            (!HEAP_XMAX_IS_LOCKED_ONLY(row->t_infomask) && TransactionIdDidCommit(owner)));
}

// The row in the slot, with so many seats remaining.
PlainTake change(const Opened& opened, AttrNumber counter, std::int32_t left, Snapshot snapshot, Patience patience) {
    if (patience == Patience::none && is_busy(opened.slot)) {
        return PlainTake::overtaken;
    }
    const PlainTable& table = *opened.entered.table;
    TupleTableSlot* const changed = table.slot;
    ExecClearTuple(changed);
    slot_getallattrs(opened.slot);
    const int natts = opened.slot->tts_tupleDescriptor->natts;
    std::copy_n(opened.slot->tts_values, natts, changed->tts_values);
    std::copy_n(opened.slot->tts_isnull, natts, changed->tts_isnull);
    changed->tts_values[counter - 1] = Int32GetDatum(left);
    ExecStoreVirtualTuple(changed);
    changed->tts_tableOid = RelationGetRelid(opened.entered.leaf);
    ResetPerTupleExprContext(table.estate);
    ExecConstraints(table.target, changed, table.estate);
    const bool is_done = update_row(table.target, &opened.slot->tts_tid, changed, table.estate, snapshot);
    ExecClearTuple(changed);
    return is_done ? PlainTake::taken : PlainTake::overtaken;
}

// PGBK_ON_SALE_SQL of a row.
bool is_on_sale(const Values& values, TimestampTz clock) {
    if (values.nulls[3] || values.nulls[4] || values.nulls[5]) {
        return false;
    }
    const text* const status = DatumGetTextPP(values.all[3]);
    const std::string_view open_status = "open";
    return VARSIZE_ANY_EXHDR(status) == open_status.size() &&
           memcmp(VARDATA_ANY(status), open_status.data(), open_status.size()) == 0 &&
           DatumGetTimestampTz(values.all[4]) > clock && !DatumGetBool(values.all[5]);
}

// The counter comes after the keys. suits: what else the row must be.
template <class Suits>
PlainTake take_from_row(const PlainAccess& access, const Opened& opened, const Datum* keys, std::int32_t seats,
                        Snapshot snapshot, Patience patience, Suits suits) {
    const PlainTable& table = *opened.entered.table;
    const int counter = access.shape().keys;
    if (!find_plain_row(table, opened.entered.leaf, opened.index, snapshot, keys, counter, opened.slot)) {
        return PlainTake::refused;
    }
    const Values values = read(table, access.shape().count, opened.slot);
    if (values.nulls[counter] || DatumGetInt32(values.all[counter]) < seats || !suits(values)) {
        return PlainTake::refused;
    }
    return change(opened, table.attributes[static_cast<std::size_t>(counter)],
                  DatumGetInt32(values.all[counter]) - seats, snapshot, patience);
}

PlainTake take_from_one_lane(const Opened& opened, const Datum* keys, std::int32_t seats, Snapshot snapshot,
                             Patience patience) {
    return take_from_row(lane_counter, opened, keys, seats, snapshot, patience, [](const Values&) { return true; });
}

// From the first lane from this one on that has enough and that nobody is working on, or else from the first.
PlainLane take_from_some_lane(const Opened& opened, Datum* keys, std::int32_t seats, std::int32_t from,
                              Snapshot snapshot) {
    constexpr int most_lanes = 256;
    std::int16_t enough[most_lanes];
    int count = 0;
    const PlainTable& table = *opened.entered.table;
    IndexScanDesc const scan = begin_plain_scan(table, opened.entered.leaf, opened.index, snapshot, keys, 2);
    while (count < most_lanes && index_getnext_slot(scan, ForwardScanDirection, opened.slot)) {
        const Values values = read(table, lane_counter.shape().count, opened.slot);
        if (!values.nulls[3] && DatumGetInt32(values.all[3]) >= seats) {
            enough[count++] = DatumGetInt16(values.all[2]);
        }
    }
    index_endscan(scan);
    if (count == 0) {
        return {PlainTake::refused, from};
    }
    std::rotate(enough, std::find_if(enough, enough + count, [from](std::int16_t lane) { return lane >= from; }),
                enough + count);
    for (int i = 0; i <= count; ++i) {
        const std::int16_t lane = enough[i % count];
        keys[2] = Int16GetDatum(lane);
        const Patience patience = i < count ? Patience::none : Patience::waits;
        if (take_from_one_lane(opened, keys, seats, snapshot, patience) == PlainTake::taken) {
            return {PlainTake::taken, lane};
        }
    }
    return {PlainTake::overtaken, from};
}

// All that is looked at is seen as it is at one time.
template <class Result, class Look> Result at_one_time(Look look) {
    CommandCounterIncrement();
    PushCopiedSnapshot(GetTransactionSnapshot());
    UpdateActiveSnapshotCommandId();
    const Result result = look(GetActiveSnapshot());
    PopActiveSnapshot();
    return result;
}

PlainTake take_from_session(const PlainWish& wish, TimestampTz clock, Snapshot snapshot) {
    const Datum keys[] = {Int32GetDatum(wish.organization), PointerGetDatum(wish.session.data())};
    PlainTake result = compare_version(wish, snapshot);
    Opened opened;
    if (result != PlainTake::taken) {
        return result;
    }
    if (!open(session_counter, keys, opened)) {
        return PlainTake::unknown;
    }
    result = take_from_row(session_counter, opened, keys, wish.seats, snapshot, Patience::waits,
                           [clock](const Values& values) { return is_on_sale(values, clock); });
    close(session_counter, opened);
    return result;
}

PlainLane take_from_lanes(const PlainWish& wish, std::int32_t from, Snapshot snapshot) {
    Datum keys[] = {Int32GetDatum(wish.organization), PointerGetDatum(wish.session.data()),
                    Int16GetDatum(static_cast<std::int16_t>(from))};
    PlainLane result{compare_version(wish, snapshot), from};
    Opened opened;
    if (result.result != PlainTake::taken) {
        return result;
    }
    if (!open(lane_counter, keys, opened)) {
        return {PlainTake::unknown, from};
    }
    result.result = take_from_one_lane(opened, keys, wish.seats, snapshot, Patience::none);
    if (result.result != PlainTake::taken) {
        result = take_from_some_lane(opened, keys, wish.seats, from, snapshot);
    }
    close(lane_counter, opened);
    return result;
}

// Without capacity: it is not on sale, or not to be looked at.
PlainSession look_at_session(const Datum* keys, Snapshot snapshot) {
    PlainSession found{};
    Opened opened;
    if (!open(session_terms, keys, opened)) {
        return found;
    }
    const PlainTable& table = *opened.entered.table;
    if (find_plain_row(table, opened.entered.leaf, opened.index, snapshot, keys, 2, opened.slot)) {
        const Values values = read(table, session_terms.shape().count, opened.slot);
        const bool is_whole =
            std::none_of(values.nulls, values.nulls + session_terms.shape().count, [](bool n) { return n; });
        if (is_whole && is_on_sale(values, DT_NOBEGIN)) {
            memcpy(found.activity.data(), DatumGetUUIDP(values.all[6])->data, found.activity.size());
            found.start_time = DatumGetTimestampTz(values.all[4]);
            found.capacity = DatumGetInt32(values.all[7]);
            found.lanes = DatumGetInt16(values.all[8]);
        }
    }
    close(session_terms, opened);
    return found;
}

// -1: the statement has to be asked.
std::int64_t seats_in(PlainAccess& access, const Datum* keys, Snapshot snapshot) {
    Opened opened;
    if (!open(access, keys, opened)) {
        return -1;
    }
    const PlainTable& table = *opened.entered.table;
    const int count = access.shape().count;
    IndexScanDesc const scan = begin_plain_scan(table, opened.entered.leaf, opened.index, snapshot, keys, 2);
    std::int64_t seats = -1;
    while (index_getnext_slot(scan, ForwardScanDirection, opened.slot)) {
        const Values values = read(table, count, opened.slot);
        seats = std::max<std::int64_t>(seats, 0);
        for (int i = 2; i < count; ++i) {
            seats += values.nulls[i] ? 0 : DatumGetInt32(values.all[i]);
        }
    }
    index_endscan(scan);
    close(access, opened);
    return seats;
}

PlainTake& taken_of(PlainTake& result) {
    return result;
}

PlainTake& taken_of(PlainLane& result) {
    return result.result;
}

// Again, where what was waited for has changed the row. A transaction that sees only what was before learns from the
// statement what that means.
template <class Result, class Take> Result take_in_rounds(Take take) {
    constexpr int rounds = 64; // each ends when somebody else has got something
    auto result = at_one_time<Result>(take);
    for (int i = 1; i < rounds && taken_of(result) == PlainTake::overtaken && !IsolationUsesXactSnapshot(); ++i) {
        result = at_one_time<Result>(take);
    }
    if (taken_of(result) == PlainTake::overtaken) {
        taken_of(result) = PlainTake::unknown;
    }
    CommandCounterIncrement();
    return result;
}

} // namespace

PlainTake take_from_plain_session(const PlainWish& wish, TimestampTz clock) {
    if (!session_counter.is_worth_trying() || !rules.is_worth_trying()) {
        return PlainTake::unknown;
    }
    const PlainAccess::Use use_of_rules(rules);
    const PlainAccess::Use use(session_counter);
    return server([&] {
        const auto take = [&](Snapshot snapshot) { return take_from_session(wish, clock, snapshot); };
        return take_in_rounds<PlainTake>(take);
    });
}

PlainLane take_from_plain_lane(const PlainWish& wish, std::int32_t lane) {
    if (!lane_counter.is_worth_trying() || !rules.is_worth_trying()) {
        return {PlainTake::unknown, lane};
    }
    const PlainAccess::Use use_of_rules(rules);
    const PlainAccess::Use use(lane_counter);
    return server([&] {
        const auto take = [&](Snapshot snapshot) { return take_from_lanes(wish, lane, snapshot); };
        return take_in_rounds<PlainLane>(take);
    });
}

std::optional<PlainSession> look_at_plain_session(std::int32_t organization, const core::Uuid& session) {
    if (!session_terms.is_worth_trying()) {
        return std::nullopt;
    }
    const PlainAccess::Use use(session_terms);
    const PlainSession found = server([&] {
        const Datum keys[] = {Int32GetDatum(organization), PointerGetDatum(session.data())};
        return at_one_time<PlainSession>([&](Snapshot snapshot) { return look_at_session(keys, snapshot); });
    });
    return found.capacity > 0 ? std::optional(found) : std::nullopt;
}

std::optional<std::int64_t> plain_seats(std::int32_t organization, const core::Uuid& session, bool in_lanes) {
    PlainAccess& access = in_lanes ? lane_seats : session_seats;
    if (!access.is_worth_trying()) {
        return std::nullopt;
    }
    const PlainAccess::Use use(access);
    const std::int64_t seats = server([&] {
        const Datum keys[] = {Int32GetDatum(organization), PointerGetDatum(session.data())};
        return at_one_time<std::int64_t>([&](Snapshot snapshot) { return seats_in(access, keys, snapshot); });
    });
    return seats < 0 ? std::nullopt : std::optional(seats);
}

} // namespace pgbk
