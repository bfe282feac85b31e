#include "pg/reservation_events.hpp"

#include "pg/array.hpp"
#include "pg/held_event.hpp"
#include "pg/identity.hpp"
#include "pg/notify.hpp"
#include "pg/plain_rows.hpp"
#include "pg/settings.hpp"

#include <cstring>

namespace pgbk {

namespace {

// What is told of a reservation. Plain data.
struct Happened {
    const char* kind; // nullptr: nothing
    std::int32_t organization;
    core::Uuid id;
    core::Uuid session;
    std::int32_t party_size;
    TimestampTz expires_at;
};

struct Columns {
    int organization, id, session, party_size, expires_at, status, unit_items;
    bool are_known;
};

// Server frames.

Columns columns_of(TupleDesc descriptor) {
    Columns columns{0, 0, 0, 0, 0, 0, 0, true};
    const auto find = [&](const char* name, Oid type) {
        const int number = SPI_fnumber(descriptor, name);
        columns.are_known = columns.are_known && number > 0 && SPI_gettypeid(descriptor, number) == type;
        return number;
    };
    columns.organization = find("organization_id", INT4OID);
    columns.id = find("id", UUIDOID);
    columns.session = find("session_id", UUIDOID);
    columns.party_size = find("party_size", INT4OID);
    columns.expires_at = find("expires_at", TIMESTAMPTZOID);
    columns.status = find("status", TEXTOID);
    columns.unit_items = find("unit_items", JSONBOID);
    return columns;
}

struct Version {
    std::int32_t organization;
    core::Uuid id;
    core::Uuid session;
    std::int32_t party_size;
    TimestampTz expires_at;
    const text* status;
};

// False if something is missing, or there are units.
bool read(TupleTableSlot* slot, const Columns& columns, Version& version) {
    bool is_whole = true;
    const auto get = [&](int column) {
        bool null = false;
        const Datum value = slot_getattr(slot, column, &null);
        is_whole = is_whole && !null;
        return value;
    };
    const Datum ids[] = {get(columns.id), get(columns.session)};
    const Datum status = get(columns.status);
    version.organization = DatumGetInt32(get(columns.organization));
    version.party_size = DatumGetInt32(get(columns.party_size));
    version.expires_at = DatumGetTimestampTz(get(columns.expires_at));
    if (!is_whole || !slot_attisnull(slot, columns.unit_items) ||
        VARATT_IS_EXTENDED(DatumGetPointer(status)) != VARATT_IS_SHORT(DatumGetPointer(status))) {
        return false;
    }
    memcpy(version.id.data(), DatumGetUUIDP(ids[0])->data, version.id.size());
    memcpy(version.session.data(), DatumGetUUIDP(ids[1])->data, version.session.size());
    version.status = reinterpret_cast<const text*>(DatumGetPointer(status));
    return true;
}

bool is_status(const Version& version, const char* status) {
    const std::size_t length = strlen(status);
    return VARSIZE_ANY_EXHDR(version.status) == length && memcmp(VARDATA_ANY(version.status), status, length) == 0;
}

const char* kind_of(const Version& before, const Version& after) {
    const bool has_status =
        VARSIZE_ANY_EXHDR(before.status) != VARSIZE_ANY_EXHDR(after.status) ||
        memcmp(VARDATA_ANY(before.status), VARDATA_ANY(after.status), VARSIZE_ANY_EXHDR(after.status)) != 0;
    if (has_status) {
        return is_status(after, "expired")     ? "reservation.expired"
               : is_status(after, "cancelled") ? "reservation.cancelled"
                                               : nullptr;
    }
    return is_status(after, "pending") && after.expires_at > before.expires_at ? "reservation.extended" : nullptr;
}

struct Story {
    Happened* rows;
    std::size_t count;
    bool is_told; // if not, the statement has to
};

Story read_story(const TriggerData& data) {
    constexpr std::int64_t most_in_memory = 100000;
    TupleDesc const descriptor = RelationGetDescr(data.tg_relation);
    const Columns columns = columns_of(descriptor);
    Tuplestorestate* const stores[] = {data.tg_oldtable, data.tg_newtable};
    const std::int64_t count = tuplestore_tuple_count(stores[1]);
    if (!columns.are_known || count > most_in_memory || tuplestore_tuple_count(stores[0]) != count) {
        return {nullptr, 0, false};
    }
    TupleTableSlot* slots[2];
    for (int i = 0; i < 2; ++i) {
        slots[i] = MakeSingleTupleTableSlot(descriptor, &TTSOpsMinimalTuple);
        tuplestore_select_read_pointer(stores[i], 0); // those who scan the table have pointers of their own
        tuplestore_rescan(stores[i]);
    }
    Story story{static_cast<Happened*>(palloc(sizeof(Happened) * static_cast<Size>(count + 1))), 0, true};
    while (story.is_told && tuplestore_gettupleslot(stores[0], true, false, slots[0]) &&
           tuplestore_gettupleslot(stores[1], true, false, slots[1])) {
        Version before{};
        Version after{};
        story.is_told = read(slots[0], columns, before) && read(slots[1], columns, after) &&
                        before.organization == after.organization && before.id == after.id;
        const char* const kind = story.is_told ? kind_of(before, after) : nullptr;
        if (kind != nullptr) {
            story.rows[story.count++] = {kind,          after.organization, after.id,
                                         after.session, after.party_size,   after.expires_at};
        }
    }
    for (TupleTableSlot* const slot : slots) {
        ExecDropSingleTupleTableSlot(slot);
    }
    return story;
}

// C++ frames.

struct Wish {
    bool makes_events;
    bool has_endpoint;
};

Wish wish_of(std::int32_t organization) {
    static constinit Statement statement(
        "SELECT o.reservation_events, EXISTS (SELECT 1 FROM booking.webhook_endpoints AS e"
        "                                      WHERE e.organization_id = $1 AND e.status = 'active')"
        "  FROM booking.organizations AS o WHERE o.organization_id = $1");
    const Rows rows = statement.write({organization});
    return rows.empty() ? Wish{false, false} : Wish{rows.boolean(0, 1), rows.boolean(0, 2)};
}

// The events of one organization.
struct Events {
    std::int32_t organization;
    std::span<const Happened> rows;
    std::span<const core::Uuid> ids;
    std::span<const Datum> facts;

