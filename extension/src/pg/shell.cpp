#include "pg/shell.hpp"

#include "pg/owner.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

int sqlstate_of(core::RefusalKind kind) {
    const auto text = core::refusal_code(kind).sqlstate;
    return MAKE_SQLSTATE(text[0], text[1], text[2], text[3], text[4]);
}

// Inside of a call of ours (a trigger of our own statement) it is as it must be; looking is much cheaper than setting
// it again.
void pin_search_path() {
    // The owner's statements must resolve every name as we wrote it, whatever the caller has created.
    constexpr const char* safe_path = "pg_catalog, pg_temp";
    if (strcmp(namespace_search_path, safe_path) != 0) {
        set_for_this_call("search_path", safe_path);
    }
}

// A waiting writer gives up after our limit, unless the caller has set a shorter one.
void bound_lock_waits() {
    if (settings::lock_timeout > 0 && (LockTimeout == 0 || LockTimeout > settings::lock_timeout)) {
        char milliseconds[16];
        snprintf(milliseconds, sizeof milliseconds, "%d", settings::lock_timeout);
        set_for_this_call("lock_timeout", milliseconds);
    }
}

void copy_clipped(char* to, std::size_t size, const std::string& from) {
    const int length = static_cast<int>(std::min(from.size(), size - 1));
    strlcpy(to, from.c_str(), static_cast<std::size_t>(length) + 1);
}

// The server's own words for "somebody else was faster": the whole call may be tried again.
bool is_retryable(int sqlstate) {
    // With a snapshot that is kept for the transaction, what a rival has written is not seen but violates a key. At
    // read committed our functions violate none among themselves; somebody's own INSERT, or own key, speaks for itself.
    return sqlstate == ERRCODE_LOCK_NOT_AVAILABLE || sqlstate == ERRCODE_T_R_DEADLOCK_DETECTED ||
           (sqlstate == ERRCODE_UNIQUE_VIOLATION && IsolationUsesXactSnapshot());
}

} // namespace

void set_for_this_call(const char* name, const char* value) {
    (void)set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

void enter(Call& call, FunctionCallInfo fcinfo, Access access) {
    call.fcinfo = fcinfo;
    call.access = access;
    call.caller = GetUserId();
    call.owner = InvalidOid;
    call.result_context = CurrentMemoryContext;
    if (access == Access::none) {
        return;
    }
    call.owner = owner_of_tables();
    if (!OidIsValid(call.owner)) {
        raise_refusal(core::RefusalKind::not_installed, "pg_booking is not installed in this database", nullptr,
                      "Run SELECT booking.install(); as a superuser.");
    }
    Oid ignored = InvalidOid;
    GetUserIdAndSecContext(&ignored, &call.saved_security_context);
    call.guc_nest_level = NewGUCNestLevel();
    pin_search_path();
    if (access == Access::writer) {
        bound_lock_waits();
    }
    SetUserIdAndSecContext(call.owner,
                           call.saved_security_context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
    (void)SPI_connect();
}

void leave(Call& call) {
    if (call.access == Access::none) {
        return;
    }
    SPI_finish();
    SetUserIdAndSecContext(call.caller, call.saved_security_context);
    AtEOXact_GUC(true, call.guc_nest_level);
}

void remember(Ending& ending, const core::Refusal& refusal) {
    ending.kind = Ending::Kind::refusal;
    ending.refusal = refusal.kind();
    copy_clipped(ending.message, sizeof ending.message, refusal.message());
    copy_clipped(ending.detail, sizeof ending.detail, refusal.detail());
    copy_clipped(ending.hint, sizeof ending.hint, refusal.hint());
    copy_clipped(ending.field, sizeof ending.field, refusal.field());
}

void raise_refusal(core::RefusalKind kind, const char* message, const char* detail, const char* hint,
                   const char* field) {
    const auto is_given = [](const char* text) { return text != nullptr && text[0] != '\0'; };
    ereport(ERROR, (errcode(sqlstate_of(kind)), errmsg("%s", message), is_given(detail) ? errdetail("%s", detail) : 0,
                    is_given(hint) ? errhint("%s", hint) : 0,
                    is_given(field) ? err_generic_string(PG_DIAG_COLUMN_NAME, field) : 0));
    pg_unreachable();
}

void raise(const Ending& ending) {
    if (ending.kind == Ending::Kind::refusal) {
        raise_refusal(ending.refusal, ending.message, ending.detail, ending.hint, ending.field);
    }
    if (ending.kind == Ending::Kind::server_error) {
        ErrorData* const error = ending.server_error;
        if (is_retryable(error->sqlerrcode)) {
            raise_refusal(core::RefusalKind::retry, "another transaction is in the way", error->message,
                          "Roll back and try again; the same call may succeed.");
        }
        ReThrowError(error);
    }
    ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg_internal("%s", ending.message)));
    pg_unreachable();
}

} // namespace pgbk
