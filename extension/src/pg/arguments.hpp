// Reading a call's arguments and building what it returns.
#pragma once

#include "core/identifier.hpp"
#include "pg/shell.hpp"
#include "pg/statement.hpp"

namespace pgbk {

// Each reads argument i (from 0) and throws Refusal null_argument with its name if it is NULL. Borrowed data lives as
// long as the call.
core::Uuid uuid_argument(const Call& call, int i, const char* name);
std::int32_t int4_argument(const Call& call, int i, const char* name);
DateADT date_argument(const Call& call, int i, const char* name);
std::string_view text_argument(const Call& call, int i, const char* name);
TimestampTz timestamp_argument(const Call& call, int i, const char* name);
bool boolean_argument(const Call& call, int i, const char* name);
const Interval* interval_argument(const Call& call, int i, const char* name);
Datum jsonb_argument(const Call& call, int i, const char* name);                         // detoasted
std::vector<std::string_view> texts_argument(const Call& call, int i, const char* name); // text[], no element NULL
std::vector<std::int32_t> int4s_argument(const Call& call, int i, const char* name);     // integer[], the same

// The same, without a value where the argument is NULL or was left out of a shorter call.
bool is_absent(const Call& call, int i);
std::optional<std::int32_t> optional_int4(const Call& call, int i);
std::optional<std::int64_t> optional_int8(const Call& call, int i);
std::optional<std::string_view> optional_text(const Call& call, int i);
std::optional<TimestampTz> optional_timestamp(const Call& call, int i);
std::optional<core::Uuid> optional_uuid(const Call& call, int i);

std::string uuid_text(const core::Uuid& id);

// Microseconds; months count 30 days.
bool is_between(const Interval& interval, std::int64_t least, std::int64_t most);

// "2026-11-21 10:00:00+00" in the caller's zone, for messages.
std::string timestamp_text(TimestampTz at);

std::string date_text(DateADT date); // "2026-11-21", whatever the caller's DateStyle

// Throws Refusal session_not_found.
[[noreturn]] void refuse_unknown_session(const core::Uuid& id);

// Results, allocated where the caller expects them.
Datum uuid_result(const Call& call, const core::Uuid& id);
Datum text_result(const Call& call, std::string_view text);
Datum null_result(const Call& call);
Datum copied_result(const Call& call, const Rows& rows, std::uint64_t row, int column); // of a varlena type, not NULL
Datum record_result(const Call& call, std::initializer_list<Value> columns);

// A set-returning function's rows, materialized. The statement's columns must be those that the function declares.
class ResultSet {
public:
    explicit ResultSet(const Call& call);
    void add(const Rows& rows);
    void add(const Rows& rows, std::uint64_t row);
    void add(std::initializer_list<Value> columns);

private:
    const Call& call_;
    Tuplestorestate* store_;
    TupleDesc descriptor_;
};

} // namespace pgbk
