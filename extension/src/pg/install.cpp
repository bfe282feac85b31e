// install(): roles, tables, views, policies and jobs as ordinary objects, owned by one role, outside the extension.
//
// Code and data are apart: DROP EXTENSION, even CASCADE, takes no row with it, and this function puts back what it
// took.
#include "pg/advisory_lock.hpp"
#include "pg/arguments.hpp"
#include "pg/owner.hpp"

namespace pgbk {

namespace {

struct SchemaScript {
    int number;
    const char* name;
    const char* sql;
};

#include "schema.inc"

// Everything from here to install() is one chain of server frames.

struct GroupRole {
    const char* name;
    bool inherits; // the rights of the roles it is a member of; otherwise it may become them, one at a time
};

constexpr GroupRole group_roles[] = {{"booking_public", true},  {"booking_customer", true}, {"booking_member", true},
                                     {"booking_service", true}, {"booking_gateway", false}, {"booking_relay", true},
                                     {"booking_admin", true}};

// Memberships made by install(): the first includes the second.
constexpr const char* memberships[][2] = {
    {"booking_customer", "booking_public"},
    {"booking_member", "booking_public"},
    {"booking_service", "booking_public"},
    {"booking_admin", "booking_service"},
    {"booking_admin", "booking_member"},
    // The relay calls functions for visitors, customers and members as who they are, and has none of their rights.
    {"booking_gateway", "booking_public"},
    {"booking_gateway", "booking_customer"},
    {"booking_gateway", "booking_member"},
    {"booking_relay", "booking_gateway"},
};

// Roles of PostgREST and Supabase, if they exist: the first is granted the second.
constexpr const char* known_roles[][2] = {{"anon", "booking_public"},
                                          {"authenticated", "booking_customer"},
                                          {"authenticated", "booking_member"},
                                          {"service_role", "booking_service"}};

void execute(const char* sql) {
    const int code = SPI_execute(sql, false, 0);
    if (code < 0) {
        elog(ERROR, "could not execute: %s", SPI_result_code_string(code));
    }
}

void execute_as(Oid role, const char* sql) {
    Oid user = InvalidOid;
    int context = 0;
    GetUserIdAndSecContext(&user, &context);
    SetUserIdAndSecContext(role, context | SECURITY_LOCAL_USERID_CHANGE);
    execute(sql);
    SetUserIdAndSecContext(user, context);
}

// The first column of the first row, or nullptr.
char* query_text(const char* sql) {
    execute(sql);
    return SPI_processed == 0 ? nullptr : SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
}

void check_caller() {
    if (!superuser()) {
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("permission denied to install pg_booking"),
                        errhint("Call booking.install() as a superuser: it creates roles and grants.")));
    }
}

void check_version() {
    const char* const version = query_text("SELECT extversion FROM pg_extension WHERE extname = 'pg_booking'");
    if (version == nullptr || strcmp(version, PGBK_VERSION) != 0) {
        raise_refusal(core::RefusalKind::version_mismatch,
                      psprintf("the library is version %s, the extension %s", PGBK_VERSION, version), nullptr,
                      "Run ALTER EXTENSION pg_booking UPDATE, and reconnect after a new library was installed.");
    }
}

void create_role(const char* name, bool inherits) {
    if (!OidIsValid(get_role_oid(name, true))) {
        execute(psprintf("CREATE ROLE %s NOLOGIN %s", quote_identifier(name), inherits ? "INHERIT" : "NOINHERIT"));
    }
}

Oid owner_role(const char* wanted) {
    const Oid existing = owner_of_tables();
    const char* const name =
        wanted != nullptr ? wanted : (OidIsValid(existing) ? GetUserNameFromId(existing, false) : "booking_owner");
    create_role(name, true);
    const Oid owner = get_role_oid(name, false);
    if (superuser_arg(owner)) {
        raise_refusal(core::RefusalKind::unsafe_owner, psprintf("role \"%s\" is a superuser", name),
                      "Triggers on the tables run as their owner.",
                      "Choose a role that may neither log in nor do anything else, or pass none.");
    }
    return owner;
}

