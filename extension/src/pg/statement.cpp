#include "pg/statement.hpp"

#include <cstring>
#include <new>

namespace pgbk {

Datum Value::datum() const {
    if (null_ || (type_ != TEXTOID && type_ != BYTEAOID)) {
        return datum_;
    }
    // text and bytea have the same shape.
    return PointerGetDatum(cstring_to_text_with_len(bytes_.data(), static_cast<int>(bytes_.size())));
}

namespace {

constexpr int most_values = 32;

// Server frames.

SPIPlanPtr kept_plan(const char* sql, const Value* values, int count, int cursor_options) {
    Oid types[most_values];
    for (int i = 0; i < count; ++i) {
        types[i] = values[i].type();
    }
    SPIPlanPtr const plan = SPI_prepare_cursor(sql, count, types, cursor_options);
    if (plan == nullptr) {
        elog(ERROR, "could not prepare: %s", SPI_result_code_string(SPI_result));
    }
    if (SPI_keepplan(plan) != 0) {
        elog(ERROR, "could not keep a plan");
    }
    return plan;
}

struct Result {
    SPITupleTable* table;
    std::uint64_t count;
};

Result execute(SPIPlanPtr plan, const Value* values, int count, bool read_only) {
    Datum datums[most_values];
    char nulls[most_values] = {};
    for (int i = 0; i < count; ++i) {
        nulls[i] = values[i].is_null() ? 'n' : ' ';
        datums[i] = values[i].datum();
    }
    const int code = SPI_execute_plan(plan, datums, nulls, read_only, 0);
    if (code < 0) {
        elog(ERROR, "could not execute: %s", SPI_result_code_string(code));
    }
    return Result{SPI_tuptable, SPI_processed};
}

} // namespace

Rows Statement::run(std::initializer_list<Value> values, bool read_only) {
    const Value* const first = values.begin();
    const int count = static_cast<int>(values.size());
    const Result result = server([&] {
        if (executions_ > 0 && ++executed_ > executions_ && plan_ != nullptr) {
            (void)SPI_freeplan(plan_);
            plan_ = nullptr;
            executed_ = 1;
        }
        if (plan_ == nullptr) {
            plan_ = kept_plan(sql_, first, count, executions_ > 0 ? CURSOR_OPT_GENERIC_PLAN : 0);
        }
        return execute(plan_, first, count, read_only);
    });
    return {result.table, result.count};
}

SPIPlanPtr TransitionStatement::plan_for(Oid table, const Value* values, int count) {
    for (const Plan* plan = plans_; plan != nullptr; plan = plan->next) {
        if (plan->table == table) {
            return plan->plan;
        }
    }
    SPIPlanPtr const kept = kept_plan(sql_, values, count, CURSOR_OPT_GENERIC_PLAN);
    plans_ = new (MemoryContextAlloc(TopMemoryContext, sizeof(Plan))) Plan{table, kept, plans_};
    return kept;
}

Rows TransitionStatement::write(const TriggerData& data, std::initializer_list<Value> values) {
    const Value* const first = values.begin();
    const int count = static_cast<int>(values.size());
    const Oid table = RelationGetRelid(data.tg_relation);
    const Result result = server([&] { return execute(plan_for(table, first, count), first, count, false); });
    return {result.table, result.count};
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
