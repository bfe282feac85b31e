// Calls of providers, as the rest of the extension writes and finishes them.
#pragma once

#include "pg/arguments.hpp"

namespace pgbk {

// The intent of a call. Plain data of the caller.
struct ProviderCallIntent {
    std::int32_t organization;
    std::string_view provider;
    std::string_view action;
    std::optional<core::Uuid> booking = std::nullopt; // of these one
    std::optional<core::Uuid> reservation = std::nullopt;
    std::optional<core::Uuid> about = std::nullopt; // the call whose work is looked up or undone
    Datum request;                                  // jsonb, see migration 0019
    std::optional<std::string_view> return_token = std::nullopt;
    TimestampTz expires_at;                               // how long it is tried
    std::optional<TimestampTz> not_before = std::nullopt; // now
};

// Writes it, and wakes the relays when the transaction commits. Returns its id. C++ frame of a writer.
core::Uuid queue_provider_call(const ProviderCallIntent& intent);

// A call that is over, as provider_call_effects.cpp hands it on; the row is locked.
struct FinishedCall {
    std::int32_t organization;
    core::Uuid id;
    std::string_view provider;
    std::string_view action;
    std::optional<core::Uuid> booking;
    std::optional<core::Uuid> reservation;
    std::optional<core::Uuid> about;
    Datum request;           // jsonb
    Datum outcome;           // jsonb, the facts; of a failed call 0
    std::string_view reason; // of a failed call
    std::string_view idempotency_key;
};

// payment_calls.cpp: create_payment, look_up_payment, expire_payment
void payment_call_done(const FinishedCall& call);
void payment_call_failed(const FinishedCall& call);
// calendar_calls.cpp: create_booking, look_up_booking, cancel_booking, reschedule_booking
void calendar_call_done(const FinishedCall& call);
void calendar_call_failed(const FinishedCall& call);

} // namespace pgbk