void check_owners(Oid owner) {
    const char* const other = query_text(
        psprintf("SELECT format('table %%I.%%I belongs to %%I', n.nspname, c.relname, pg_get_userbyid(c.relowner))"
                 "  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
                 " WHERE n.nspname = 'booking' AND c.relkind IN ('r', 'p') AND c.relowner <> %u"
                 " UNION ALL "
                 "SELECT format('schema booking belongs to %%I', r.rolname)"
                 "  FROM pg_namespace AS n JOIN pg_roles AS r ON r.oid = n.nspowner"
                 " WHERE n.nspname = 'booking' AND NOT r.rolsuper AND r.oid <> %u ORDER BY 1",
                 owner, owner));
    if (other != nullptr) {
        raise_refusal(core::RefusalKind::mixed_owners, other,
                      psprintf("Schema booking and all of its tables must belong to %s.",
                               quote_identifier(GetUserNameFromId(owner, false))),
                      "Change the owner, move your own tables to a schema of yours, or pass the owner to install().");
    }
}

void create_roles() {
    for (const GroupRole& role : group_roles) {
        create_role(role.name, role.inherits);
    }
    for (const auto& [member, group] : memberships) {
        execute(psprintf("GRANT %s TO %s", group, member));
    }
    for (const auto& [role, group] : known_roles) {
        if (OidIsValid(get_role_oid(role, true))) {
            execute(psprintf("GRANT %s TO %s", group, role));
        }
    }
}

void hand_over_schema(Oid owner) {
    const char* const name = quote_identifier(GetUserNameFromId(owner, false));
    execute(psprintf("ALTER SCHEMA booking OWNER TO %s", name));
    for (const GroupRole& role : group_roles) {
        execute(psprintf("GRANT USAGE ON SCHEMA booking TO %s", role.name));
    }
    // The owner's triggers, checks and policies call the extension's functions.
    execute(psprintf("DO $$ DECLARE f regprocedure; BEGIN"
                     "  FOR f IN SELECT d.objid FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid"
                     "            WHERE d.deptype = 'e' AND d.classid = 'pg_proc'::regclass"
                     "              AND d.refclassid = 'pg_extension'::regclass AND e.extname = 'pg_booking' LOOP"
                     "    EXECUTE format('GRANT EXECUTE ON ROUTINE %%s TO %%s', f, %s);"
                     "  END LOOP; END $$",
                     quote_literal_cstr(name)));
}

int apply_migrations(Oid owner) {
    execute_as(owner, "CREATE TABLE IF NOT EXISTS booking.schema_migrations ("
                      " version integer NOT NULL, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(),"
                      " CONSTRAINT schema_migrations_pkey PRIMARY KEY (version));"
                      "COMMENT ON TABLE booking.schema_migrations IS 'Which migrations install() has applied here'");
    int applied = 0;
    for (const SchemaScript& migration : migrations) {
        if (query_text(psprintf("SELECT '' FROM booking.schema_migrations WHERE version = %d", migration.number))) {
            continue;
        }
        execute_as(owner, migration.sql);
        execute_as(owner, psprintf("INSERT INTO booking.schema_migrations (version, name) VALUES (%d, %s)",
                                   migration.number, quote_literal_cstr(migration.name)));
        ++applied;
    }
    return applied;
}

struct Job {
    const char* name;
    const char* schedule;
    const char* command;
};

constexpr Job jobs[] = {{"booking_generate", "0 2 * * *", "CALL booking.generate_job()"},
                        {"booking_release", "* * * * *", "CALL booking.release_job()"},
                        {"booking_payments", "* * * * *", "CALL booking.payment_job()"},
                        {"booking_maintain", "17 3 * * *", "CALL booking.maintain_job()"},
                        {"booking_retention", "37 3 * * *", "CALL booking.retention_job()"}};

char* schedule_call(const Job& job) {
    const char* const database = get_database_name(MyDatabaseId);
    return psprintf("SELECT cron.schedule_in_database(%s, %s, %s, %s)",
                    quote_literal_cstr(psprintf("%s in %s", job.name, database)), quote_literal_cstr(job.schedule),
                    quote_literal_cstr(job.command), quote_literal_cstr(database));
}

