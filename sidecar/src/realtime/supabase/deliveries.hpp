// Events as messages: each is made once, for all who are sent the same. Pure.
#pragma once

#include "net/wire.hpp"
#include "realtime/event.hpp"
#include "realtime/supabase/bindings.hpp"
#include "realtime/supabase/phoenix.hpp"
#include "realtime/supabase/tables.hpp"

#include <array>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace pgbk::relay::supabase {

class Deliveries {
public:
    struct Told {
        RowChange change;
        Record record;
    };

    // The changes that the event is, as the view sees them. What is returned, and what `frame` makes of it, is of the
    // last event that was asked for.
    const std::vector<Told>& changes(const SharedEvent& event, View view);

    // To those who have subscribed as the binding says, under these ids.
    Frame frame(const Told& told, const Binding& binding, const std::vector<int>& ids, Version version,
                const std::string& topic);

private:
    void turn_to(const SharedEvent& event);

    SharedEvent event_; // of which the following are
    std::array<std::optional<std::vector<Told>>, number_of_views> changes_;
    std::unordered_map<std::string, Frame> frames_;
};

} // namespace pgbk::relay::supabase