    std::size_t count() const { return rows.size(); }
    Events from(std::size_t first) const {
        return {organization, rows.subspan(first), ids.subspan(first), facts.subspan(first)};
    }
};

// Returns how many were written, from the first on.
std::size_t write_plainly(const Events& events, const Value& clock) {
    static constinit PlainRows plain(
        "booking_events", "trigger_booking_event_webhook", nullptr, PlainColumn{"organization_id", INT4OID},
        PlainColumn{"id", UUIDOID}, PlainColumn{"kind", TEXTOID}, PlainColumn{"subject_id", UUIDOID},
        PlainColumn{"session_id", UUIDOID}, PlainColumn{"facts", JSONBOID}, PlainColumn{"occurred_at", TIMESTAMPTZOID});
    std::vector<Value> values;
    values.reserve(events.count() * 7);
    for (std::size_t i = 0; i < events.count(); ++i) {
        const Happened& row = events.rows[i];
        values.insert(values.end(), {events.organization, events.ids[i], std::string_view(row.kind), row.id,
                                     row.session, Value::jsonb(events.facts[i]), clock});
    }
    return plain.write(values);
}

void write_by_statement(const Events& events, const Value& clock) {
    static constinit Statement statement(
        "INSERT INTO booking.booking_events (organization_id, id, kind, subject_id, session_id, facts, occurred_at)"
        " SELECT $1, x.id, x.kind, x.subject_id, x.session_id, x.facts, $7"
        "   FROM unnest($2, $3, $4, $5, $6) AS x (id, kind, subject_id, session_id, facts)");
    std::vector<core::Uuid> subjects;
    std::vector<core::Uuid> sessions;
    std::vector<std::string_view> kinds;
    for (const Happened& row : events.rows) {
        subjects.push_back(row.id);
        sessions.push_back(row.session);
        kinds.emplace_back(row.kind);
    }
    const Datum* const facts = events.facts.data();
    const int count = static_cast<int>(events.count());
    const Datum all_facts = server([&] {
        return PointerGetDatum(construct_array(const_cast<Datum*>(facts), count, JSONBOID, -1, false, TYPALIGN_INT));
    });
    statement.write({events.organization, uuid_array(std::vector(events.ids.begin(), events.ids.end())),
                     text_array(kinds), uuid_array(subjects), uuid_array(sessions),
                     Value::array(JSONBARRAYOID, all_facts), clock});
}

void write_events(std::int32_t organization, std::span<const Happened> rows, bool has_endpoint) {
    std::vector<core::Uuid> ids;
    ids.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        ids.push_back(new_id(organization));
    }
    std::vector<Datum> facts(rows.size());
    Datum* const first_facts = facts.data();
    server([&] {
        for (std::size_t i = 0; i < rows.size(); ++i) {
            first_facts[i] = hold_facts(rows[i].party_size, rows[i].expires_at);
        }
    });
    const Events events{organization, rows, ids, facts};
    const Value clock = Value::timestamp(settings::now());
    // Where a webhook may want one, the trigger makes its delivery.
    const std::size_t written = has_endpoint ? 0 : write_plainly(events, clock);
    if (written < rows.size()) {
        write_by_statement(events.from(written), clock);
    }
    notify_of_these_events(organization, ids);
}

} // namespace

bool write_reservation_events(const TriggerData& data) {
    const Story story = server([&] { return read_story(data); });
    if (!story.is_told) {
        return false;
    }
    Happened* const end = story.rows + story.count;
    for (Happened* first = story.rows; first != end;) {
        const std::int32_t organization = first->organization;
        Happened* const others = std::stable_partition(
            first, end, [organization](const Happened& row) { return row.organization == organization; });
        const Wish wish = wish_of(organization);
        if (wish.makes_events) {
            write_events(organization, {first, others}, wish.has_endpoint);
        }
        first = others;
    }
    return true;
}

} // namespace pgbk
