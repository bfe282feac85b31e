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

// Whether the time that it claims is near enough; what claims none is. Needs no body.
bool is_of_now(const Source& source, const Claim& claim, double now);

// now: seconds since 1970; clock_offset: how far the database's clock, by which secrets are valid, is ahead of ours.
// Each digest is compared with each valid secret's, in a time that tells nothing of either.
Verdict verify(const Source& source, const Claim& claim, std::string_view body, double now, double clock_offset = 0);

// Whether one of the candidates is the digest. All of them are compared to their end.
bool any_equal(const std::vector<std::string>& candidates, std::string_view digest);

} // namespace pgbk::relay
