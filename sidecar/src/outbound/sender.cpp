#include "outbound/sender.hpp"

#include "outbound/facts.hpp"
#include "outbound/request.hpp"
#include "outbound/retry_after.hpp"
#include "text/ascii.hpp"
#include "text/stored_text.hpp"

#include <boost/asio/post.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace pgbk::relay {

namespace {

constexpr std::size_t most_header_bytes = 64UL * 1024;
constexpr std::size_t most_body_bytes = 64UL * 1024;
constexpr std::size_t most_api_body_bytes = 1024UL * 1024;
constexpr std::size_t most_error_bytes = 300;
constexpr long longest_stall_seconds = 10; // below one byte a second, in the body of an answer

struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

std::optional<Address> address_of(const sockaddr* socket_address) {
    if (socket_address->sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, socket_address, sizeof v4);
        std::array<std::uint8_t, 4> bytes{};
        std::memcpy(bytes.data(), &v4.sin_addr, bytes.size());
        return address_from_v4(bytes);
    }
    if (socket_address->sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, socket_address, sizeof v6);
        Address address;
        std::memcpy(address.bytes.data(), &v6.sin6_addr, address.bytes.size());
        return address;
    }
    return std::nullopt;
}

std::optional<double> milliseconds(CURL* handle, CURLINFO info) {
    curl_off_t microseconds = 0;
    curl_easy_getinfo(handle, info, &microseconds);
    return microseconds > 0 ? std::optional(static_cast<double>(microseconds) / 1000) : std::nullopt;
}

std::optional<double> between(std::optional<double> start, std::optional<double> end) {
    return start && end ? std::optional(std::max(0.0, *end - *start)) : std::nullopt;
}

} // namespace

struct Sender::Transfer {
    CURL* handle = nullptr;
    Outgoing outgoing;
    Done done;
    std::unique_ptr<curl_slist, FreeList> headers;
    std::array<char, CURL_ERROR_SIZE> error{};
    bool check_addresses = true;

    Facts facts;
    std::size_t header_bytes = 0;
    std::size_t body_bytes = 0;
    std::string body;              // the beginning, as it came
    bool headers_complete = false; // of the answer that counts, not of a 1xx before it
    bool headers_too_large = false;
    bool body_cut = false;
    bool connected = false; // to an address that is allowed, or tried to
    std::string blocked;    // the last address that is not
    bool broken = false;    // one of these, which C calls and through which no exception may go, has failed

    static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address) noexcept;
    static int before_request(void* self, char* peer, char* local, int peer_port, int local_port) noexcept;
    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) noexcept;
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept;

    bool may_open(const sockaddr* address);
    bool may_request(const char* peer);
    void keep_header(std::string_view line);
    void keep_body(std::string_view bytes);
    void judge(CURLcode code);
};

