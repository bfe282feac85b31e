#include "pg/held_event.hpp"

#include "pg/identity.hpp"
#include "pg/notify.hpp"
#include "pg/plain_insert.hpp"
#include "pg/settings.hpp"

#include <cstring>

namespace pgbk {

namespace {

HeldEvent* current = nullptr;

// Server frames.

// The only new row of the statement, in a slot that the caller drops; nullptr if there are several, or none.
TupleTableSlot* only_row(const TriggerData& data) {
    Tuplestorestate* const rows = data.tg_newtable;
    if (!TRIGGER_FIRED_BY_INSERT(data.tg_event) || !TRIGGER_FIRED_AFTER(data.tg_event) ||
        !TRIGGER_FIRED_FOR_STATEMENT(data.tg_event) || rows == nullptr || tuplestore_tuple_count(rows) != 1) {
        return nullptr;
    }
    TupleTableSlot* const slot = MakeSingleTupleTableSlot(RelationGetDescr(data.tg_relation), &TTSOpsMinimalTuple);
    tuplestore_select_read_pointer(rows, 0); // those who scan the table have pointers of their own
    tuplestore_rescan(rows);
    (void)tuplestore_gettupleslot(rows, true, true, slot);
    return slot;
}

// False if there is no such column, or no value: then the row is none that we have announced.
bool get(TupleTableSlot* slot, const char* name, Oid type, Datum& value) {
    TupleDesc const descriptor = slot->tts_tupleDescriptor;
    const int number = SPI_fnumber(descriptor, name);
    bool null = true;
    if (number > 0 && SPI_gettypeid(descriptor, number) == type) {
        value = slot_getattr(slot, number, &null);
    }
    return !null;
}

bool get_uuid(TupleTableSlot* slot, const char* name, core::Uuid& id) {
    Datum value = 0;
    const bool has_value = get(slot, name, UUIDOID, value);
    if (has_value) {
        memcpy(id.data(), DatumGetUUIDP(value)->data, id.size());
    }
    return has_value;
}

bool has_id(TupleTableSlot* slot, const core::Uuid& wanted) {
    core::Uuid id{};
    return get_uuid(slot, "id", id) && id == wanted;
}

bool is_pending(TupleTableSlot* slot) {
    Datum status = 0;
    return get(slot, "status", TEXTOID, status) && strcmp(TextDatumGetCString(status), "pending") == 0;
}

} // namespace

Datum hold_facts(std::int32_t party_size, TimestampTz expires_at) {
    JsonbParseState* state = nullptr;
    const auto push_text = [&](JsonbIteratorToken token, const char* text) {
        JsonbValue value;
        value.type = jbvString;
        value.val.string.val = const_cast<char*>(text);
        value.val.string.len = static_cast<int>(strlen(text));
        (void)pushJsonbValue(&state, token, &value);
    };
    (void)pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
    push_text(WJB_KEY, "party_size");
    JsonbValue number;
    number.type = jbvNumeric;
    number.val.numeric = int64_to_numeric(party_size);
    (void)pushJsonbValue(&state, WJB_VALUE, &number);
    push_text(WJB_KEY, "expires_at");
    char text[MAXDATELEN + 1];
    (void)JsonEncodeDateTime(text, TimestampTzGetDatum(expires_at), TIMESTAMPTZOID, nullptr);
    push_text(WJB_VALUE, text);
    return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, nullptr)));
}

HeldEvent::HeldEvent(std::int32_t organization, const core::Uuid& reservation)
    : organization_(organization), reservation_(reservation), outer_(current) {
    current = this;
}

HeldEvent::~HeldEvent() {
    current = outer_;
}

bool HeldEvent::takes_reservation(const TriggerData& data) {
    if (current == nullptr || current->is_left_to_us_) {
        return false;
    }
    TupleTableSlot* const slot = only_row(data);
    if (slot == nullptr) {
        return false;
    }
    Datum party_size = 0;
    Datum expires_at = 0;
    core::Uuid session{};
    const bool is_ours = has_id(slot, current->reservation_) && is_pending(slot) &&
                         get_uuid(slot, "session_id", session) && get(slot, "party_size", INT4OID, party_size) &&
                         get(slot, "expires_at", TIMESTAMPTZOID, expires_at);
    if (is_ours) {
        current->take(session, DatumGetInt32(party_size), DatumGetTimestampTz(expires_at));
    }
    ExecDropSingleTupleTableSlot(slot);
    return is_ours;
}

bool HeldEvent::takes_event(const TriggerData& data) {
    if (current == nullptr || !current->is_announced_) {
        return false;
    }
    TupleTableSlot* const slot = only_row(data);
    if (slot == nullptr) {
        return false;
    }
    const bool is_ours = has_id(slot, current->event_);
    ExecDropSingleTupleTableSlot(slot);
    return is_ours;
}

void HeldEvent::take(const core::Uuid& session, std::int32_t party_size, TimestampTz expires_at) {
    session_ = session;
    party_size_ = party_size;
    expires_at_ = expires_at;
    is_left_to_us_ = true;
}

void HeldEvent::write(const Terms& terms) {
    static constinit PlainInsert plain(
        "booking_events", "trigger_booking_event_webhook", PlainColumn{"organization_id", INT4OID},
        PlainColumn{"id", UUIDOID}, PlainColumn{"kind", TEXTOID}, PlainColumn{"subject_id", UUIDOID},
        PlainColumn{"session_id", UUIDOID}, PlainColumn{"facts", JSONBOID}, PlainColumn{"occurred_at", TIMESTAMPTZOID});
    static constinit Statement statement(
        "INSERT INTO booking.booking_events (organization_id, id, kind, subject_id, session_id, facts, occurred_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)");
    if (!is_left_to_us_ || !terms.makes_events) {
        return;
    }
    event_ = new_id(organization_);
    is_announced_ = !terms.has_endpoint;
    const Datum facts = server([&] { return hold_facts(party_size_, expires_at_); });
    const std::initializer_list<Value> values = {organization_,
                                                 event_,
                                                 std::string_view("reservation.held"),
                                                 reservation_,
                                                 session_,
                                                 Value::jsonb(facts),
                                                 Value::timestamp(settings::now())};
    // Where a webhook wants it, the trigger makes its delivery.
    if (terms.has_endpoint || !plain.write(values)) {
        statement.write(values);
    }
    notify_of_event(organization_, event_);
}

} // namespace pgbk
