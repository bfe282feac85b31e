#include "pg/statement.hpp"

#include <cstring>

namespace pgbk {

Datum Value::datum() const {
    if (null_ || (type_ != TEXTOID && type_ != BYTEAOID)) {
        return datum_;
    }
    // text and bytea have the same shape.
    return PointerGetDatum(cstring_to_text_with_len(bytes_.data(), static_cast<int>(bytes_.size())));
}

void Statement::prepare(const Value* values, int count) {
    Oid types[most_values];
    for (int i = 0; i < count; ++i) {
        types[i] = values[i].type();
    }
    const int options = kind_ == Plan::once ? CURSOR_OPT_GENERIC_PLAN : 0;
    SPIPlanPtr const plan = SPI_prepare_cursor(sql_, count, types, options);
    if (plan == nullptr) {
        elog(ERROR, "could not prepare: %s", SPI_result_code_string(SPI_result));
    }
    if (SPI_keepplan(plan) != 0) {
        elog(ERROR, "could not keep a plan");
    }
    plan_ = plan; // last: a failure above leaves nothing behind
}

Rows Statement::run(std::initializer_list<Value> values, bool read_only) {
    struct Result {
        SPITupleTable* table;
        std::uint64_t count;
    };
    const Value* const first = values.begin();
    const int count = static_cast<int>(values.size());
    const Result result = server([&] {
        if (plan_ == nullptr) {
            prepare(first, count);
        }
        Datum datums[most_values];
        char nulls[most_values];
        for (int i = 0; i < count; ++i) {
            nulls[i] = first[i].is_null() ? 'n' : ' ';
            datums[i] = first[i].datum();
        }
        const int code = SPI_execute_plan(plan_, datums, nulls, read_only, 0);
        if (code < 0) {
            elog(ERROR, "could not execute: %s", SPI_result_code_string(code));
        }
        return Result{SPI_tuptable, SPI_processed};
    });
    return result.table == nullptr ? Rows(nullptr, result.count) : Rows(result.table, result.count);
}

Datum Rows::datum_or_null(std::uint64_t row, int column, bool& null) const {
    return SPI_getbinval(table_->vals[row], table_->tupdesc, column, &null);
}

bool Rows::is_null(std::uint64_t row, int column) const {
    bool null = false;
    (void)datum_or_null(row, column, null);
    return null;
}

Datum Rows::datum(std::uint64_t row, int column) const {
    bool null = false;
    return datum_or_null(row, column, null);
}

core::Uuid Rows::uuid(std::uint64_t row, int column) const {
    core::Uuid id{};
    std::memcpy(id.data(), DatumGetUUIDP(datum(row, column))->data, id.size());
    return id;
}

std::string_view Rows::bytes(std::uint64_t row, int column) const {
    bool null = false;
    const Datum value = datum_or_null(row, column, null);
    if (null) {
        return {};
    }
    return server([&] {
        const text* const detoasted = DatumGetTextPP(value);
        return std::string_view(VARDATA_ANY(detoasted), VARSIZE_ANY_EXHDR(detoasted));
    });
}

} // namespace pgbk
