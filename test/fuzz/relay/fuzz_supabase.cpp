// What clients of Supabase send: messages of both versions, binary broadcasts, what they ask for when they join, and
// the filters in it. Half of the inputs are bytes, half are made of pieces that belong there.
#include "fuzz/fuzzing.hpp"
#include "realtime/supabase/bindings.hpp"
#include "realtime/supabase/phoenix.hpp"

#include <boost/json.hpp>

#include <array>

namespace {

using namespace pgbk;                  // NOLINT(google-build-using-namespace): a program of its own
using namespace pgbk::relay::supabase; // NOLINT(google-build-using-namespace)
using test::Choices;
using test::require;
namespace json = boost::json;

void fuzz_messages(const std::string& bytes) {
    for (const Version version : {Version::objects, Version::arrays}) {
        std::string problem;
        const auto message = parse_message(version, bytes, problem);
        require(message.has_value() || !problem.empty(), "what is no message is refused with the reason");
        if (!message) {
            continue;
        }
        const std::string text = message_text(version, message->heading, json::serialize(message->payload));
        const auto again = parse_message(version, text, problem);
        require(again && again->heading.ref == message->heading.ref && again->heading.topic == message->heading.topic &&
                    again->heading.join_ref == message->heading.join_ref &&
                    again->heading.event == message->heading.event,
                "a message is read back");
    }
    std::string problem;
    if (const auto broadcast = parse_broadcast(bytes, problem)) {
        require(!broadcast->heading.topic.empty() && test::is_utf8(broadcast->heading.topic) &&
                    test::is_utf8(broadcast->event) && broadcast->event.size() <= longest_short_text,
                "names are short and UTF-8");
        const std::string out = broadcast_bytes(broadcast->heading.topic, *broadcast);
        require(out.size() == 5 + broadcast->heading.topic.size() + broadcast->event.size() + broadcast->payload.size(),
                "a broadcast has its parts and no others");
    }
}

std::string a_filter(Choices& choices) {
    static constexpr std::array pieces{std::string_view("status"),
                                       std::string_view("=eq."),
                                       std::string_view("=not."),
                                       std::string_view("in.("),
                                       std::string_view("like."),
                                       std::string_view("%"),
                                       std::string_view("_"),
                                       std::string_view("\\"),
                                       std::string_view(","),
                                       std::string_view(")"),
                                       std::string_view("\""),
                                       std::string_view("party_size"),
                                       std::string_view("=gt."),
                                       std::string_view("1.5"),
                                       std::string_view("is.null"),
                                       std::string_view("id=in.("),
                                       std::string_view("a"),
                                       std::string_view("\xc3"),
                                       std::string_view("court_id"),
                                       std::string_view("ilike."),
                                       std::string_view("=lte."),
                                       std::string_view("facts"),
                                       std::string_view("isdistinct."),
                                       std::string_view("0190aaaa-0000-8000-8000-00000000000a"),
                                       std::string_view("created_at=gte.2026-01-01T00:00:00Z")};
    std::string filter;
    for (int count = choices.below(24); count > 0; --count) {
        filter += pieces.at(static_cast<std::size_t>(choices.below(static_cast<int>(pieces.size()))));
    }
    return filter;
}

void fuzz_filter(const std::string& text) {
    for (const Table& table : tables()) {
        std::string problem;
        const auto comparison = [&](std::string_view name) {
            const auto* const column = table.find_column(name);
            return column == nullptr ? std::nullopt : std::optional(comparison_of(column->type));
        };
        const auto filter = Filter::parse(text, comparison, problem);
        require(filter.has_value() == problem.empty(), "a filter is read, or refused with the reason");
        require(problem.size() < 300, "a reason is short");
        if (!filter) {
            continue;
        }
        const json::object record{{"id", "0190aaaa-0000-8000-8000-00000000000a"},
                                  {"status", text},
                                  {"party_size", 2},
                                  {"facts", json::object()},
                                  {"created_at", "2026-01-01T00:00:00.000Z"}};
        require(filter->passes(record) == filter->passes(record), "a filter has one answer");
        require(filter->values_of("status").size() <= 100, "lists are short");
        require(!filter->empty() || text.empty(), "an empty filter is an empty text");
    }
}

void fuzz_join(const std::string& text) {
    boost::system::error_code error;
    const json::value payload = json::parse(text, error);
    std::string problem;
    const auto join = error ? std::nullopt : parse_join(payload, problem);
    if (!join) {
        return;
    }
    require(join->bindings.size() == join->echo.size() && join->bindings.size() <= 20, "each binding is echoed");
    relay::Identity member;
    member.user = "ada";
    member.organizations[7] = "staff";
    for (const relay::Identity& identity : {relay::Identity(), member}) {
        for (const Binding& binding : join->bindings) {
            const auto rooms = rooms_of(binding, identity, problem);
            require(rooms.has_value() || !problem.empty(), "what is refused is refused with the reason");
            for (std::size_t i = 0; rooms && i < rooms->size(); ++i) {
                require(identity.may_join((*rooms)[i]), "nobody gets into a room that is not theirs");
            }
        }
    }
}

std::string a_join(Choices& choices) {
    json::array bindings;
    for (int count = choices.below(4); count > 0; --count) {
        json::object binding{{"event", "*"}, {"schema", "public"}};
        const auto all = tables();
        binding["table"] = all[static_cast<std::size_t>(choices.below(static_cast<int>(all.size())))].name;
        if (choices.below(2) == 1) {
            static constexpr std::array filters{"user_id=eq.ada", "user_id=eq.eve", "provider_id=in.(7,8)", "id=eq.1",
                                                "court_id=eq.0190aaaa-0000-8000-8000-00000000000a"};
            binding["filter"] = filters.at(static_cast<std::size_t>(choices.below(filters.size())));
        } else if (choices.below(2) == 1) {
            binding["filter"] = a_filter(choices);
        }
        bindings.emplace_back(std::move(binding));
    }
    return json::serialize(json::value{{"config", {{"postgres_changes", bindings}}}});
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Choices choices(data, size);
    if (choices.below(2) == 0) {
        const std::string bytes(data + (size > 0 ? 1 : 0), data + size);
        fuzz_messages(bytes);
        fuzz_filter(bytes);
        fuzz_join(bytes);
    } else {
        fuzz_filter(a_filter(choices));
        fuzz_join(a_join(choices));
    }
    return 0;
}
