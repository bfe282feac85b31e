#include "realtime/socketio/session_name.hpp"

#include "outbound/signature.hpp"

#include <algorithm>

namespace pgbk::relay::socketio {

namespace {

constexpr std::size_t mark_length = 32;

std::string marked(std::string_view digits, std::string_view user) {
    const std::string mark = hex(hmac_sha256(digits, user)); // a digest of two texts that cannot be mixed up
    return std::string(digits) + "." + mark.substr(0, mark_length);
}

} // namespace

std::string session_name(std::string_view random, std::string_view user) {
    return marked(hex(random), user);
}

bool is_session_name_of(std::string_view name, std::string_view user) {
    return name == marked(name.substr(0, name.find('.')), user);
}

} // namespace pgbk::relay::socketio