// Schedules where pg_cron lives in this database; elsewhere it says what to run, and where.
void schedule_jobs(ResultSet& result) {
    const char* const cron_database = GetConfigOption("cron.database_name", true, false);
    const bool here = cron_database != nullptr && strcmp(cron_database, get_database_name(MyDatabaseId)) == 0 &&
                      OidIsValid(get_extension_oid("pg_cron", true));
    if (cron_database == nullptr) {
        result.add({std::string_view("jobs: pg_cron is not loaded; run these by any other means:")});
    } else if (!here) {
        result.add({std::string_view(psprintf("jobs: pg_cron lives in database \"%s\"; run there:", cron_database))});
    }
    for (const Job& job : jobs) {
        if (here) {
            execute(schedule_call(job));
            result.add(
                {std::string_view(psprintf("job %s: pg_cron runs %s at %s", job.name, job.command, job.schedule))});
        } else if (cron_database != nullptr) {
            result.add({std::string_view(psprintf("  %s;", schedule_call(job)))});
        } else {
            result.add({std::string_view(psprintf("  %s  %s;", job.schedule, job.command))});
        }
    }
    if (here) {
        // A transaction as large as this one overruns the queue of invalidation messages; pg_cron 1.4 does not take the
        // reset that follows to be about its jobs.
        result.add({std::string_view("jobs: so that pg_cron notices them at once, run in a transaction of its own:")});
        result.add({std::string_view("  UPDATE cron.job SET active = active;")});
    }
}

// Everything that needs a superuser and no table. Returns the owner.
Oid install_roles(const char* wanted_owner) {
    check_version();
    const Oid owner = owner_role(wanted_owner);
    check_owners(owner);
    create_roles();
    hand_over_schema(owner);
    for (const SchemaScript& script : privileged) {
        execute(script.sql);
    }
    return owner;
}

// A restored row stays: only adopt() makes a copy act.
void note_identity(Oid owner) {
    execute_as(owner, psprintf("INSERT INTO booking.installation (system_identifier, database_oid)"
                               " VALUES (" INT64_FORMAT ", %u) ON CONFLICT DO NOTHING",
                               static_cast<std::int64_t>(GetSystemIdentifier()), MyDatabaseId));
}

// Runs body as the superuser who calls, connected to SPI, with names resolved as we wrote them.
template <class Body> void as_installer(Body body) {
    check_caller();
    const int nest_level = NewGUCNestLevel();
    set_for_this_call("search_path", "pg_catalog, pg_temp");
    set_for_this_call("client_min_messages", "warning"); // "does not exist, skipping" helps nobody
    (void)SPI_connect();
    body();
    SPI_finish();
    AtEOXact_GUC(true, nest_level);
}

void install(ResultSet& result, const char* wanted_owner) {
    const Oid owner = install_roles(wanted_owner);
    const int applied = apply_migrations(owner);
    for (const SchemaScript& script : rebuilt) {
        execute_as(owner, script.sql);
    }
    note_identity(owner);
    if (applied > 0) {
        execute("SELECT booking.maintain_event_partitions()"); // from now on the daily job does it
        execute("SELECT booking.cleanup_webhook_logs()");
    }
    result.add({std::string_view(psprintf("pg_booking %s, schema version %d (%d applied now), owner %s", PGBK_VERSION,
                                          migrations[lengthof(migrations) - 1].number, applied,
                                          GetUserNameFromId(owner, false)))});
    schedule_jobs(result);
}

const char* owner_argument(const Call& call) {
    return call.fcinfo->args[0].isnull ? nullptr : NameStr(*DatumGetName(call.fcinfo->args[0].value));
}

Datum install_body(Call& call) {
    const char* const owner = owner_argument(call);
    lock_until_transaction_ends(LockOf::installation, "booking");
    ResultSet result(call);
    server([&] { as_installer([&] { install(result, owner); }); });
    return null_result(call);
}

Datum install_roles_body(Call& call) {
    const char* const owner = owner_argument(call);
    lock_until_transaction_ends(LockOf::installation, "booking");
    server([&] { as_installer([&] { (void)install_roles(owner); }); });
    return Datum{0};
}

} // namespace

PGBK_FUNCTION(install, install_body);
PGBK_FUNCTION(install_roles, install_roles_body);

} // namespace pgbk
