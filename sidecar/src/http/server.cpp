#include "http/server.hpp"

#include "main/log.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <list>
#include <stdexcept>
#include <utility>

namespace pgbk::relay {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::beast::error_code;

namespace {

constexpr std::uint32_t most_header_bytes = 8 * 1024;
constexpr std::size_t most_headers = 64;
constexpr std::size_t most_buffered = 16UL * 1024; // bounds what the library leaves unbounded: chunk headers, trailers
constexpr std::chrono::seconds write_limit{10};
constexpr std::chrono::seconds linger_limit{2};
constexpr std::chrono::milliseconds pause_without_descriptors{100};

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

} // namespace

// A connection, seen from the outside.
class Visitor {
public:
    virtual ~Visitor() = default;
    virtual void start() = 0;
    virtual void close() = 0;
};

struct Server::State : std::enable_shared_from_this<Server::State> {
    State(asio::io_context& io, const Router& routes, Metrics& numbers, Settings given)
        : loop(io), router(routes), metrics(numbers), settings(std::move(given)), tls(asio::ssl::context::tls_server) {}

    asio::io_context& loop;
    const Router& router;
    Metrics& metrics;
    Settings settings;
    asio::ssl::context tls;
    std::vector<std::unique_ptr<tcp::acceptor>> acceptors;
    std::list<std::weak_ptr<Visitor>> reading; // in the order in which they began to wait for a request
    std::size_t connections = 0;
    bool stopping = false;

    void open(const tcp::endpoint& endpoint, bool dual_stack);
    void accept(tcp::acceptor& acceptor);
    void welcome(tcp::socket socket);
    void make_room();

