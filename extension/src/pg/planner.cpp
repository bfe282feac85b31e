#include "pg/planner.hpp"

namespace pgbk {

namespace {

constexpr double large_table_rows = 1e6;
constexpr BlockNumber large_table_pages = 20000;
constexpr BlockNumber large_index_pages = 5000;
constexpr int large_index_height = 2;

Planning planning = Planning::none;
get_relation_info_hook_type next_hook = nullptr;

// A server frame, called by the planner for each table.
void tell_size(PlannerInfo* root, Oid relation, bool inherits, RelOptInfo* info) {
    if (next_hook != nullptr) {
        next_hook(root, relation, inherits, info);
    }
    if (planning != Planning::for_large_tables || info->tuples >= large_table_rows) {
        return;
    }
    info->tuples = large_table_rows;
    info->pages = std::max(info->pages, large_table_pages);
    ListCell* cell = nullptr;
    foreach (cell, info->indexlist) {
        auto* const index = lfirst_node(IndexOptInfo, cell);
        index->tuples = large_table_rows;
        index->pages = std::max(index->pages, large_index_pages);
        index->tree_height = std::max(index->tree_height, large_index_height);
    }
}

} // namespace

// The variable itself, not the setting, which costs a microsecond to set and to restore in each call.
PlannerWatch::PlannerWatch(Planning planning_now) : before_(planning), jit_before_(jit_enabled) {
    planning = planning_now;
    jit_enabled = false;
}

PlannerWatch::~PlannerWatch() {
    planning = before_;
    jit_enabled = jit_before_;
}

void watch_planner() {
    next_hook = get_relation_info_hook;
    get_relation_info_hook = tell_size;
}

} // namespace pgbk
