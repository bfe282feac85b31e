#include "pg/statement.hpp"

#include "pg/planner.hpp"

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

SPIPlanPtr kept_plan(const char* sql, Plan kind, const Value* values, int count) {
    Oid types[most_values];
    for (int i = 0; i < count; ++i) {
        types[i] = values[i].type();
    }
    const int options = kind == Plan::automatic ? 0 : CURSOR_OPT_GENERIC_PLAN;
    SPIPlanPtr const plan = SPI_prepare_cursor(sql, count, types, options);
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

Result execute(SPIPlanPtr plan, const Value* values, int count, bool read_only, Snapshot snapshot) {
    Datum datums[most_values];
    char nulls[most_values] = {};
    for (int i = 0; i < count; ++i) {
        nulls[i] = values[i].is_null() ? 'n' : ' ';
        datums[i] = values[i].datum();
    }
    const int code = snapshot == InvalidSnapshot
                         ? SPI_execute_plan(plan, datums, nulls, read_only, 0)
                         : SPI_execute_snapshot(plan, datums, nulls, snapshot, InvalidSnapshot, read_only, true, 0);
    if (code < 0) {
        elog(ERROR, "could not execute: %s", SPI_result_code_string(code));
    }
    return Result{SPI_tuptable, SPI_processed};
}

Planning planning_of(Plan plan) {
    return plan == Plan::once ? Planning::for_large_tables : Planning::as_it_is;
}

} // namespace

Rows Statement::run(std::initializer_list<Value> values, bool read_only, Snapshot snapshot) {
    const Value* const first = values.begin();
    const int count = static_cast<int>(values.size());
    const bool is_planned = kind_ == Plan::once && plan_ != nullptr && server([&] { return SPI_plan_is_valid(plan_); });
    const PlannerWatch watch(is_planned ? Planning::none : planning_of(kind_));
    const Result result = server([&] {
        if (plan_ == nullptr) {
            plan_ = kept_plan(sql_, kind_, first, count);
        }
        return execute(plan_, first, count, read_only, snapshot);
    });
    return {result.table, result.count};
}

SPIPlanPtr TransitionStatement::plan_of(Oid table) const {
    for (const TablePlan* plan = plans_; plan != nullptr; plan = plan->next) {
        if (plan->table == table) {
            return plan->plan;
        }
    }
    return nullptr;
}

SPIPlanPtr TransitionStatement::make_plan(Oid table, const Value* values, int count) {
    SPIPlanPtr const kept = kept_plan(sql_, Plan::once, values, count);
    plans_ = new (MemoryContextAlloc(TopMemoryContext, sizeof(TablePlan))) TablePlan{table, kept, plans_};
    return kept;
}

Rows TransitionStatement::write(const TriggerData& data, std::initializer_list<Value> values) {
    const Value* const first = values.begin();
    const int count = static_cast<int>(values.size());
    const Oid table = RelationGetRelid(data.tg_relation);
    SPIPlanPtr const known = plan_of(table);
    const bool is_planned = known != nullptr && server([&] { return SPI_plan_is_valid(known); });
    const PlannerWatch watch(is_planned ? Planning::none : planning_of(Plan::once));
    const Result result = server([&] {
        SPIPlanPtr const plan = known != nullptr ? known : make_plan(table, first, count);
        return execute(plan, first, count, false, InvalidSnapshot);
    });
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
