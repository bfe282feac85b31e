#include "pg/arguments.hpp"

#include <cstring>
#include <iterator>

namespace pgbk {

namespace {

Datum required(const Call& call, int i, const char* name) {
    if (is_absent(call, i)) {
        throw core::Refusal(core::RefusalKind::null_argument, std::string(name) + " must not be NULL", {}, {}, name);
    }
    return call.fcinfo->args[i].value;
}

std::string_view text_of(Datum value) {
    return server([&] {
        const text* const detoasted = DatumGetTextPP(value);
        return std::string_view(VARDATA_ANY(detoasted), VARSIZE_ANY_EXHDR(detoasted));
    });
}

constexpr int most_columns = 32;

// Server frame.
HeapTuple form_row(TupleDesc descriptor, const Value* columns, std::size_t count) {
    Datum datums[most_columns];
    bool nulls[most_columns];
    if (count != static_cast<std::size_t>(descriptor->natts)) {
        elog(ERROR, "row of %zu columns for a result of %d", count, descriptor->natts);
    }
    for (std::size_t i = 0; i < count; ++i) {
        nulls[i] = columns[i].is_null();
        datums[i] = columns[i].datum();
    }
    return heap_form_tuple(descriptor, datums, nulls);
}

// Server frame. The row that the function is declared to return, found out once in a backend: what a function returns
// cannot be changed without making another one of it.
TupleDesc row_of(FunctionCallInfo fcinfo) {
    struct Known {
        Oid function;
        TupleDesc row;
    };
    constexpr std::size_t places = 32;
    static Known known[places];

    Known& place = known[fcinfo->flinfo->fn_oid % places];
    if (place.row == nullptr || place.function != fcinfo->flinfo->fn_oid) {
        TupleDesc row = nullptr;
        if (get_call_result_type(fcinfo, nullptr, &row) != TYPEFUNC_COMPOSITE) {
            elog(ERROR, "the function is not declared to return a row");
        }
        MemoryContext const old = MemoryContextSwitchTo(TopMemoryContext);
        TupleDesc const kept = BlessTupleDesc(CreateTupleDescCopy(row));
        MemoryContextSwitchTo(old);
        if (place.row != nullptr) {
            FreeTupleDesc(place.row);
        }
        place = {fcinfo->flinfo->fn_oid, kept};
    }
    return place.row;
}

} // namespace

bool is_absent(const Call& call, int i) {
    return i >= call.fcinfo->nargs || call.fcinfo->args[i].isnull;
}

core::Uuid uuid_argument(const Call& call, int i, const char* name) {
    core::Uuid id{};
    std::memcpy(id.data(), DatumGetUUIDP(required(call, i, name))->data, id.size());
    return id;
}

std::int32_t int4_argument(const Call& call, int i, const char* name) {
    return DatumGetInt32(required(call, i, name));
}

DateADT date_argument(const Call& call, int i, const char* name) {
    return DatumGetDateADT(required(call, i, name));
}

std::string_view text_argument(const Call& call, int i, const char* name) {
    return text_of(required(call, i, name));
}

TimestampTz timestamp_argument(const Call& call, int i, const char* name) {
    return DatumGetTimestampTz(required(call, i, name));
}

bool boolean_argument(const Call& call, int i, const char* name) {
    return DatumGetBool(required(call, i, name));
}

const Interval* interval_argument(const Call& call, int i, const char* name) {
    return DatumGetIntervalP(required(call, i, name));
}

Datum jsonb_argument(const Call& call, int i, const char* name) {
    const Datum value = required(call, i, name);
    return server([&] { return PointerGetDatum(DatumGetJsonbP(value)); });
}

namespace {

struct Elements {
    Datum* values;
    bool* nulls;
    int count;
};

// Of an array argument, none of them NULL.
Elements elements_of(const Call& call, int i, const char* name, Oid type) {
    const Datum value = required(call, i, name);
    const Elements elements = server([&] {
        Elements found{};
        const bool is_text = type == TEXTOID;
        deconstruct_array(DatumGetArrayTypeP(value), type, is_text ? -1 : sizeof(std::int32_t), !is_text, TYPALIGN_INT,
                          &found.values, &found.nulls, &found.count);
        return found;
    });
    if (std::any_of(elements.nulls, elements.nulls + elements.count, [](bool null) { return null; })) {
        throw core::Refusal(core::RefusalKind::null_argument, std::string(name) + " must not have a NULL in it", {}, {},
                            name);
    }
    return elements;
}

} // namespace

std::vector<std::string_view> texts_argument(const Call& call, int i, const char* name) {
    const Elements elements = elements_of(call, i, name, TEXTOID);
    std::vector<std::string_view> texts;
    std::transform(elements.values, elements.values + elements.count, std::back_inserter(texts), text_of);
    return texts;
}

std::vector<std::int32_t> int4s_argument(const Call& call, int i, const char* name) {
    const Elements elements = elements_of(call, i, name, INT4OID);
    std::vector<std::int32_t> numbers;
    std::transform(elements.values, elements.values + elements.count, std::back_inserter(numbers),
                   [](Datum value) { return DatumGetInt32(value); });
    return numbers;
}

std::optional<core::Uuid> optional_uuid(const Call& call, int i) {
    return is_absent(call, i) ? std::nullopt : std::optional(uuid_argument(call, i, ""));
}

std::optional<std::int32_t> optional_int4(const Call& call, int i) {
    return is_absent(call, i) ? std::nullopt : std::optional(DatumGetInt32(call.fcinfo->args[i].value));
}

std::optional<std::int64_t> optional_int8(const Call& call, int i) {
    return is_absent(call, i) ? std::nullopt : std::optional(DatumGetInt64(call.fcinfo->args[i].value));
}

std::optional<std::string_view> optional_text(const Call& call, int i) {
    return is_absent(call, i) ? std::nullopt : std::optional(text_of(call.fcinfo->args[i].value));
}

std::optional<TimestampTz> optional_timestamp(const Call& call, int i) {
    return is_absent(call, i) ? std::nullopt : std::optional(DatumGetTimestampTz(call.fcinfo->args[i].value));
}

// Each part is looked at before they are added up: intervals may be longer than fits.
bool is_between(const Interval& interval, std::int64_t least, std::int64_t most) {
    constexpr std::int64_t days_of_month = 30;
    constexpr std::int32_t longest_part = 1000;
    const auto is_short = [](std::int64_t part) { return part >= -longest_part && part <= longest_part; };
    if (!is_short(interval.month) || !is_short(interval.day) || !is_short(interval.time / USECS_PER_DAY)) {
        return false;
    }
    const std::int64_t length = interval.time + (interval.day + interval.month * days_of_month) * USECS_PER_DAY;
    return length >= least && length <= most;
}

std::string uuid_text(const core::Uuid& id) {
    constexpr char hex[] = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < id.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            out += '-';
        }
        out += hex[id[i] >> 4U];
        out += hex[id[i] & 15U];
    }
    return out;
}

