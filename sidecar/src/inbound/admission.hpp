// Who may post what. Pure.
#pragma once

#include <string_view>

namespace pgbk::relay {

// Whether the header is "Bearer" and the secret, compared in constant time.
bool bears(std::string_view authorization, std::string_view secret);

bool is_json(std::string_view content_type); // application/json, with parameters or without

// How a refusal of the database is answered: 400 if the event is to blame, 503 if it may work later.
int status_of_refusal(std::string_view sqlstate);

// The same for webhooks, whose senders send them again: only what is malformed now will be so later.
int status_of_webhook_refusal(std::string_view sqlstate);

} // namespace pgbk::relay
