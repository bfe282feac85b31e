#include "pg/notifier_place.hpp"
#include "pg/notifier_utility.hpp"
#include "pg/planner.hpp"
#include "pg/settings.hpp"

extern "C" {
#ifdef PG_MODULE_MAGIC_EXT
PG_MODULE_MAGIC_EXT(.name = "pg_booking", .version = PGBK_VERSION);
#else
PG_MODULE_MAGIC;
#endif

void _PG_init(void);
void _PG_init(void) {
    // pg_upgrade's server has work for nobody.
    const bool has_notifier = process_shared_preload_libraries_in_progress && !IsBinaryUpgrade;
    pgbk::settings::define(process_shared_preload_libraries_in_progress, has_notifier);
    pgbk::watch_planner();
    if (has_notifier) {
        pgbk::share_notifier_places();
        pgbk::watch_utility_statements();
    }
}
}
