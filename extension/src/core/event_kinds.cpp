#include "core/event_kinds.hpp"

#include "core/refusal.hpp"

#include <algorithm>
#include <array>

namespace pgbk::core {

namespace {

using A = Audience;

constexpr std::array kinds{
    EventKind{"booking.created", A::owner, "Booking {} was made"},
    EventKind{"booking.paid", A::owner, "Booking {} was paid"},
    EventKind{"booking.scheduled", A::owner, "Booking {} was scheduled"},
    EventKind{"booking.confirmed", A::owner, "Booking {} was confirmed"},
    EventKind{"booking.updated", A::owner, "Booking {} was changed"},
    EventKind{"booking.rescheduled", A::owner, "Booking {} was moved to another time"},
    EventKind{"booking.needs_reschedule", A::owner, "Booking {} needs another time: its calendar refused this one"},
    EventKind{"booking.cancelled", A::owner, "Booking {} was cancelled"},
    EventKind{"booking.checked_in", A::owner, "Booking {} was checked in"},
    EventKind{"booking.checked_out", A::owner, "Booking {} was checked out"},
    EventKind{"booking.no_show", A::owner, "Booking {}: nobody came"},

    EventKind{"reservation.held", A::owner, "Activity {}: seats were held"},
    EventKind{"reservation.extended", A::owner, "Activity {}: a hold was extended"},
    EventKind{"reservation.updated", A::owner, "Activity {}: a hold was changed"},
    EventKind{"reservation.expired", A::owner, "Activity {}: a hold ran out"},
    EventKind{"reservation.cancelled", A::owner, "Activity {}: a reservation was cancelled"},

    EventKind{"waitlist.joined", A::owner, "Activity {}: somebody waits for seats"},
    EventKind{"waitlist.offered", A::owner, "Activity {}: who waited was offered seats"},
    EventKind{"waitlist.taken", A::owner, "Activity {}: who waited has booked"},
    EventKind{"waitlist.left", A::owner, "Activity {}: somebody waits no longer"},
    EventKind{"waitlist.expired", A::owner, "Activity {}: an offer to who waited ran out"},
    EventKind{"waitlist.closed", A::owner, "Activity {}: the waiting list has ended"},

    EventKind{"payment.pending", A::owner, "Booking {}: a payment is awaited"},
    EventKind{"payment.paid", A::owner, "Booking {}: the payment has arrived"},
    EventKind{"payment.failed", A::owner, "Booking {}: the payment failed"},
    EventKind{"payment.partially_refunded", A::owner, "Booking {}: part of the money was returned"},
    EventKind{"payment.refunded", A::owner, "Booking {}: the money was returned"},
    EventKind{"payment.conflict", A::owner, "Booking {}: a payment has arrived that is not the price"},
    EventKind{"payment.unmatched", A::owner, "Payment {}: no booking was found for it"},
    EventKind{"payment.disputed", A::owner, "Booking {}: the payment is disputed"},

    EventKind{"refund.due", A::owner, "Booking {}: a refund is due"},
    EventKind{"refund.pending", A::owner, "Booking {}: the refund is under way"},
    EventKind{"refund.done", A::owner, "Booking {}: the refund is done"},
    EventKind{"refund.failed", A::owner, "Booking {}: the refund failed"},

    EventKind{"venue.created", A::everybody, "Venue {} was added"},
    EventKind{"venue.updated", A::everybody, "Venue {} was changed"},
    EventKind{"venue.deleted", A::everybody, "Venue {} was removed"},

    EventKind{"activity.created", A::everybody, "Activity {} was added"},
    EventKind{"activity.updated", A::everybody, "Activity {} was changed"},
    EventKind{"activity.deleted", A::everybody, "Activity {} was removed"},

    EventKind{"pricing.updated", A::everybody, "Activity {}: the price was changed"},

    EventKind{"sessions.generated", A::everybody, "Activity {}: sessions were added"},
    EventKind{"sessions.updated", A::everybody, "Activity {}: a session was changed"},
    EventKind{"sessions.removed", A::everybody, "Activity {}: sessions were removed"},

    EventKind{"customer.erased", A::owner, "Customer {}: personal data was erased"},

    EventKind{"webhook.test", A::full, "Webhook {}: a test"},
    EventKind{"webhook.failed", A::owner, "Webhook {}: what was received could not be applied"},
    EventKind{"provider_call.failed", A::owner, "Booking {}: a provider could not be asked for what it needs"},
};

constexpr std::array aliases{
    WordAlias{"library", "venue"},         WordAlias{"court", "activity"},     WordAlias{"seat", "sessions"},
    WordAlias{"session", "sessions"},      WordAlias{"client", "customer"},    WordAlias{"student", "customer"},
    WordAlias{"provider", "organization"}, WordAlias{"checkin", "checked_in"}, WordAlias{"checkout", "checked_out"},
};

constexpr std::string_view placeholder = " {}";

[[noreturn]] void refuse_filter(std::string_view filter) {
    throw Refusal(RefusalKind::invalid_event_filter, "no event is selected by " + quoted(filter), {},
                  "A filter is a kind of booking.event_kinds(), an entity as in booking.*, or * for all.");
}

} // namespace

std::span<const EventKind> event_kinds() {
    return kinds;
}

const EventKind* find_event_kind(std::string_view kind) {
    const auto* const found =
        std::find_if(kinds.begin(), kinds.end(), [&](const EventKind& row) { return row.kind == kind; });
    return found == kinds.end() ? nullptr : found;
}

std::string_view entity_of(std::string_view kind) {
    return kind.substr(0, kind.find('.'));
}

std::string_view audience_name(Audience audience) {
    switch (audience) {
    case Audience::everybody:
        return "public";
    case Audience::owner:
        return "owner";
    case Audience::full:
        return "full";
    }
    return "full";
}

std::string describe_event(std::string_view kind, std::optional<std::string_view> subject) {
    const EventKind* const row = find_event_kind(kind);
    if (row == nullptr) {
        return std::string(kind);
    }
    std::string text(row->description);
    if (const auto at = text.find(placeholder); at != std::string::npos) {
        text.erase(at, placeholder.size());
        if (subject.has_value()) {
            text.insert(at, *subject).insert(at, 1, ' ');
        }
    }
    return text;
}

std::span<const WordAlias> word_aliases() {
    return aliases;
}

std::string_view canonical_word(std::string_view word) {
    const auto* const found =
        std::find_if(aliases.begin(), aliases.end(), [&](const WordAlias& row) { return row.alias == word; });
    return found == aliases.end() ? word : found->word;
}

std::string canonical_filter(std::string_view filter) {
    if (filter == "*") {
        return "*";
    }
    const auto separator = filter.find_first_of(".:");
    if (separator == std::string_view::npos) {
        refuse_filter(filter);
    }
    std::string canonical(canonical_word(filter.substr(0, separator)));
    canonical += '.';
    canonical += canonical_word(filter.substr(separator + 1));
    if (std::none_of(kinds.begin(), kinds.end(),
                     [&](const EventKind& row) { return filter_selects(canonical, row.kind); })) {
        refuse_filter(filter);
    }
    return canonical;
}

bool filter_selects(std::string_view filter, std::string_view kind) {
    if (filter == "*") {
        return true;
    }
    if (filter.ends_with(".*")) {
        return filter.substr(0, filter.size() - 2) == entity_of(kind);
    }
    return filter == kind;
}

} // namespace pgbk::core
