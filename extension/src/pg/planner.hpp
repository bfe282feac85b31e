// What the server's planner is told while it plans our statements.
//
// A plan is kept, and may be made while its tables are empty; a queue is empty whenever it is looked at. The planner
// then sees no difference between finding a row by its key and reading all there is, and the plan is still used when
// there are a million rows. So a statement that is planned once is planned for large tables. And none is compiled: they
// are short, whatever the planner thinks of their cost.
#pragma once

#include "pg/pg.hpp"

namespace pgbk {

enum class Planning : std::uint8_t {
    none,             // nothing will be planned
    as_it_is,         // by the tables' own size
    for_large_tables, // as if they had a million rows at least
};

// C++ frames. From here to the end of the scope, in which the server may be asked to plan.
class PlannerWatch {
public:
    explicit PlannerWatch(Planning planning);
    ~PlannerWatch();
    PlannerWatch(const PlannerWatch&) = delete;
    PlannerWatch& operator=(const PlannerWatch&) = delete;

private:
    Planning before_;
    bool jit_before_;
};

// Once, when the library is loaded.
void watch_planner();

} // namespace pgbk
