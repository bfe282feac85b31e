// reservation.held, written by whoever writes the hold.
//
// The triggers on reservations and on events cost more than the event itself. While a hold that is announced here is
// inserted, they leave its event to us, and where no webhook wants it, its deliveries too. They look whether the row is
// the one that was announced, and nothing else was inserted by the statement: every event has one writer, whatever else
// the owner's own triggers insert on the way.
#pragma once

#include "pg/terms.hpp"

namespace pgbk {

// C++ frame: announces the hold from here to the end of the scope.
class HeldEvent {
public:
    HeldEvent(std::int32_t organization, const core::Uuid& reservation);
    ~HeldEvent();
    HeldEvent(const HeldEvent&) = delete;
    HeldEvent& operator=(const HeldEvent&) = delete;

    // The hold was inserted without its trigger, which leaves the event to us.
    void take(const core::Uuid& session, std::int32_t party_size, TimestampTz expires_at);

    // Once the hold is inserted: its event, of the row as it was inserted, if the trigger has left it to us and the
    // terms want one.
    void write(const Terms& terms);

    // Server frames, asked by the triggers: whether there is nothing for them to do.
    static bool takes_reservation(const TriggerData& data);
    static bool takes_event(const TriggerData& data);

private:
    std::int32_t organization_;
    core::Uuid reservation_;
    core::Uuid event_{}; // announced where no webhook wants it
    bool is_announced_ = false;
    bool is_left_to_us_ = false;
    core::Uuid session_{};
    std::int32_t party_size_ = 0;
    TimestampTz expires_at_ = 0;
    HeldEvent* outer_; // a trigger of the owner may reserve on the way
};

// Server frame. What events say of a hold without units, as jsonb_build_object would give it.
Datum hold_facts(std::int32_t party_size, TimestampTz expires_at);

} // namespace pgbk
