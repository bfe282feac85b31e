// SQL arrays as parameters: the columns of the rows that one statement reads or writes.
#pragma once

#include "pg/statement.hpp"

namespace pgbk {

// C++ frames. The arrays are made in the current memory context; text is copied into them.
Value int4_array(const std::vector<std::int32_t>& values);
Value int4_array(const std::vector<std::optional<std::int32_t>>& values);
Value float8_array(const std::vector<double>& values);
Value uuid_array(const std::vector<core::Uuid>& values);
Value uuid_array(const std::vector<std::optional<core::Uuid>>& values);
Value text_array(const std::vector<std::string_view>& values);
Value text_array(const std::vector<std::optional<std::string_view>>& values);
Value timestamp_array(const std::vector<TimestampTz>& values);
Value timestamp_array(const std::vector<std::optional<TimestampTz>>& values);

} // namespace pgbk
