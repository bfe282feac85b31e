// What the notifier of this database is doing.
#include "pg/arguments.hpp"
#include "pg/notifier_place.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

struct Status {
    bool has_places;
    bool has_place;
    std::int64_t homeless;
    std::int32_t notifier;
    std::int64_t commits;
    std::int64_t notifications;
    std::int64_t direct;
    TimestampTz started_at;
    TimestampTz failed_at;
    char error[sizeof(Place::error)];
};

// Server frame.
Status status_of_this_database() {
    Status status{};
    status.has_places = has_notifier_places();
    if (!status.has_places) {
        return status;
    }
    status.homeless = static_cast<std::int64_t>(pg_atomic_read_u64(&homeless_transactions()));
    lock_places(LW_SHARED);
    if (Place* const place = find_place(MyDatabaseId); place != nullptr) {
        status.has_place = true;
        status.notifier = static_cast<std::int32_t>(pg_atomic_read_u32(&place->notifier));
        status.commits = static_cast<std::int64_t>(pg_atomic_read_u64(&place->commits));
        status.notifications = static_cast<std::int64_t>(pg_atomic_read_u64(&place->notifications));
        status.direct = static_cast<std::int64_t>(pg_atomic_read_u64(&place->direct));
        status.started_at = place->started_at;
        status.failed_at = place->failed_at;
        strlcpy(status.error, place->error, sizeof status.error);
    }
    unlock_places();
    return status;
}

std::string_view word_of(int mode) {
    return mode == settings::notify_off ? "off" : mode == settings::notify_direct ? "direct" : "coalesced";
}

Datum notifier_status_body(Call& call) {
    const Status status = server(status_of_this_database);
    const auto count = [&](std::int64_t number) {
        return status.has_places ? Value::int8(number) : Value::null(INT8OID);
    };
    const auto time = [](TimestampTz at) { return at == 0 ? Value::null(TIMESTAMPTZOID) : Value::timestamp(at); };
    const bool runs = status.notifier != 0;
    return record_result(call, {word_of(settings::notify), runs ? Value(status.notifier) : Value::null(INT4OID),
                                time(runs ? status.started_at : 0), count(status.commits), count(status.notifications),
                                count(status.direct), count(status.homeless),
                                status.failed_at == 0 ? Value::null(TEXTOID) : Value(std::string_view(status.error)),
                                time(status.failed_at)});
}

} // namespace

PGBK_FUNCTION(notifier_status, notifier_status_body);

} // namespace pgbk