// Here the name is resolved and the address is the one that is connected to: no later answer of a name server counts.
curl_socket_t Sender::Transfer::open_socket(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) noexcept {
    auto* const transfer = static_cast<Transfer*>(self);
    try {
        if (!transfer->may_open(&address->addr)) {
            return CURL_SOCKET_BAD;
        }
    } catch (...) {
        transfer->broken = true;
        return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

bool Sender::Transfer::may_open(const sockaddr* address) {
    if (check_addresses) {
        const auto peer = address_of(address);
        if (!peer || !may_connect(*peer, outgoing.request.allowed)) {
            blocked = peer ? peer->text() : "unknown address family";
            return false;
        }
    }
    connected = true;
    return true;
}

int Sender::Transfer::before_request(void* self, char* peer, char* /*local*/, int /*peer_port*/,
                                     int /*local_port*/) noexcept {
    auto* const transfer = static_cast<Transfer*>(self);
    try {
        return transfer->may_request(peer) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
    } catch (...) {
        transfer->broken = true;
        return CURL_PREREQFUNC_ABORT;
    }
}

// A connection that is used again was opened for another endpoint, maybe, which was allowed more.
bool Sender::Transfer::may_request(const char* peer) {
    facts.remote_address = peer;
    connected = true;
    if (check_addresses) {
        const auto address = parse_address(peer);
        if (!address || !may_connect(*address, outgoing.request.allowed)) {
            blocked = peer;
            connected = false;
            return false;
        }
    }
    return true;
}

std::size_t Sender::Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) noexcept {
    auto* const transfer = static_cast<Transfer*>(self);
    const std::size_t bytes = size * count;
    transfer->header_bytes += bytes;
    if (transfer->header_bytes > most_header_bytes) {
        transfer->headers_too_large = true;
        return 0;
    }
    try {
        transfer->keep_header({data, bytes});
    } catch (...) {
        transfer->broken = true;
        return 0;
    }
    return bytes;
}

void Sender::Transfer::keep_header(std::string_view line) {
    if (line.starts_with("HTTP/")) {
        facts.response_headers.clear();
        facts.retry_after_seconds.reset();
        headers_complete = false;
        return;
    }
    line = line.substr(0, line.find_last_not_of("\r\n") + 1);
    if (line.empty()) {
        long status = 0;
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
        headers_complete = status >= 200;
        if (headers_complete) { // not from the beginning: then it would count the time the endpoint takes to answer
            curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
            curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, longest_stall_seconds);
        }
        return;
    }
    const auto colon = line.find(':');
    if (headers_complete || colon == std::string_view::npos) {
        return; // a trailer of a chunked body, or a line folded the old way
    }
    std::string name = lower_case(line.substr(0, colon));
    std::string_view value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    if (name == "retry-after") {
        facts.retry_after_seconds =
            parse_retry_after(value, std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
    }
    if (outgoing.is_api) {
        facts.response_headers.emplace_back(std::move(name), value);
    } else if (is_stored_header(name)) {
        facts.response_headers.emplace_back(std::move(name), storable_text(value, stored_header_limit));
    }
}

std::size_t Sender::Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept {
    auto* const transfer = static_cast<Transfer*>(self);
    const std::size_t bytes = size * count;
    try {
        transfer->keep_body({data, bytes});
    } catch (...) {
        transfer->broken = true;
        return 0;
    }
    transfer->body_bytes += bytes;
    if (transfer->body_bytes > (transfer->outgoing.is_api ? most_api_body_bytes : most_body_bytes)) {
        transfer->body_cut = true;
        return 0;
    }
    return bytes;
}

void Sender::Transfer::keep_body(std::string_view bytes) {
    const std::size_t limit = outgoing.is_api ? most_api_body_bytes : stored_body_limit;
    body.append(bytes.substr(0, limit - std::min(limit, body.size())));
}

// An answer whose headers are complete counts by its status, whatever becomes of its body.
void Sender::Transfer::judge(CURLcode code) {
    facts.response_body = outgoing.is_api ? body : storable_text(body, stored_body_limit);
    facts.response_truncated = body_bytes > body.size() || (headers_complete && code != CURLE_OK);
    if (headers_complete) {
        long status = 0;
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
        facts.http_status = static_cast<int>(status);
    }
    if (headers_complete && (code == CURLE_OK || body_cut)) {
        return;
    }
    if (code == CURLE_OK) { // libcurl takes headers that break off for an answer without a body
        facts.error_class = "reset";
        facts.error = "the connection was closed in the middle of the answer's headers";
    } else if (headers_too_large) {
        facts.error_class = "protocol";
        facts.error = "the headers of the answer have more than " + std::to_string(most_header_bytes) + " bytes";
    } else if (broken) { // libcurl's own reason would blame the network or the endpoint
        facts.error_class = "internal";
        facts.error = "the relay itself failed with the request or its answer";
    } else if (!blocked.empty() && !connected) {
        facts.error_class = "blocked";
        facts.error = "the address " + blocked + " is not public, and not among the endpoint's allowed networks";
    } else if (facts.remote_address.empty() && (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)) {
        facts.error_class = "blocked";
        facts.error = "the URL cannot be used";
    } else {
        facts.error_class = error_class_of(code);
        facts.error = storable_text(error[0] != '\0' ? error.data() : curl_easy_strerror(code), most_error_bytes);
    }
    if (headers_complete) {
        facts.error = "the answer's body was not read to its end: " + facts.error;
        facts.error_class.clear();
    }
}

std::string error_class_of(CURLcode code) {
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return "dns";
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
    case CURLE_INTERFACE_FAILED:
        return "connect";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return "tls";
    case CURLE_OPERATION_TIMEDOUT:
        return "timeout";
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        return "reset";
    case CURLE_UNSUPPORTED_PROTOCOL: // what libcurl calls an answer of HTTP/0.9
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_HTTP3:
    case CURLE_BAD_CONTENT_ENCODING:
        return "protocol";
    default:
        return "internal";
    }
}

