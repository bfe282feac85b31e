#include "pg/array.hpp"

namespace pgbk {

namespace {

struct ElementType {
    Oid oid;
    Oid array_oid;
    int length;
    bool by_value;
    char alignment;
};

constexpr ElementType int4_type{INT4OID, INT4ARRAYOID, sizeof(std::int32_t), true, TYPALIGN_INT};
constexpr ElementType float8_type{FLOAT8OID, FLOAT8ARRAYOID, sizeof(double), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE};
constexpr ElementType uuid_type{UUIDOID, UUIDARRAYOID, UUID_LEN, false, TYPALIGN_CHAR};
constexpr ElementType text_type{TEXTOID, TEXTARRAYOID, -1, false, TYPALIGN_INT};
constexpr ElementType timestamp_type{TIMESTAMPTZOID, TIMESTAMPTZARRAYOID, sizeof(TimestampTz), FLOAT8PASSBYVAL,
                                     TYPALIGN_DOUBLE};

// Server frames.

Datum to_datum(std::int32_t value) {
    return Int32GetDatum(value);
}
Datum to_datum(double value) {
    return Float8GetDatum(value);
}
Datum to_datum(const core::Uuid& value) {
    return PointerGetDatum(value.data());
}
Datum to_datum(std::string_view value) {
    return PointerGetDatum(cstring_to_text_with_len(value.data(), static_cast<int>(value.size())));
}
Datum to_datum(TimestampTz value) {
    return TimestampTzGetDatum(value);
}

template <class T> bool is_null(const T& /*value*/) {
    return false;
}
template <class T> bool is_null(const std::optional<T>& value) {
    return !value.has_value();
}
template <class T> Datum element(const T& value) {
    return to_datum(value);
}
template <class T> Datum element(const std::optional<T>& value) {
    return value.has_value() ? to_datum(*value) : Datum{0};
}

template <class T> Value array_of(const std::vector<T>& values, const ElementType& type) {
    const T* const first = values.data();
    const std::size_t count = values.size();
    return Value::array(type.array_oid, server([&] {
                            auto* const datums = static_cast<Datum*>(palloc(sizeof(Datum) * (count + 1)));
                            auto* const nulls = static_cast<bool*>(palloc(sizeof(bool) * (count + 1)));
                            for (std::size_t i = 0; i < count; ++i) {
                                nulls[i] = is_null(first[i]);
                                datums[i] = element(first[i]);
                            }
                            int dimensions[1] = {static_cast<int>(count)};
                            int lower_bounds[1] = {1};
                            return PointerGetDatum(construct_md_array(datums, nulls, 1, dimensions, lower_bounds,
                                                                      type.oid, type.length, type.by_value,
                                                                      type.alignment));
                        }));
}

} // namespace

Value int4_array(const std::vector<std::int32_t>& values) {
    return array_of(values, int4_type);
}
Value int4_array(const std::vector<std::optional<std::int32_t>>& values) {
    return array_of(values, int4_type);
}
Value float8_array(const std::vector<double>& values) {
    return array_of(values, float8_type);
}
Value uuid_array(const std::vector<core::Uuid>& values) {
    return array_of(values, uuid_type);
}
Value uuid_array(const std::vector<std::optional<core::Uuid>>& values) {
    return array_of(values, uuid_type);
}
Value text_array(const std::vector<std::string_view>& values) {
    return array_of(values, text_type);
}
Value text_array(const std::vector<std::optional<std::string_view>>& values) {
    return array_of(values, text_type);
}
Value timestamp_array(const std::vector<TimestampTz>& values) {
    return array_of(values, timestamp_type);
}
Value timestamp_array(const std::vector<std::optional<TimestampTz>>& values) {
    return array_of(values, timestamp_type);
}

} // namespace pgbk
