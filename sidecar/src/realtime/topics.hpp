// What a client asks to be told of, as it writes it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgbk::relay {

struct Topics {
    std::vector<std::string> rooms; // of the hub, each once, as they were asked for
    std::string problem;            // empty: there is none
};

// "public", "venue:ID", "activity:ID", "session:ID", "booking:ID", "organization:NUMBER", "customer:USER", with commas
// between them; older words are taken too (library, court, seat, provider, client, student, user).
Topics parse_topics(std::string_view text);

} // namespace pgbk::relay
