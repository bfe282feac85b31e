// Who is asking, where proxies stand in between. Pure.
#pragma once

#include "net/address.hpp"

#include <span>
#include <string>
#include <string_view>

namespace pgbk::relay {

// The peer itself, unless it is one of our proxies: then the right-most entry of X-Forwarded-For that is none of them.
// What is left of that entry was written by strangers and says nothing; an entry that is no address ends the search at
// the proxy that has passed it on.
Address client_address(const Address& peer, std::string_view forwarded_for, std::span<const Network> trusted);

// What requests are counted by: an IPv4 address, or the /64 of an IPv6 address, which one customer has to himself.
std::string client_key(const Address& client);

} // namespace pgbk::relay