Sender::Sender(boost::asio::io_context& loop, Settings settings)
    : loop_(loop), settings_(std::move(settings)), curl_(loop, settings_.most_connections) {}

Sender::~Sender() {
    for (const auto& [key, transfer] : transfers_) {
        curl_.abort(transfer->handle);
        curl_easy_cleanup(transfer->handle);
    }
    for (CURL* handle : idle_) {
        curl_easy_cleanup(handle);
    }
}

void Sender::refuse(Done done, std::string error_class, std::string error, std::string remote_address) {
    auto facts = std::make_shared<Facts>();
    facts->started_at = std::chrono::system_clock::now();
    facts->error_class = std::move(error_class);
    facts->error = std::move(error);
    facts->remote_address = std::move(remote_address);
    boost::asio::post(loop_, [done = std::move(done), facts = std::move(facts)] { done(facts); });
}

void Sender::send(Dispatch dispatch, Done done) {
    const auto now = std::chrono::system_clock::now();
    auto request = prepare_request(dispatch, settings_.version, std::chrono::system_clock::to_time_t(now));
    if (!request.error_class.empty()) {
        refuse(std::move(done), std::move(request.error_class), std::move(request.error));
        return;
    }
    Outgoing outgoing;
    outgoing.url = std::move(dispatch.url);
    outgoing.body = std::move(dispatch.body);
    outgoing.timeout = dispatch.timeout;
    outgoing.request = std::move(request);
    start(std::move(outgoing), now, std::move(done));
}

void Sender::send(ApiRequest request, Done done) {
    Outgoing outgoing;
    outgoing.method = std::move(request.method);
    outgoing.url = std::move(request.url);
    outgoing.body = std::move(request.body);
    outgoing.timeout = request.timeout;
    outgoing.request.headers = std::move(request.headers);
    outgoing.is_api = true;
    start(std::move(outgoing), std::chrono::system_clock::now(), std::move(done));
}

void Sender::start(Outgoing outgoing, std::chrono::system_clock::time_point now, Done done) {
    auto owned = std::make_unique<Transfer>();
    Transfer* const transfer = owned.get();
    transfer->outgoing = std::move(outgoing);
    transfer->done = std::move(done);
    transfer->facts.started_at = now;
    // What is seen with a proxy are the proxy's addresses; and where an API is, the configuration knows.
    transfer->check_addresses = settings_.proxy.empty() && !transfer->outgoing.is_api;
    if (idle_.empty()) {
        transfer->handle = curl_easy_init();
        if (transfer->handle == nullptr) {
            throw std::bad_alloc();
        }
    } else {
        transfer->handle = idle_.back();
        idle_.pop_back();
    }
    try {
        configure(*transfer);
    } catch (const std::exception& error) {
        curl_easy_cleanup(transfer->handle);
        refuse(std::move(transfer->done), "internal", error.what());
        return;
    }
    transfers_.emplace(transfer, std::move(owned));
    const CURLMcode code = curl_.start(transfer->handle, [this, transfer](CURLcode end) { finish(transfer, end); });
    if (code != CURLM_OK) {
        const auto node = transfers_.extract(transfer);
        curl_easy_cleanup(transfer->handle);
        refuse(std::move(transfer->done), "internal",
               std::string("libcurl does not take the request: ") + curl_multi_strerror(code));
    }
}