std::string timestamp_text(TimestampTz at) {
    return server([&] { return timestamptz_to_str(at); });
}

std::string date_text(DateADT date) {
    if (DATE_NOT_FINITE(date)) {
        return DATE_IS_NOBEGIN(date) ? "-infinity" : "infinity";
    }
    int year = 0;
    int month = 0;
    int day = 0;
    server([&] { j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day); });
    const auto two_digits = [](int n) { return std::string(n < 10 ? "0" : "") + std::to_string(n); };
    return std::to_string(year) + "-" + two_digits(month) + "-" + two_digits(day);
}

void refuse_unknown_session(const core::Uuid& id) {
    throw core::Refusal(core::RefusalKind::session_not_found, "no session has the id " + uuid_text(id));
}

Datum uuid_result(const Call& call, const core::Uuid& id) {
    return server([&] {
        void* const copy = MemoryContextAlloc(call.result_context, id.size());
        memcpy(copy, id.data(), id.size());
        return PointerGetDatum(copy);
    });
}

Datum text_result(const Call& call, std::string_view text) {
    return server([&] {
        MemoryContext const old = MemoryContextSwitchTo(call.result_context);
        const Datum result = PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
        MemoryContextSwitchTo(old);
        return result;
    });
}

Datum null_result(const Call& call) {
    call.fcinfo->isnull = true;
    return Datum{0};
}

Datum copied_result(const Call& call, const Rows& rows, std::uint64_t row, int column) {
    const Datum value = rows.datum(row, column);
    return server([&] {
        MemoryContext const old = MemoryContextSwitchTo(call.result_context);
        const Datum copy = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
        MemoryContextSwitchTo(old);
        return copy;
    });
}

Datum record_result(const Call& call, std::initializer_list<Value> columns) {
    const Value* const first = columns.begin();
    const std::size_t count = columns.size();
    return server([&] {
        MemoryContext const old = MemoryContextSwitchTo(call.result_context);
        const Datum result = HeapTupleGetDatum(form_row(row_of(call.fcinfo), first, count));
        MemoryContextSwitchTo(old);
        return result;
    });
}

ResultSet::ResultSet(const Call& call) : call_(call), store_(nullptr), descriptor_(nullptr) {
    server([&] {
        auto* const info = reinterpret_cast<ReturnSetInfo*>(call_.fcinfo->resultinfo);
        if (info == nullptr || !IsA(info, ReturnSetInfo) || (info->allowedModes & SFRM_Materialize) == 0) {
            ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                            errmsg("set-returning function called in a context that cannot accept a set")));
        }
        MemoryContext const old = MemoryContextSwitchTo(info->econtext->ecxt_per_query_memory);
        TypeFuncClass const kind = get_call_result_type(call_.fcinfo, nullptr, &descriptor_);
        if (kind == TYPEFUNC_SCALAR) {
            descriptor_ = CreateTemplateTupleDesc(1);
            TupleDescInitEntry(descriptor_, 1, "value", get_func_rettype(call_.fcinfo->flinfo->fn_oid), -1, 0);
        } else if (kind != TYPEFUNC_COMPOSITE) {
            elog(ERROR, "the function is not declared to return rows");
        }
        store_ = tuplestore_begin_heap((info->allowedModes & SFRM_Materialize_Random) != 0, false, work_mem);
        MemoryContextSwitchTo(old);
        info->returnMode = SFRM_Materialize;
        info->setResult = store_;
        info->setDesc = descriptor_;
    });
}

void ResultSet::add(const Rows& rows) {
    server([&] {
        for (std::uint64_t row = 0; row < rows.count(); ++row) {
            tuplestore_puttuple(store_, rows.table()->vals[row]);
        }
    });
}

void ResultSet::add(const Rows& rows, std::uint64_t row) {
    server([&] { tuplestore_puttuple(store_, rows.table()->vals[row]); });
}

void ResultSet::add(std::initializer_list<Value> columns) {
    const Value* const first = columns.begin();
    const std::size_t count = columns.size();
    server([&] { tuplestore_puttuple(store_, form_row(descriptor_, first, count)); });
}

} // namespace pgbk
