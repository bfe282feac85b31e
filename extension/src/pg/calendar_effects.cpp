#include "pg/calendar_effects.hpp"

#include "core/transitions.hpp"
#include "pg/booking_account.hpp"
#include "pg/payment_effects.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

using core::CalendarStatus;

// By what the event names, else by the appointment itself or the one that it replaces.
std::optional<core::Uuid> find_booking(std::int32_t organization, const core::ProviderEvent& event) {
    static constinit Statement statement("SELECT b.id FROM booking.bookings AS b"
                                         " WHERE b.organization_id = $1 AND b.cal_uid IN ($2, $3)"
                                         " ORDER BY b.created_at DESC, b.id DESC LIMIT 1");
    if (const Target target = find_target(organization, event.subject); target.booking.has_value()) {
        return target.booking;
    }
    const core::CalendarNews& news = *event.calendar;
    const std::string_view old_uid = news.old_uid.empty() ? news.uid : news.old_uid;
    const Rows rows = statement.write({organization, news.uid, old_uid});
    return rows.empty() ? std::nullopt : std::optional(rows.uuid(0, 1));
}

// Later in this order wins where two have the same time.
bool is_overtaken(const BookingAccount& account, TimestampTz at, CalendarStatus status) {
    constexpr std::string_view order[] = {"requested", "accepted", "rejected", "cancelled"};
    if (!account.calendar_at.has_value() || *account.calendar_at < at) {
        return false;
    }
    const auto* const known = std::find(std::begin(order), std::end(order), account.calendar_status);
    return *account.calendar_at > at || known - std::begin(order) > static_cast<int>(status);
}

// The appointment is off, and another may be made: what was bought is not. Of a package one appointment is called off,
// not the others.
bool is_given_back(const BookingAccount& account, const core::CalendarNews& news) {
    return news.status == CalendarStatus::rejected ||
           (news.status == CalendarStatus::cancelled && (news.wants_another_time || account.has_several_sessions));
}

// Where the booking stands then. One that waits for its money stays where it is; so does one that is over.
std::string_view status_after(const BookingAccount& account, const core::CalendarNews& news) {
    const auto change = [&](std::string_view from, std::string_view to) {
        return account.status == from ? to : std::string_view(account.status);
    };
    switch (news.status) {
    case CalendarStatus::requested:
        return account.status;
    case CalendarStatus::accepted:
        return change("paid", "scheduled");
    case CalendarStatus::rejected:
        return change("scheduled", "paid");
    case CalendarStatus::cancelled:
        break;
    }
    if (is_given_back(account, news)) {
        return change("scheduled", "paid");
    }
    const bool may = core::may_become(core::StatusColumn::booking_status, account.status, "cancelled");
    return may ? "cancelled" : std::string_view(account.status);
}

void write_appointment(const BookingAccount& account, const core::CalendarNews& news, std::string_view status,
                       TimestampTz at, bool has_time) {
    static constinit Statement statement(
        "UPDATE booking.bookings AS b"
        "   SET status = $3, calendar_status = $4, calendar_at = $5, cal_uid = $6,"
        "       cal_booking_id = COALESCE(NULLIF($7, ''), b.cal_booking_id),"
        "       scheduled_start = CASE WHEN $8 THEN $9::timestamptz END,"
        "       scheduled_end = CASE WHEN $8 THEN $10::timestamptz END,"
        "       meeting_url = CASE WHEN $8 THEN COALESCE(NULLIF($11, ''), b.meeting_url) END,"
        "       version = b.version + 1, updated_at = $12"
        " WHERE b.organization_id = $1 AND b.id = $2");
    statement.write({account.organization, account.id, status, core::calendar_status_name(news.status),
                     Value::timestamp(at), news.uid, news.id, has_time, news.start, news.end, news.meeting_url,
                     Value::timestamp(settings::now())});
}

} // namespace

std::optional<TimestampTz> read_timestamp(std::string_view text) {
    const std::string copy(text);
    const char* const bytes = copy.c_str();
    try {
        return server([&] {
            return DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in, CStringGetDatum(bytes),
                                                           ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
        });
    } catch (const ServerError& error) {
        server([&] { FreeErrorData(error.data); });
        return std::nullopt;
    }
}

Effect apply_calendar(const Sender& sender, const core::ProviderEvent& event, TimestampTz received_at) {
    const core::CalendarNews& news = *event.calendar;
    const auto at = read_timestamp(event.occurred_at);
    if (!at.has_value() || !read_timestamp(news.start).has_value() || !read_timestamp(news.end).has_value()) {
        return {"ignored", "it has a time that there is not"};
    }
    const std::int64_t tolerance = sender.options.tolerance_seconds * USECS_PER_SEC;
    if (*at < received_at - tolerance || *at > received_at + tolerance) {
        return {"stale", "it is not of the time in which it is believed"};
    }
    const auto booking = find_booking(sender.organization, event);
    auto account = booking.has_value() ? lock_account(sender.organization, *booking) : std::nullopt;
    if (!account.has_value()) {
        return failed_effect("no booking has this appointment");
    }
    Effect effect{"applied", {}, std::nullopt, booking};
    if (account->session.has_value()) {
        effect.status = "ignored";
        effect.reason = "the booking has a session of our own";
        return effect;
    }
    if (is_overtaken(*account, *at, news.status)) {
        effect.status = "stale";
        effect.reason = "a later event of the appointment was here before";
        return effect;
    }
    const std::string status(status_after(*account, news));
    const bool is_off = is_given_back(*account, news);
    write_appointment(*account, news, status, *at, !is_off);
    account->status = status;
    account->calendar_status = core::calendar_status_name(news.status);
    account->has_time = !is_off;
    settle_account(*account); // money of a cancelled booking is due
    return effect;
}

} // namespace pgbk
