#include "realtime/socketio/clients.hpp"

#include "outbound/signature.hpp"
#include "realtime/socketio/engine_request.hpp"
#include "text/ascii.hpp"

#include <string_view>
#include <utility>

namespace pgbk::relay::socketio {

namespace {

// For clients that do not send a token with CONNECT.
std::string token_of(const Request& request) {
    constexpr std::string_view scheme = "bearer ";
    const std::string authorization = request.header("authorization");
    return lower_case(authorization.substr(0, scheme.size())) == scheme ? authorization.substr(scheme.size())
                                                                        : request.query_value("token").value_or("");
}

} // namespace

Clients::Clients(Surroundings& surroundings) : around_(surroundings) {
    around_.forget = [this](const std::string& id) { clients_.erase(id); };
}

std::optional<Response> Clients::refuse(const Request& request) const {
    const auto [asked, error] = read_engine_request(request);
    if (error) {
        return refusal(*error);
    }
    if (asked.session.empty()) {
        return std::nullopt;
    }
    const auto client = find(request);
    if (!client) {
        return refusal(EngineError::unknown_session);
    }
    // A session that has gone over to a WebSocket does not come back.
    return client->session().is_polling() ? std::nullopt : std::optional(refusal(EngineError::bad_request));
}

std::shared_ptr<Client> Clients::open(const Request& request) {
    std::string id = hex(around_.random());
    auto client = std::make_shared<Client>(around_, id, token_of(request));
    clients_.emplace(std::move(id), client);
    return client;
}

std::shared_ptr<Client> Clients::find(const Request& request) const {
    const auto found = clients_.find(request.query_value("sid").value_or(""));
    return found == clients_.end() || !found->second->session().is_open() ? nullptr : found->second;
}

void Clients::tick() {
    for (const auto& [id, client] : clients_) { // those that end are forgotten later
        client->tick();
    }
}

} // namespace pgbk::relay::socketio
