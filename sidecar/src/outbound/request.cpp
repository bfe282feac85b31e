#include "outbound/request.hpp"

#include "config/config.hpp"
#include "outbound/signature.hpp"
#include "text/ascii.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace pgbk::relay {

namespace {

namespace json = boost::json;

// A dispatch that the relay cannot turn into a request; what() is for the log of attempts.
class Unsendable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

bool is_header_name(std::string_view name) {
    constexpr std::string_view token = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz";
    return !name.empty() && lower_case(name).find_first_not_of(token) == std::string::npos;
}

bool is_header_value(std::string_view value) {
    return std::none_of(value.begin(), value.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\t') || byte == 0x7F;
    });
}

// Each header once, the first word counts.
class Headers {
public:
    bool has(std::string_view name) const { return names_.contains(lower_case(name)); }

    // The message names the header only: the value may be a secret.
    void add(std::string_view name, std::string_view value) {
        if (!is_header_name(name)) {
            throw Unsendable("a header's name is not valid");
        }
        if (!is_header_value(value)) {
            throw Unsendable("the value of header " + std::string(name) + " is not valid");
        }
        if (names_.insert(lower_case(name)).second) {
            // "name;" is curl's spelling of an empty value; "name:" would leave the header out.
            lines_.push_back(value.empty() ? std::string(name) + ";" : std::string(name) + ": " + std::string(value));
        }
    }

    std::vector<std::string> take() { return std::move(lines_); }

private:
    std::set<std::string> names_;
    std::vector<std::string> lines_;
};

json::value parsed(const std::string& text, const char* what) {
    json::error_code error;
    auto value = json::parse(text, error);
    if (error) {
        throw Unsendable(std::string("the endpoint's ") + what + " cannot be read");
    }
    return value;
}

std::string_view text_member(const json::object& object, std::string_view name) {
    const auto* const value = object.if_contains(name);
    const auto* const text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

void add_secret(Headers& headers, std::string& signatures, const json::object& entry, const Dispatch& dispatch,
                const std::string& timestamp) {
    const auto scheme = text_member(entry, "scheme");
    const auto secret = text_member(entry, "secret");
    if (secret.empty()) {
        throw Unsendable("a secret is empty");
    }
    if (scheme == "standard") {
        const auto key = standard_key(secret);
        if (!key) {
            throw Unsendable("a secret of scheme standard is not whsec_ and base64");
        }
        signatures += signatures.empty() ? "" : " ";
        signatures += standard_signature(*key, dispatch.request_id, timestamp, dispatch.body);
    } else if (scheme == "bearer") {
        headers.add("authorization", "Bearer " + std::string(secret));
    } else if (scheme == "make_apikey") {
        headers.add("x-make-apikey", secret);
    } else if (scheme == "hmac") {
        const auto encoding = text_member(entry, "encoding") == "base64" ? DigestEncoding::base64 : DigestEncoding::hex;
        headers.add(text_member(entry, "header"),
                    std::string(text_member(entry, "prefix")) + body_signature(secret, dispatch.body, encoding));
    } else {
        throw Unsendable("a secret has a scheme that this relay does not know");
    }
}

// All valid standard keys go into one header. The other schemes have room for one value: the newest secret comes first.
void add_secrets(Headers& headers, const Dispatch& dispatch, const std::string& timestamp) {
    std::string signatures;
    const auto secrets = parsed(dispatch.secrets, "secrets");
    if (!secrets.is_array()) {
        throw Unsendable("the endpoint's secrets cannot be read");
    }
    for (const auto& secret : secrets.get_array()) {
        if (!secret.is_object()) {
            throw Unsendable("the endpoint's secrets cannot be read");
        }
        add_secret(headers, signatures, secret.get_object(), dispatch, timestamp);
    }
    if (!signatures.empty()) {
        headers.add("webhook-signature", signatures);
    }
}

void add_own_headers(Headers& headers, const Dispatch& dispatch) {
    // These say how the message is framed and where it goes; they are the client library's.
    static const std::set<std::string, std::less<>> framing{
        "connection", "content-encoding", "content-length",    "expect", "host", "keep-alive", "proxy-authorization",
        "te",         "trailer",          "transfer-encoding", "upgrade"};
    const auto own = parsed(dispatch.headers, "headers");
    if (!own.is_object()) {
        throw Unsendable("the endpoint's headers cannot be read");
    }
    for (const auto& [name, value] : own.get_object()) {
        if (!value.is_string()) {
            throw Unsendable("the endpoint's headers cannot be read");
        }
        if (!framing.contains(lower_case(name))) {
            headers.add(name, std::string_view(value.get_string()));
        }
    }
}

std::vector<Network> read_networks(const std::string& text) {
    std::vector<Network> networks;
    const auto list = parsed(text, "allowed networks");
    if (list.is_null()) {
        return networks;
    }
    if (!list.is_array()) {
        throw Unsendable("the endpoint's allowed networks cannot be read");
    }
    for (const auto& entry : list.get_array()) {
        const auto network = entry.is_string() ? parse_network(std::string_view(entry.get_string())) : std::nullopt;
        if (!network) {
            throw Unsendable("the endpoint's allowed networks cannot be read");
        }
        networks.push_back(*network);
    }
    return networks;
}

} // namespace

PreparedRequest prepare_request(const Dispatch& dispatch, std::string_view version, std::int64_t now_unix) {
    PreparedRequest request;
    if (dispatch.body.size() > largest_request_body) {
        request.error_class = "too_large";
        request.error = "the body has " + std::to_string(dispatch.body.size()) + " bytes, " +
                        std::to_string(largest_request_body) + " is the limit";
        return request;
    }
    if (url_origin(dispatch.url).empty()) { // libcurl would guess
        request.error_class = "blocked";
        request.error = "the URL is not one of http or https";
        return request;
    }
    try {
        Headers headers;
        const std::string timestamp = std::to_string(now_unix);
        headers.add("content-type", "application/json");
        headers.add("user-agent", "booking-relay/" + std::string(version));
        headers.add("webhook-id", dispatch.request_id);
        headers.add("webhook-timestamp", timestamp);
        headers.add("webhook-attempt", std::to_string(dispatch.attempt));
        headers.add("webhook-event", dispatch.event_type);
        add_secrets(headers, dispatch, timestamp);
        add_own_headers(headers, dispatch);
        request.allowed = read_networks(dispatch.allowed_networks);
        request.headers = headers.take();
    } catch (const std::exception& error) {
        request.error_class = "internal";
        request.error = error.what();
    }
    return request;
}

} // namespace pgbk::relay
