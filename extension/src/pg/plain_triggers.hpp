// Which triggers a plain write would pass by.
#pragma once

#include "pg/plain_table.hpp"

namespace pgbk {

// Server frame. Whether the write would fire no trigger but the one that the caller answers for, which is there.
// changed: the column that an update changes.
bool has_plain_triggers(Relation root, Relation leaf, const PlainShape& shape, AttrNumber changed);

} // namespace pgbk
