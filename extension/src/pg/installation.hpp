// Whether this database may act on its rows.
#pragma once

#include "pg/statement.hpp"

namespace pgbk {

// False in a copy that nobody has adopted. C++ frame of a reader or writer.
bool is_original();

} // namespace pgbk
