#include "http/head.hpp"

#include "http/framing.hpp"
#include "text/ascii.hpp"

#include <algorithm>

namespace pgbk::relay {

std::string head_problem(const Head& head) {
    std::vector<std::pair<std::string, std::string>> fields;
    for (const auto& field : head) {
        fields.emplace_back(std::string(field.name_string()), std::string(field.value()));
    }
    return framing_problem(static_cast<int>(head.version()), fields);
}

Request request_of(const Head& head) {
    Request request;
    request.method = std::string(head.method_string());
    request.version = static_cast<int>(head.version());
    for (const auto& field : head) {
        request.headers.emplace(lower_case(field.name_string()), std::string(field.value()));
    }
    return request;
}

Address peer_of(const boost::asio::ip::tcp::socket& socket) {
    boost::system::error_code error;
    const auto endpoint = socket.remote_endpoint(error);
    if (error) {
        return {}; // it is gone already, or it will be
    }
    if (endpoint.address().is_v4()) {
        return address_from_v4(endpoint.address().to_v4().to_bytes());
    }
    const auto bytes = endpoint.address().to_v6().to_bytes();
    Address address;
    std::copy(bytes.begin(), bytes.end(), address.bytes.begin());
    return address;
}

} // namespace pgbk::relay
