#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pgbk::relay {

// Whether PostgreSQL can store the bytes as text as they are: valid UTF-8 without NUL.
bool is_storable(std::string_view bytes);

// Whatever bytes a stranger sent, as PostgreSQL can store them: valid UTF-8 without NUL, at most `limit` bytes, cut
// between characters. What is not text becomes U+FFFD.
std::string storable_text(std::string_view bytes, std::size_t limit);

} // namespace pgbk::relay
