// Names by which a client shows that it was here before ("pid"). Nothing is kept of them, so that they outlive the
// relay and are good at every relay of the database. Pure.
//
// A name says that it was given to this user, and there is no secret in it, since it opens nothing: what a client is
// told after it has come back is what its token and the rooms that it joins again let it see, and from where on, it may
// say as it likes.
#pragma once

#include <string>
#include <string_view>

namespace pgbk::relay::socketio {

// random: that no two clients have.
std::string session_name(std::string_view random, std::string_view user);
bool is_session_name_of(std::string_view name, std::string_view user);

} // namespace pgbk::relay::socketio
