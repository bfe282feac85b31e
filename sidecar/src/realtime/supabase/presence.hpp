// Who is there, on one topic: what each member says of itself under its key. In memory, of this relay. Pure.
#pragma once

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pgbk::relay::supabase {

class Presence {
public:
    using Member = const void*; // a channel

    // {"joins": {key: {"metas": [...]}}, "leaves": {...}}: what has changed, for those who look.
    using Difference = boost::json::object;

    // Nothing if too many are there.
    std::optional<Difference> track(Member member, const std::string& key, boost::json::object facts);
    std::optional<Difference> untrack(Member member); // nothing if it was not there

    boost::json::object state() const;
    bool empty() const { return present_.empty(); }

    // Who looks is told of all of them at once.
    static constexpr std::size_t most_members = 500;
    static constexpr std::size_t most_facts = 1'024; // bytes of JSON; the caller has looked

private:
    struct Present {
        Member member;
        std::string key;
        boost::json::object facts; // with its reference
    };

    std::vector<Present> present_;
    std::uint64_t last_reference_ = 0;
};

} // namespace pgbk::relay::supabase
