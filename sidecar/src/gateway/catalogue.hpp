// What can be booked, for web pages: GET /api/venues/{embed_key}, GET /api/venues/{embed_key}/activities and
// GET /api/activities/{id}/sessions?from=&to=. And GET /embed, the page of the widget, which only those pages may show
// in a frame that the venue's allowed_origins name.
#pragma once

#include "config/config.hpp"
#include "gateway/function.hpp"
#include "web/pages.hpp"

#include <functional>
#include <string>

namespace pgbk::relay {

// `pages` outlives the routes.
void add_catalogue(const Config& config, const Pages& pages,
                   const std::function<void(const std::string& path, GatewayFunction)>& add);

} // namespace pgbk::relay
