// The head of a request, from the HTTP library's types to ours. Included by session.hpp and its own source alone.
#pragma once

#include "http/message.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http.hpp>

#include <string>

namespace pgbk::relay {

using Head = boost::beast::http::header<true, boost::beast::http::fields>;

std::string head_problem(const Head& head); // what framing_problem says
Request request_of(const Head& head);       // method and headers
Address peer_of(const boost::asio::ip::tcp::socket& socket);

} // namespace pgbk::relay
