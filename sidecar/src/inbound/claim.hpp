// What the headers of a webhook claim, read before its body is there. Stricter than the senders' own libraries: each
// header exactly once, each number in its one spelling, nothing left over. Pure.
#pragma once

#include "http/message.hpp"
#include "inbound/source.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pgbk::relay {

struct Claim {
    std::vector<std::string> digests; // 32 bytes each; one that is right is enough
    std::string before_body;          // what is signed in front of the body
    std::optional<std::int64_t> sent; // in the scheme's unit, seconds or milliseconds; some say nothing
    std::int64_t units_per_second = 1;
    std::map<std::string, std::string> handed_on; // headers that the database needs
    std::string problem;                          // with what nobody signs: told to who has the secret
};

// Nothing if they claim nothing that could be checked.
std::optional<Claim> read_claim(const Source& source, const Request& request);

} // namespace pgbk::relay
