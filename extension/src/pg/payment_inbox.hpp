// The inbox: events as they came, and what became of each.
#pragma once

#include "pg/effect.hpp"

#include "core/provider_event.hpp"

namespace pgbk {

// A source, active or not; nothing if there is none.
std::optional<Sender> find_sender(std::int32_t organization, const core::Uuid& id, bool only_active);

// A body as a document. Without one, unreadable says why PostgreSQL cannot store what JSON allows. Throws Refusal
// malformed_event for what is no JSON.
struct Document {
    const core::JsonNode* tree;
    std::string unreadable;
};
Document read_document(std::string_view body);

struct Receipt {
    std::int32_t organization;
    core::Uuid id;
    TimestampTz received_at;
    std::int32_t attempts;
};

// By what an event is known when it comes again. An id that the signature does not cover may be changed by whoever has
// seen one request: there the body counts as well.
struct EventKey {
    std::string id;
    bool is_signed;
};

// The row of an event that comes for the first time; nothing if it was here before.
std::optional<Receipt> put_into_inbox(const Sender& sender, const EventKey& key, const core::ProviderEvent& event,
                                      std::string_view body, Datum headers);

// An event that was here before, or that has come again: locked. is_open: it failed, and is to be tried again.
struct Known {
    Receipt receipt;
    bool is_open;
    std::string_view body; // the first one
};
Known lock_known(const Sender& sender, const EventKey& key, std::string_view body);

// Applies the event and writes what came of it; returns the status. Raises what may succeed if the same call is made
// again, and nothing else.
std::string_view apply_event(const Sender& sender, const Receipt& receipt, const core::ProviderEvent& event);

// For what is open and could not be applied because of something that may pass: it is tried again later.
void postpone(const Receipt& receipt, const std::string& reason);

// What PostgreSQL says went wrong.
std::string message_of(const ServerError& error);

// The same for what cannot be applied, now or ever: it is reported.
void give_up(const Sender& sender, const Receipt& receipt, const std::string& reason);

} // namespace pgbk