void Sender::configure(Transfer& transfer) {
    CURL* const handle = transfer.handle;
    const auto set = [handle](CURLoption option, auto value) {
        const CURLcode code = curl_easy_setopt(handle, option, value);
        if (code != CURLE_OK) {
            throw std::runtime_error(std::string("libcurl does not take an option: ") + curl_easy_strerror(code));
        }
    };
    for (const auto& line : transfer.outgoing.request.headers) {
        curl_slist* const longer = curl_slist_append(transfer.headers.get(), line.c_str());
        if (longer == nullptr) {
            throw std::bad_alloc();
        }
        static_cast<void>(transfer.headers.release());
        transfer.headers.reset(longer);
    }
    // Large bodies are sent at once: a server that does not know "100 Continue" would cost a second.
    transfer.headers.reset(curl_slist_append(transfer.headers.release(), "Expect:"));

    set(CURLOPT_URL, transfer.outgoing.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_PROXY, settings_.proxy.c_str());
    if (!settings_.ca_file.empty()) {
        set(CURLOPT_CAINFO, settings_.ca_file.c_str());
    }
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L); // a name server that does not answer must not hold up the loop
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings_.connect_limit.count()));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(transfer.outgoing.timeout.count()));
    set(CURLOPT_HTTPHEADER, transfer.headers.get());
    if (transfer.outgoing.method == "GET") {
        set(CURLOPT_HTTPGET, 1L);
    } else {
        set(CURLOPT_POST, 1L);
        set(CURLOPT_POSTFIELDS, transfer.outgoing.body.c_str());
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer.outgoing.body.size()));
    }
    if (transfer.outgoing.is_api) {  // on a connection that is found closed libcurl would send it a second time
        set(CURLOPT_PATH_AS_IS, 1L); // an id of two dots leads to nothing else
        set(CURLOPT_FRESH_CONNECT, 1L);
        set(CURLOPT_FORBID_REUSE, 1L);
    }
    set(CURLOPT_ERRORBUFFER, transfer.error.data());
    set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::open_socket);
    set(CURLOPT_OPENSOCKETDATA, &transfer);
    set(CURLOPT_PREREQFUNCTION, &Transfer::before_request);
    set(CURLOPT_PREREQDATA, &transfer);
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(CURLOPT_HEADERDATA, &transfer);
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, &transfer);
}

void Sender::finish(Transfer* key, CURLcode code) {
    const auto node = transfers_.extract(key);
    Transfer& transfer = *node.mapped();
    Facts& facts = transfer.facts;
    transfer.judge(code);

    const auto name = milliseconds(transfer.handle, CURLINFO_NAMELOOKUP_TIME_T);
    const auto connect = milliseconds(transfer.handle, CURLINFO_CONNECT_TIME_T);
    const auto tls = milliseconds(transfer.handle, CURLINFO_APPCONNECT_TIME_T);
    long connections = 0;
    curl_easy_getinfo(transfer.handle, CURLINFO_NUM_CONNECTS, &connections);
    if (connections > 0) { // a connection that is used again took none of these times
        facts.dns_ms = name;
        facts.connect_ms = between(name, connect);
        facts.tls_ms = between(connect, tls);
    }
    facts.first_byte_ms = milliseconds(transfer.handle, CURLINFO_STARTTRANSFER_TIME_T);
    facts.total_ms = milliseconds(transfer.handle, CURLINFO_TOTAL_TIME_T);

    curl_easy_reset(transfer.handle);
    idle_.push_back(transfer.handle);
    transfer.done(std::make_shared<const Facts>(std::move(facts)));
}

void Sender::abort_all(const std::string& reason) {
    for (auto& [key, transfer] : std::exchange(transfers_, {})) {
        curl_.abort(transfer->handle);
        curl_easy_cleanup(transfer->handle);
        refuse(std::move(transfer->done), "timeout", reason, std::move(transfer->facts.remote_address));
    }
}

} // namespace pgbk::relay
