#include "core/event_kinds.hpp"

#include "core/transitions.hpp"
#include "unit/refused.hpp"
#include "unit/text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace pgbk::core {

namespace {

using test::outcome_of;
using test::refusal_of;

constexpr std::string_view word_characters = "abcdefghijklmnopqrstuvwxyz_";

bool is_word(std::string_view text) {
    return !text.empty() && text.find_first_not_of(word_characters) == std::string_view::npos;
}

std::string filter_outcome(std::string_view filter) {
    return outcome_of([&] { (void)canonical_filter(filter); });
}

std::set<std::string_view> kinds_of(std::string_view entity) {
    std::set<std::string_view> found;
    for (const auto& row : event_kinds()) {
        if (entity_of(row.kind) == entity) {
            found.insert(row.kind);
        }
    }
    return found;
}

// Every state but those that are no news must have a kind of its own, since the trigger puts entity and state together.
void expect_states_have_kinds(StatusColumn column, const std::string& entity, const std::set<std::string>& without) {
    for (const auto& transition : transitions()) {
        if (transition.column == column && !without.contains(std::string(transition.to))) {
            EXPECT_NE(find_event_kind(entity + "." + std::string(transition.to)), nullptr) << transition.to;
        }
    }
}

TEST(EventKinds, AreEntityDotVerbOnceAndTogetherByEntity) {
    std::set<std::string_view> seen;
    std::vector<std::string_view> entities;
    for (const auto& row : event_kinds()) {
        EXPECT_TRUE(seen.insert(row.kind).second) << row.kind;
        const std::string_view entity = entity_of(row.kind);
        EXPECT_TRUE(is_word(entity)) << row.kind;
        EXPECT_TRUE(is_word(row.kind.substr(entity.size() + 1))) << row.kind;
        if (entities.empty() || entities.back() != entity) {
            entities.push_back(entity);
        }
    }
    EXPECT_EQ(std::set(entities.begin(), entities.end()).size(), entities.size()) << "an entity stands in one place";
}

TEST(EventKinds, CoverEveryStateThatIsNews) {
    expect_states_have_kinds(StatusColumn::booking_status, "booking", {"pending"});
    expect_states_have_kinds(StatusColumn::payment_status, "payment", {"not_required"});
    expect_states_have_kinds(StatusColumn::refund_status, "refund", {"none"});
    expect_states_have_kinds(StatusColumn::reservation_status, "reservation", {"pending", "confirmed"});
    expect_states_have_kinds(StatusColumn::waitlist_status, "waitlist", {"waiting"});
}

// Whatever the trigger writes is in the table: the quoted words with a dot that stand in its statements.
TEST(EventKinds, CoverWhatTheTriggerWrites) {
    std::ifstream file(PGBK_SOURCE_DIR "/extension/src/pg/event_statements.cpp");
    const std::string source{std::istreambuf_iterator<char>(file), {}};
    std::set<std::string> written;
    for (auto quote = source.find_first_of("'\""); quote != std::string::npos;
         quote = source.find_first_of("'\"", quote + 1)) {
        const auto end = source.find_first_not_of("abcdefghijklmnopqrstuvwxyz_.", quote + 1);
        const std::string word = source.substr(quote + 1, end - quote - 1);
        const auto dot = word.find('.');
        if (end != std::string::npos && source[end] == source[quote] && dot != std::string::npos &&
            is_word(word.substr(0, dot)) && is_word(word.substr(dot + 1))) {
            written.insert(word);
        }
    }
    EXPECT_GE(written.size(), 14U);
    for (const auto& word : written) {
        EXPECT_NE(find_event_kind(word), nullptr) << word;
    }
}

TEST(EventKinds, KeepFromThePublicWhatIsAboutPeopleAndMoney) {
    for (const std::string_view entity : {"booking", "reservation", "payment", "refund"}) {
        for (const auto kind : kinds_of(entity)) {
            EXPECT_EQ(find_event_kind(kind)->audience, Audience::owner) << kind;
        }
        EXPECT_FALSE(kinds_of(entity).empty());
    }
    for (const std::string_view entity : {"venue", "activity", "pricing", "sessions"}) {
        for (const auto kind : kinds_of(entity)) {
            EXPECT_EQ(find_event_kind(kind)->audience, Audience::everybody) << kind;
        }
        EXPECT_FALSE(kinds_of(entity).empty());
    }
    EXPECT_EQ(find_event_kind("webhook.test")->audience, Audience::full);
}

TEST(EventKinds, HaveNamesForAudiences) {
    EXPECT_EQ(audience_name(Audience::everybody), "public");
    EXPECT_EQ(audience_name(Audience::owner), "owner");
    EXPECT_EQ(audience_name(Audience::full), "full");
}

TEST(FindEventKind, FindsAllAndNothingElse) {
    for (const auto& row : event_kinds()) {
        EXPECT_EQ(find_event_kind(row.kind), &row);
    }
    for (const std::string_view word : {"", "booking", "booking.", ".created", "booking.*", "Booking.created"}) {
        EXPECT_EQ(find_event_kind(word), nullptr) << word;
    }
}

TEST(DescribeEvent, NamesTheSubjectWhereItIsKnown) {
    EXPECT_EQ(describe_event("booking.confirmed", "AB23CD45"), "Booking AB23CD45 was confirmed");
    EXPECT_EQ(describe_event("booking.confirmed", std::nullopt), "Booking was confirmed");
    EXPECT_EQ(describe_event("sessions.generated", "Padel {}"), "Activity Padel {}: sessions were added");
    EXPECT_EQ(describe_event("sessions.generated", std::nullopt), "Activity: sessions were added");
    EXPECT_EQ(describe_event("parcel.sent", "x"), "parcel.sent") << "a kind that is not ours describes itself";
    for (const auto& row : event_kinds()) {
        const std::string with = describe_event(row.kind, "NAME");
        const std::string without = describe_event(row.kind, std::nullopt);
        EXPECT_NE(with.find(" NAME"), std::string::npos) << row.kind;
        EXPECT_EQ(without.find_first_of("{}"), std::string::npos) << row.kind;
        EXPECT_EQ(without.find("  "), std::string::npos) << row.kind;
        EXPECT_FALSE(test::has_control(with)) << row.kind;
    }
}

TEST(Aliases, AreOtherWordsForOurs) {
    std::set<std::string_view> seen;
    for (const auto& row : word_aliases()) {
        EXPECT_TRUE(seen.insert(row.alias).second) << row.alias;
        EXPECT_EQ(canonical_word(row.alias), row.word);
        EXPECT_EQ(canonical_word(row.word), row.word) << "one step leads to our word";
        EXPECT_TRUE(kinds_of(row.alias).empty()) << row.alias << " is a word of ours";
    }
    EXPECT_EQ(canonical_word("library"), "venue");
    EXPECT_EQ(canonical_word("court"), "activity");
    EXPECT_EQ(canonical_word("seat"), "sessions");
    EXPECT_EQ(canonical_word("client"), "customer");
    EXPECT_EQ(canonical_word("student"), "customer");
    EXPECT_EQ(canonical_word("provider"), "organization");
    EXPECT_EQ(canonical_word("no such word"), "no such word");
}

TEST(CanonicalFilter, LeavesOurWordsAsTheyAre) {
    EXPECT_EQ(canonical_filter("*"), "*");
    for (const auto& row : event_kinds()) {
        EXPECT_EQ(canonical_filter(row.kind), row.kind);
        const std::string all = std::string(entity_of(row.kind)) + ".*";
        EXPECT_EQ(canonical_filter(all), all);
    }
}

TEST(CanonicalFilter, TranslatesTheWordsOfOthers) {
    EXPECT_EQ(canonical_filter("booking:created"), "booking.created");
    EXPECT_EQ(canonical_filter("booking:checkin"), "booking.checked_in");
    EXPECT_EQ(canonical_filter("booking.checkout"), "booking.checked_out");
    EXPECT_EQ(canonical_filter("library:updated"), "venue.updated");
    EXPECT_EQ(canonical_filter("library.*"), "venue.*");
    EXPECT_EQ(canonical_filter("court:*"), "activity.*");
    EXPECT_EQ(canonical_filter("seat:*"), "sessions.*");
    EXPECT_EQ(canonical_filter("client.*"), "customer.*");
    EXPECT_EQ(canonical_filter("pricing:updated"), "pricing.updated");
}

TEST(CanonicalFilter, RefusesWhatSelectsNothing) {
    for (const std::string_view filter : {"",
                                          "booking",
                                          "booking.",
                                          ".created",
                                          ".",
                                          ":",
                                          "*.*",
                                          "*.created",
                                          "**",
                                          "booking.*.*",
                                          "booking.**",
                                          "booking..created",
                                          "booking::created",
                                          "booking.nonsense",
                                          "parcel.*",
                                          "provider.*",
                                          "seat:availability",
                                          "BOOKING.created",
                                          " booking.created",
                                          "booking.created ",
                                          "booking.created,booking.paid",
                                          "booking:\n*"}) {
        EXPECT_EQ(filter_outcome(filter), "invalid_event_filter") << filter;
    }
    const auto refusal = refusal_of([] { (void)canonical_filter("a\nb"); });
    ASSERT_TRUE(refusal.has_value());
    EXPECT_EQ(refusal->message(), "no event is selected by \"a?b\"");
    EXPECT_FALSE(refusal->hint().empty());
}

TEST(CanonicalFilter, IsStable) {
    for (const std::string_view filter : {"*", "booking:checkin", "library:*", "seat.generated"}) {
        const std::string once = canonical_filter(filter);
        EXPECT_EQ(canonical_filter(once), once);
    }
}

TEST(FilterSelects, TheKindTheEntityOrAll) {
    for (const auto& row : event_kinds()) {
        EXPECT_TRUE(filter_selects("*", row.kind));
        EXPECT_TRUE(filter_selects(row.kind, row.kind));
        EXPECT_EQ(filter_selects("booking.*", row.kind), entity_of(row.kind) == "booking") << row.kind;
        EXPECT_EQ(filter_selects("booking.created", row.kind), row.kind == "booking.created") << row.kind;
    }
    EXPECT_FALSE(filter_selects("book.*", "booking.created"));
    EXPECT_FALSE(filter_selects("booking.create", "booking.created"));
}

} // namespace

} // namespace pgbk::core
