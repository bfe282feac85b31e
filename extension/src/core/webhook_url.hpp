// Where a webhook may be sent to, by the look of its URL. What the name resolves to is for the sender to check, at each
// attempt.
#pragma once

#include <string_view>

namespace pgbk::core {

// An absolute URL of at most 2,048 printable ASCII characters with a host, without user name, password or fragment;
// https unless http_allowed. Throws Refusal invalid_webhook_url, which never shows the URL: it may grant access.
void check_webhook_url(std::string_view url, bool http_allowed);

} // namespace pgbk::core
