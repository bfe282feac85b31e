// The shell of every entry point: who calls, as whom our statements run, and how a call ends.
//
// Each SQL-callable function is written as
//
//     PGBK_FUNCTION(name, body)            // pure: no table is touched
//     PGBK_READER(name, body)              // runs as the owner of the tables, read only, on a standby too
//     PGBK_WRITER(name, body)              // the same, and waits for locks no longer than pg_booking.lock_timeout
//
// where body is a C++ frame `Datum body(Call& call)`. No function is SECURITY DEFINER (it would run the owner's
// triggers as the superuser who made the extension): like the triggers of referential integrity, we switch to the owner
// of the tables for our own statements, under a search_path that no caller can influence.
#pragma once

#include "core/refusal.hpp"
#include "pg/guard.hpp"

namespace pgbk {

enum class Access : std::uint8_t { none, reader, writer };

// What a body gets. Plain data.
struct Call {
    FunctionCallInfo fcinfo;
    Access access;
    Oid caller;                   // effective user before the switch
    Oid owner;                    // owner of the tables, for readers and writers
    MemoryContext result_context; // what is returned must be allocated here
    int saved_security_context;
    int guc_nest_level;
};

// How a body ended. Plain data, filled inside the handler and raised after it.
struct Ending {
    enum class Kind : std::uint8_t { returned, server_error, refusal, cpp_error } kind;
    ErrorData* server_error;
    core::RefusalKind refusal;
    char message[1024];
    char detail[1024];
    char hint[1024];
    char field[NAMEDATALEN];
};

// Server frames.
void enter(Call& call, FunctionCallInfo fcinfo, Access access);
void leave(Call& call);
void set_for_this_call(const char* name, const char* value); // a setting, until the GUC nest level ends
[[noreturn]] void raise(const Ending& ending);
[[noreturn]] void raise_refusal(core::RefusalKind kind, const char* message, const char* detail, const char* hint,
                                const char* field = nullptr);

// C++ frames.
void remember(Ending& ending, const core::Refusal& refusal);

// The one frame that catches. Returns normally in every case; what happened is in ending.
template <class Body> Datum run(Ending& ending, Call& call, Body body) {
    try {
        const FrameWitness witness;
        return body(call);
    } catch (const ServerError& error) {
        ending.kind = Ending::Kind::server_error;
        ending.server_error = error.data;
    } catch (const core::Refusal& refusal) {
        remember(ending, refusal);
    } catch (const std::exception& error) {
        ending.kind = Ending::Kind::cpp_error;
        strlcpy(ending.message, error.what(), sizeof ending.message);
    } catch (...) {
        ending.kind = Ending::Kind::cpp_error;
        strlcpy(ending.message, "unknown C++ exception", sizeof ending.message);
    }
    return Datum{0};
}

template <class Body> Datum entry(FunctionCallInfo fcinfo, Access access, Body body) {
    Call call;
    enter(call, fcinfo, access);
    Ending ending;
    ending.kind = Ending::Kind::returned;
    const Datum result = run(ending, call, body);
    if (ending.kind != Ending::Kind::server_error) {
        leave(call); // after an error of the server the abort of the transaction does it
    }
    if (ending.kind != Ending::Kind::returned) {
        raise(ending);
    }
    return result;
}

} // namespace pgbk

// A trigger that is a writer, and that may have nothing to do: is_done, a server frame, is asked before all else.
#define PGBK_TRIGGER_UNLESS(name, is_done, body)                                                                       \
    extern "C" {                                                                                                       \
    PG_FUNCTION_INFO_V1(pgbk_##name);                                                                                  \
    Datum pgbk_##name(FunctionCallInfo fcinfo) {                                                                       \
        if (CALLED_AS_TRIGGER(fcinfo) && is_done(*reinterpret_cast<const TriggerData*>(fcinfo->context))) {            \
            return PointerGetDatum(nullptr);                                                                           \
        }                                                                                                              \
        return pgbk::entry(fcinfo, pgbk::Access::writer, body);                                                        \
    }                                                                                                                  \
    }                                                                                                                  \
    static_assert(true, "")

#define PGBK_ENTRY(name, access, body)                                                                                 \
    extern "C" {                                                                                                       \
    PG_FUNCTION_INFO_V1(pgbk_##name);                                                                                  \
    Datum pgbk_##name(FunctionCallInfo fcinfo) {                                                                       \
        return pgbk::entry(fcinfo, access, body);                                                                      \
    }                                                                                                                  \
    }                                                                                                                  \
    static_assert(true, "")

#define PGBK_FUNCTION(name, body) PGBK_ENTRY(name, pgbk::Access::none, body)
#define PGBK_READER(name, body) PGBK_ENTRY(name, pgbk::Access::reader, body)
#define PGBK_WRITER(name, body) PGBK_ENTRY(name, pgbk::Access::writer, body)
