// A jsonb value as the core's JSON tree.
#pragma once

#include "core/json.hpp"
#include "pg/guard.hpp"

namespace pgbk {

// Server frame: nodes are allocated in the current memory context and may point into the jsonb, which must live on.
const core::JsonNode* json_tree(Jsonb* document);

} // namespace pgbk