    // Connections that outlive the server, in handlers that are never called any more, have nothing to count with.
    void count() {
        if (!stopping) {
            metrics.set("booking_relay_http_connections", static_cast<double>(connections));
        }
    }
};

namespace {

template <class Stream> class Session : public Visitor, public std::enable_shared_from_this<Session<Stream>> {
public:
    template <class... Arguments>
    explicit Session(std::shared_ptr<Server::State> state, Arguments&&... arguments)
        : state_(std::move(state)),
          stream_(std::forward<Arguments>(arguments)...),
          timer_(state_->loop),
          place_(state_->reading.end()),
          buffer_(most_buffered) {
        ++state_->connections;
        state_->count();
    }

    ~Session() override {
        leave_place();
        --state_->connections;
        state_->count();
    }

    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void start() override {
        take_place();
        if constexpr (std::is_same_v<Stream, tcp::socket>) {
            read_head();
        } else {
            limit(state_->settings.read_limit);
            stream_.async_handshake(asio::ssl::stream_base::server, [self = self()](error_code error) {
                if (!error) {
                    self->read_head();
                }
            });
        }
    }

    void close() override {
        error_code ignored;
        timer_.cancel();
        socket().close(ignored); // what is waiting ends with an error, and lets go of us
    }

private:
    std::shared_ptr<Session> self() { return this->shared_from_this(); }

    tcp::socket& socket() {
        if constexpr (std::is_same_v<Stream, tcp::socket>) {
            return stream_;
        } else {
            return stream_.next_layer();
        }
    }

    // One timer of our own for each phase; that of Beast 1.81's streams has known faults.
    void limit(std::chrono::steady_clock::duration time) {
        timer_.expires_after(time);
        timer_.async_wait([weak = this->weak_from_this()](error_code error) {
            const auto self = weak.lock();
            if (!error && self) {
                self->close();
            }
        });
    }

    void take_place() {
        leave_place();
        place_ = state_->reading.insert(state_->reading.end(), this->weak_from_this());
    }

    void leave_place() {
        if (place_ != state_->reading.end()) {
            state_->reading.erase(place_);
            place_ = state_->reading.end();
        }
    }

    void read_head() {
        if (state_->stopping) {
            close();
            return;
        }
        parser_.emplace();
        parser_->header_limit(most_header_bytes);
        parser_->body_limit(state_->settings.body_limit);
        limit(state_->settings.read_limit);
        http::async_read_header(stream_, buffer_, *parser_, [self = self()](error_code error, std::size_t) {
            if (error) {
                self->refuse_unreadable(error);
            } else {
                self->judge_head();
            }
        });
    }

    void refuse_unreadable(error_code error) {
        if (error == http::error::body_limit) {
            finish(error_response(413, "the body is larger than " + std::to_string(state_->settings.body_limit)));
        } else if (error == http::error::header_limit || error == http::error::buffer_overflow) {
            finish(error_response(431, "the headers are too large"));
        } else if (error.category() == make_error_code(http::error::bad_method).category() &&
                   error != http::error::end_of_stream && error != http::error::partial_message) {
            finish(error_response(400, "this is not a valid HTTP request"));
        } else {
            close(); // gone, or too slow
        }
    }

    // What the library lets pass although two readers could understand it differently.
    std::string ambiguity() const {
        const auto& head = parser_->get();
        std::map<std::string, std::size_t> seen;
        for (const auto& field : head) {
            ++seen[lower({field.name_string().data(), field.name_string().size()})];
        }
        const std::size_t hosts = seen["host"];
        if (static_cast<std::size_t>(std::distance(head.begin(), head.end())) > most_headers) {
            return "too many headers";
        }
        if (head.version() != 11 && head.version() != 10) {
            return "this version of HTTP is not spoken here";
        }
        if (hosts > 1 || (hosts == 0 && head.version() == 11)) {
            return "exactly one Host header is needed";
        }
        for (const char* single : {"content-length", "transfer-encoding", "authorization", "content-type", "expect"}) {
            if (seen.contains(single) && seen[single] > 1) {
                return std::string("more than one header ") + single;
            }
        }
        // The library takes "5, 5" for 5.
        if (head[http::field::content_length].find_first_not_of("0123456789") != boost::beast::string_view::npos) {
            return "the length of the body is no number";
        }
        if (seen.contains("transfer-encoding")) {
            const auto coding = head[http::field::transfer_encoding];
            if (lower({coding.data(), coding.size()}) != "chunked" || seen.contains("content-length") ||
                head.version() != 11) {
                return "the length of the body is not clear";
            }
        }
        return {};
    }

    Request head_request() const {
        const auto& head = parser_->get();
        Request request;
        request.method = std::string(head.method_string());
        const std::string target(head.target());
        request.path = target.substr(0, target.find('?'));
        for (const auto& field : head) {
            request.headers.insert_or_assign(lower({field.name_string().data(), field.name_string().size()}),
                                             std::string(field.value()));
        }
        return request;
    }

    void judge_head() {
        request_ = head_request();
        const std::string problem = ambiguity();
        if (!problem.empty()) {
            finish(error_response(400, problem));
            return;
        }
        route_ = state_->router.find(request_.method, request_.path);
        if (route_ == nullptr) {
            finish(state_->router.refusal(request_.path));
            return;
        }
        if (auto refused = route_->admit ? route_->admit(request_) : std::nullopt) {
            finish(std::move(*refused));
            return;
        }
        const auto expected = request_.header("expect");
        if (!expected.empty() && lower(expected) != "100-continue") {
            finish(error_response(417, "only 100-continue can be expected"));
        } else if (!expected.empty() && !parser_->is_done()) {
            invite_body();
        } else {
            read_body();
        }
    }

    void invite_body() {
        static constexpr std::string_view line = "HTTP/1.1 100 Continue\r\n\r\n";
        asio::async_write(stream_, asio::buffer(line), [self = self()](error_code error, std::size_t) {
            if (!error) {
                self->read_body();
            }
        });
    }

    void read_body() {
        limit(state_->settings.read_limit);
        http::async_read(stream_, buffer_, *parser_, [self = self()](error_code error, std::size_t) {
            if (error) {
                self->refuse_unreadable(error);
                return;
            }
            self->timer_.cancel();
            self->leave_place();
            self->request_.body = std::move(self->parser_->get().body());
            self->route_->handle(std::move(self->request_), [self](Response response) {
                const bool keep = self->parser_->get().keep_alive() && !self->state_->stopping;
                self->respond(std::move(response), keep);
            });
        });
    }

    // After a refusal the rest of the request may still be on its way: it is the connection's end.
    void finish(Response response) {
        leave_place();
        respond(std::move(response), false);
    }

    void respond(Response response, bool keep) {
        const auto& head = parser_->get();
        const bool known = parser_->is_header_done();
        state_->metrics.add("booking_relay_http_requests_total",
                            {{"route", std::string(state_->router.label(known ? path_of(head.target()) : ""))},
                             {"method", route_ == nullptr ? "other" : route_->method},
                             {"status", std::to_string(response.status)}});
        response_ = {};
        response_.version(11);
        response_.result(static_cast<unsigned>(response.status));
        response_.set(http::field::content_type, response.content_type);
        response_.set(http::field::cache_control, "no-store");
        response_.set("X-Content-Type-Options", "nosniff");
        for (const auto& [name, value] : response.headers) {
            response_.set(name, value);
        }
        response_.body() = std::move(response.body);
        response_.keep_alive(keep);
        response_.prepare_payload();
        if (known && head.method() == http::verb::head) {
            response_.body().clear(); // the length stays what it would be
        }
        limit(write_limit);
        http::async_write(stream_, response_, [self = self(), keep](error_code error, std::size_t) {
            if (error) {
                self->close();
            } else if (keep) {
                self->route_ = nullptr;
                self->take_place();
                self->read_head();
            } else {
                self->linger();
            }
        });
    }

    static std::string path_of(boost::beast::string_view target) {
        const std::string text(target);
        return text.substr(0, text.find('?'));
    }

    // Closing while the client still sends would make its system drop the response unread.
    void linger() {
        limit(linger_limit);
        if constexpr (std::is_same_v<Stream, tcp::socket>) {
            shut_writing();
        } else {
            stream_.async_shutdown([self = self()](error_code) { self->shut_writing(); });
        }
    }

    void shut_writing() {
        error_code ignored;
        socket().shutdown(tcp::socket::shutdown_send, ignored);
        discard();
    }

    void discard() {
        socket().async_read_some(asio::buffer(rest_), [self = self()](error_code error, std::size_t) {
            if (error) {
                self->close();
            } else {
                self->discard();
            }
        });
    }

    std::shared_ptr<Server::State> state_;
    Stream stream_;
    asio::steady_timer timer_;
    std::list<std::weak_ptr<Visitor>>::iterator place_;
    boost::beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> response_;
    Request request_;
    const Route* route_ = nullptr;
    std::array<char, 4096> rest_{};
};

} // namespace

void Server::State::open(const tcp::endpoint& endpoint, bool dual_stack) {
    auto acceptor = std::make_unique<tcp::acceptor>(loop);
    acceptor->open(endpoint.protocol());
    acceptor->set_option(tcp::acceptor::reuse_address(true));
    if (endpoint.protocol() == tcp::v6()) {
        acceptor->set_option(asio::ip::v6_only(!dual_stack));
    }
    acceptor->bind(endpoint);
    acceptor->listen();
    acceptors.push_back(std::move(acceptor));
}

void Server::State::accept(tcp::acceptor& acceptor) {
    acceptor.async_accept([self = shared_from_this(), &acceptor](error_code error, tcp::socket socket) {
        if (self->stopping) {
            return;
        }
        if (!error) {
            self->welcome(std::move(socket));
            self->accept(acceptor);
            return;
        }
        // Out of descriptors, most likely: at once it would only fail again.
        log(LogLevel::warn, "connection not accepted", {{"error", error.message()}});
        const auto timer = std::make_shared<asio::steady_timer>(self->loop, pause_without_descriptors);
        timer->async_wait([self, &acceptor, timer](error_code) {
            if (!self->stopping) {
                self->make_room();
                self->accept(acceptor);
            }
        });
    });
}

// When it is full, whoever has waited longest without having sent a whole request goes: slow ones never shut others
// out.
void Server::State::make_room() {
    if (reading.empty()) {
        return;
    }
    const auto longest = reading.front().lock();
    reading.front().reset();
    if (longest) {
        longest->close();
        metrics.add("booking_relay_http_evictions_total");
    }
}

void Server::State::welcome(tcp::socket socket) {
    if (connections >= settings.max_connections) {
        if (reading.empty()) {
            return; // all are being answered: this one is closed
        }
        make_room();
    }
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    std::shared_ptr<Visitor> visitor;
    if (settings.certificate_file.empty()) {
        visitor = std::make_shared<Session<tcp::socket>>(shared_from_this(), std::move(socket));
    } else {
        visitor = std::make_shared<Session<asio::ssl::stream<tcp::socket>>>(shared_from_this(), std::move(socket), tls);
    }
    visitor->start();
}

Server::Server(asio::io_context& loop, const Router& router, Metrics& metrics, Settings settings)
    : state_(std::make_shared<State>(loop, router, metrics, std::move(settings))) {}

Server::~Server() {
    stop();
}

std::uint16_t Server::listen() {
    State& state = *state_;
    const Settings& settings = state.settings;
    try {
        if (!settings.certificate_file.empty()) {
            state.tls.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                                  asio::ssl::context::no_tlsv1_1);
            state.tls.use_certificate_chain_file(settings.certificate_file);
            state.tls.use_private_key_file(settings.key_file, asio::ssl::context::pem);
        }
    } catch (const boost::system::system_error& error) {
        throw std::runtime_error("http.certificate_file or http.key_file cannot be used: " + error.code().message());
    }
    try {
        if (settings.address == "*") {
            try {
                state.open({tcp::v6(), settings.port}, true);
            } catch (const boost::system::system_error& error) {
                // A machine without IPv6; a port that is taken is taken for both.
                if (error.code() == boost::system::errc::address_in_use ||
                    error.code() == boost::system::errc::permission_denied) {
                    throw;
                }
                state.open({tcp::v4(), settings.port}, false);
            }
        } else {
            state.open({asio::ip::make_address(settings.address), settings.port}, false);
        }
    } catch (const boost::system::system_error& error) {
        throw std::runtime_error("cannot listen on " + settings.address + " port " + std::to_string(settings.port) +
                                 ": " + error.code().message());
    }
    for (const auto& acceptor : state.acceptors) {
        state.accept(*acceptor);
    }
    return state.acceptors.front()->local_endpoint().port();
}

void Server::stop() {
    state_->stopping = true;
    error_code ignored;
    for (const auto& acceptor : state_->acceptors) {
        acceptor->close(ignored);
    }
    for (const auto& weak : std::list(state_->reading)) {
        if (const auto visitor = weak.lock()) {
            visitor->close();
        }
    }
}

} // namespace pgbk::relay
