// SQL from C++: a statement is prepared once in a backend and kept. Its text names everything with its schema, so that
// it is ordinary SQL for planner hooks, policies, partitions and a distributed engine.
#pragma once

#include "core/identifier.hpp"
#include "pg/guard.hpp"

namespace pgbk {

// A parameter. Plain data that borrows what it points to.
class Value {
public:
    Value(const char*) = delete; // would convert to bool
    Value(std::int32_t v) : type_(INT4OID), datum_(Int32GetDatum(v)) {}
    Value(bool v) : type_(BOOLOID), datum_(BoolGetDatum(v)) {}
    Value(const core::Uuid& v) : type_(UUIDOID), datum_(PointerGetDatum(v.data())) {}
    Value(std::string_view v) : type_(TEXTOID), bytes_(v) {}
    static Value int2(std::int16_t v) { return {INT2OID, Int16GetDatum(v)}; }
    static Value int8(std::int64_t v) { return {INT8OID, Int64GetDatum(v)}; }
    static Value timestamp(TimestampTz v) { return {TIMESTAMPTZOID, TimestampTzGetDatum(v)}; }
    static Value civil_time(Timestamp v) { return {TIMESTAMPOID, TimestampGetDatum(v)}; }
    static Value date(DateADT v) { return {DATEOID, DateADTGetDatum(v)}; }
    static Value bytea(std::string_view v) { return {BYTEAOID, v}; }
    static Value array(Oid array_type, Datum v) { return {array_type, v}; }
    static Value jsonb(Datum v) { return {JSONBOID, v}; }
    static Value numeric(Datum v) { return {NUMERICOID, v}; }
    static Value interval(const Interval* v) { return {INTERVALOID, PointerGetDatum(v)}; }
    static Value null(Oid type) {
        Value value(type, Datum{0});
        value.null_ = true;
        return value;
    }

    Oid type() const { return type_; }
    bool is_null() const { return null_; }
    Datum datum() const; // server frame: text and bytea are copied into the current memory context

private:
    Value(Oid type, Datum datum) : type_(type), datum_(datum) {}
    Value(Oid type, std::string_view bytes) : type_(type), bytes_(bytes) {}

    Oid type_;
    bool null_ = false;
    Datum datum_ = 0;
    std::string_view bytes_;
};

inline Value text_or_null(const std::optional<std::string_view>& text) {
    return text.has_value() ? Value(*text) : Value::null(TEXTOID);
}

// The rows of a statement, valid until the entry point ends. Columns count from 1, rows from 0.
class Rows {
public:
    Rows() = default;
    Rows(SPITupleTable* table, std::uint64_t count) : table_(table), count_(count) {}

    std::uint64_t count() const { return count_; }
    bool empty() const { return count_ == 0; }
    bool is_null(std::uint64_t row, int column) const;
    std::int32_t int4(std::uint64_t row, int column) const { return DatumGetInt32(datum(row, column)); }
    std::int64_t int8(std::uint64_t row, int column) const { return DatumGetInt64(datum(row, column)); }
    bool boolean(std::uint64_t row, int column) const { return DatumGetBool(datum(row, column)); }
    TimestampTz timestamp(std::uint64_t row, int column) const { return DatumGetTimestampTz(datum(row, column)); }
    DateADT date(std::uint64_t row, int column) const { return DatumGetDateADT(datum(row, column)); }
    core::Uuid uuid(std::uint64_t row, int column) const;
    std::string_view bytes(std::uint64_t row, int column) const; // text or bytea; empty if NULL
    Datum datum(std::uint64_t row, int column) const;            // not NULL
    Datum datum_or_null(std::uint64_t row, int column, bool& null) const;
    SPITupleTable* table() const { return table_; }

private:
    SPITupleTable* table_ = nullptr;
    std::uint64_t count_ = 0;
};

// How a statement is planned. Planning costs many times what finding a few rows by their keys costs: it is done once,
// without regard to the parameters and as if every table were large (planner.hpp). The server's own choice (automatic)
// may be to plan each call; it is for reports.
enum class Plan : std::uint8_t { once, automatic };

class Statement {
public:
    explicit constexpr Statement(const char* sql, Plan plan = Plan::once) : sql_(sql), kind_(plan) {}

    // Sees what the calling statement sees.
    Rows read(std::initializer_list<Value> values) { return run(values, true); }
    // Sees all that is committed by now (read committed), and writes.
    Rows write(std::initializer_list<Value> values) { return run(values, false); }
    // Sees what the snapshot sees, which somebody keeps, and what this transaction has written; and writes.
    Rows write_at(Snapshot snapshot, std::initializer_list<Value> values) { return run(values, false, snapshot); }

private:
    Rows run(std::initializer_list<Value> values, bool read_only, Snapshot snapshot = InvalidSnapshot);

    const char* sql_;
    Plan kind_;
    SPIPlanPtr plan_ = nullptr;
};

// A statement over the transition tables of a trigger (old_rows, new_rows). A plan is kept for each table that has the
// trigger, since another table's rows may have another shape, and one that does not depend on how many rows the first
// change had.
class TransitionStatement {
public:
    explicit constexpr TransitionStatement(const char* sql) : sql_(sql) {}

    Rows write(const TriggerData& data, std::initializer_list<Value> values);

private:
    struct TablePlan {
        Oid table;
        SPIPlanPtr plan;
        TablePlan* next;
    };

    SPIPlanPtr plan_of(Oid table) const;                             // nullptr if there is none yet
    SPIPlanPtr make_plan(Oid table, const Value* values, int count); // server frame

    const char* sql_;
    TablePlan* plans_ = nullptr;
};

} // namespace pgbk
