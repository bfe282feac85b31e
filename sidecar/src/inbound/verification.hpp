// Whether a webhook is from whom it says, and of now. Pure.
#pragma once

#include "inbound/claim.hpp"
#include "inbound/source.hpp"

#include <string_view>

namespace pgbk::relay {

enum class Verdict {
    genuine,
    forged, // no claimed digest is right under a secret that is valid now
    stale,  // genuine, but from too long ago, or from the future
};

// now: seconds since 1970. Each digest is compared with each valid secret's, in a time that tells nothing of either.
Verdict verify(const Source& source, const Claim& claim, std::string_view body, double now);

// Whether one of the candidates is the digest. All of them are compared to their end.
bool any_equal(const std::vector<std::string>& candidates, std::string_view digest);

} // namespace pgbk::relay
