#include "pg/terms.hpp"

#include <array>
#include <cstring>

namespace pgbk {

namespace {

struct Place {
    core::Uuid session; // or activity
    bool is_known;
    Terms terms;
};

// Direct-mapped: another session, or activity, in the same place only costs a look at its rows.
constexpr std::size_t places = 512;
constinit std::array<Place, places> known{};
constinit std::array<Place, places> of_activities{}; // the last that were remembered of a session of each

// Server frames. Whoever changes a table's definition may have taken its triggers away and put them back: what was
// changed meanwhile has got no new version.
void forget_all(Datum /*argument*/, Oid /*relation*/) {
    forget_all_terms();
}

void watch_definitions() {
    static bool is_watching = false;
    if (!is_watching) {
        CacheRegisterRelcacheCallback(forget_all, Datum{0});
        is_watching = true;
    }
}

Place& place_of(std::array<Place, places>& all, const core::Uuid& id) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, id.data() + 4, sizeof bits); // low bits of the time and the counter
    return all[(bits * 0x9E3779B97F4A7C15ULL) >> 55U];
}

} // namespace

void forget_all_terms() {
    for (std::size_t i = 0; i < places; ++i) {
        known[i].is_known = false;
        of_activities[i].is_known = false;
    }
}

Terms read_terms(const Rows& rows, int column) {
    return {rows.uuid(0, column),
            rows.timestamp(0, column + 1),
            rows.int4(0, column + 2),
            rows.int4(0, column + 3),
            rows.int4(0, column + 4),
            rows.int4(0, column + 5),
            rows.boolean(0, column + 6),
            rows.boolean(0, column + 7),
            rows.boolean(0, column + 8),
            {rows.timestamp(0, column + 9), rows.timestamp(0, column + 10)},
            rows.uuid(0, column + 11),
            rows.is_null(0, column + 12) ? std::nullopt : std::optional(rows.int4(0, column + 12))};
}

std::optional<Terms> derive_terms(const TermsOfSession& session) {
    const Place& place = place_of(of_activities, session.activity);
    if (!place.is_known || place.session != session.activity) {
        return std::nullopt;
    }
    Terms terms = place.terms;
    const TimestampTz later = session.start_time - terms.start_time;
    terms.start_time = session.start_time;
    terms.party_size_max = terms.party_size_most.value_or(session.capacity);
    if (!TIMESTAMP_NOT_FINITE(terms.window.opens_at)) {
        terms.window.opens_at += later;
    }
    terms.window.closes_at += later;
    return terms;
}

const Terms* known_terms(const core::Uuid& session) {
    const Place& place = place_of(known, session);
    return place.is_known && place.session == session ? &place.terms : nullptr;
}

void remember_terms(const core::Uuid& session, const Terms& terms) {
    server([&] { watch_definitions(); });
    place_of(known, session) = {session, true, terms};
    // A session that uses resources is limited, and others of its activity need not be.
    place_of(of_activities, terms.activity) = {terms.activity, !terms.is_limited, terms};
}

} // namespace pgbk
