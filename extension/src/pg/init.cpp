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
    pgbk::settings::define();
    pgbk::watch_planner();
}
}
