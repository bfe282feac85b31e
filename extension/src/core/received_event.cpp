#include "core/received_event.hpp"

#include "core/event_kinds.hpp"
#include "core/refusal.hpp"
#include "core/timestamp_text.hpp"
#include "core/uuid_text.hpp"

#include <algorithm>
#include <initializer_list>

namespace pgbk::core {

namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& problem, std::string hint = {}) {
    throw Refusal(RefusalKind::invalid_received_event, "invalid event: " + path + " " + problem, {}, std::move(hint));
}

// The first member of these names that is there and not null.
const JsonNode* first_of(const JsonNode& object, std::initializer_list<std::string_view> names) {
    for (const auto name : names) {
        const JsonNode* const node = member(object, name);
        if (node != nullptr && node->kind != JsonKind::null) {
            return node;
        }
    }
    return nullptr;
}

std::string_view text_of(const JsonNode& object, std::initializer_list<std::string_view> names, const std::string& path,
                         std::size_t longest) {
    const JsonNode* const node = first_of(object, names);
    if (node == nullptr) {
        return {};
    }
    const bool printable = node->kind == JsonKind::string && node->text.size() <= longest &&
                           std::none_of(node->text.begin(), node->text.end(),
                                        [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == '\x7f'; });
    if (!printable) {
        refuse(path + "." + std::string(node->key),
               "is not a string of at most " + std::to_string(longest) + " printable characters");
    }
    return node->text;
}

std::string_view required_text(const JsonNode& object, std::initializer_list<std::string_view> names,
                               const std::string& path, std::size_t longest) {
    const std::string_view text = text_of(object, names, path, longest);
    if (text.empty()) {
        refuse(path + "." + std::string(*names.begin()), "is missing");
    }
    return text;
}

Uuid uuid_of(const JsonNode& object, std::initializer_list<std::string_view> names, const std::string& path) {
    const auto id = parse_uuid(required_text(object, names, path, 100));
    if (!id.has_value()) {
        refuse(path + "." + std::string(*names.begin()), "is not a uuid");
    }
    return *id;
}

// One kind of ours by the words of others; a filter for several kinds is none.
std::string_view kind_of(std::string_view word, const std::string& path) {
    std::string canonical;
    try {
        canonical = canonical_filter(word);
    } catch (const Refusal&) {
        canonical.clear();
    }
    const EventKind* const kind = find_event_kind(canonical);
    if (kind == nullptr || entity_of(kind->kind) == "webhook") {
        refuse(path, "is not a kind of event: " + quoted(word), "booking.event_kinds() lists them.");
    }
    if (kind->audience == Audience::everybody) {
        // What comes from outside is about somebody's booking, in words of its own.
        refuse(path, "is a kind that everybody may see: " + quoted(word),
               "Events of the catalogue come from its tables.");
    }
    return kind->kind;
}

std::string_view time_of(const JsonNode& object, const std::string& path) {
    const std::string_view text = text_of(object, {"event_time", "occurred_at", "created_at", "timestamp"}, path, 40);
    if (!text.empty() && !looks_like_timestamp(text)) {
        refuse(path, "has a time that is not one: " + quoted(text), "Expected 2026-11-21T10:00:00Z.");
    }
    return text;
}

ReceivedEvent read_event(const JsonNode& object, const std::string& path) {
    ReceivedEvent event;
    event.external_id = text_of(object, {"id", "event_id"}, path, 200);
    event.kind = kind_of(required_text(object, {"event_type", "type", "kind"}, path, 100), path + ".event_type");
    event.booking = uuid_of(object, {"booking_id"}, path);
    event.occurred_at = time_of(object, path);
    event.description = text_of(object, {"description"}, path, 500);
    event.old_status = text_of(object, {"old_status"}, path, 50);
    event.new_status = text_of(object, {"new_status"}, path, 50);
    return event;
}

// A row of bookings that was inserted or updated. It has no id of its own: the row and its version are one.
ReceivedEvent read_booking(const JsonNode& record, std::string_view type, const JsonNode* old_record) {
    const std::string path = "$.record";
    if (type != "INSERT" && type != "UPDATE") {
        refuse("$.type", "is not INSERT or UPDATE: " + quoted(type));
    }
    ReceivedEvent event;
    event.booking = uuid_of(record, {"id"}, path);
    event.new_status = text_of(record, {"status"}, path, 50);
    event.old_status =
        old_record == nullptr ? std::string_view() : text_of(*old_record, {"status"}, "$.old_record", 50);
    event.occurred_at = text_of(record, {"updated_at", "created_at"}, path, 40);
    if (!event.occurred_at.empty() && !looks_like_timestamp(event.occurred_at)) {
        refuse(path + ".updated_at", "is not a time: " + quoted(event.occurred_at), "Expected 2026-11-21T10:00:00Z.");
    }
    event.kind = type == "INSERT" ? "booking.created" : "booking.updated";
    if (type == "UPDATE" && event.new_status != event.old_status) {
        if (const EventKind* const kind = find_event_kind("booking." + std::string(event.new_status));
            kind != nullptr) {
            event.kind = kind->kind;
        }
    }
    if (!event.occurred_at.empty()) {
        event.external_id = "bookings:" + std::string(type) + ":" +
                            std::string(required_text(record, {"id"}, path, 100)) + ":" +
                            std::string(event.occurred_at);
    }
    return event;
}

} // namespace

ReceivedEvent read_received_event(const JsonNode& document) {
    if (document.kind != JsonKind::object) {
        refuse("$", "is not an object");
    }
    const JsonNode* const record = first_of(document, {"record"});
    if (record == nullptr || first_of(document, {"table"}) == nullptr) {
        // Around the event itself, as we send it, or bare.
        const JsonNode* const inner = first_of(document, {"booking_event"});
        return inner != nullptr && inner->kind == JsonKind::object ? read_event(*inner, "$.booking_event")
                                                                   : read_event(document, "$");
    }
    if (record->kind != JsonKind::object) {
        refuse("$.record", "is not an object");
    }
    const std::string_view table = required_text(document, {"table"}, "$", 100);
    if (table == "booking_events") {
        return read_event(*record, "$.record");
    }
    if (table == "bookings") {
        const JsonNode* const old_record = first_of(document, {"old_record"});
        return read_booking(*record, required_text(document, {"type"}, "$", 20),
                            old_record != nullptr && old_record->kind == JsonKind::object ? old_record : nullptr);
    }
    refuse("$.table", "is not booking_events or bookings: " + quoted(table));
}

} // namespace pgbk::core
