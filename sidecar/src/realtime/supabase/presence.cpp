#include "realtime/supabase/presence.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <utility>

namespace pgbk::relay::supabase {

namespace {

namespace json = boost::json;

// Under its key, beside others that have the same.
void add(json::object& people, const std::string& key, const json::object& facts) {
    auto& metas = people.emplace(key, json::object{{"metas", json::array()}}).first->value().get_object()["metas"];
    metas.get_array().emplace_back(facts);
}

} // namespace

std::optional<Presence::Difference> Presence::track(Member member, const std::string& key, json::object facts) {
    Difference difference{{"joins", json::object()}, {"leaves", json::object()}};
    auto found = std::find_if(present_.begin(), present_.end(), [&](const Present& p) { return p.member == member; });
    facts["phx_ref"] = std::to_string(++last_reference_);
    if (found != present_.end()) {
        add(difference["leaves"].get_object(), found->key, found->facts);
        facts["phx_ref_prev"] = found->facts["phx_ref"];
        found->facts = std::move(facts);
    } else if (present_.size() < most_members) {
        found = present_.insert(present_.end(), {member, key, std::move(facts)});
    } else {
        return std::nullopt;
    }
    add(difference["joins"].get_object(), found->key, found->facts);
    return difference;
}

std::optional<Presence::Difference> Presence::untrack(Member member) {
    const auto found =
        std::find_if(present_.begin(), present_.end(), [&](const Present& p) { return p.member == member; });
    if (found == present_.end()) {
        return std::nullopt;
    }
    Difference difference{{"joins", json::object()}, {"leaves", json::object()}};
    add(difference["leaves"].get_object(), found->key, found->facts);
    present_.erase(found);
    return difference;
}

json::object Presence::state() const {
    json::object people;
    for (const Present& present : present_) {
        add(people, present.key, present.facts);
    }
    return people;
}

} // namespace pgbk::relay::supabase
