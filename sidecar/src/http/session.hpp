// A connection of the server: reads requests within limits of size and time, lets the routes answer them. Included by
// server.cpp alone, since it brings the HTTP library along.
#pragma once

#include "http/client_address.hpp"
#include "http/head.hpp"
#include "http/server_state.hpp"
#include "http/taken.hpp"
#include "text/ascii.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <array>
#include <list>
#include <type_traits>
#include <utility>

namespace pgbk::relay {

namespace http = boost::beast::http;

inline constexpr std::uint32_t most_header_bytes = 8 * 1024;
// Bounds what the library leaves unbounded: chunk headers, trailers.
inline constexpr std::size_t most_buffered = 16UL * 1024;
inline constexpr std::chrono::seconds write_limit{10};

template <class Stream> class Session : public Visitor, public std::enable_shared_from_this<Session<Stream>> {
public:
    template <class... Arguments>
    explicit Session(std::shared_ptr<Server::State> state, Arguments&&... arguments)
        : state_(std::move(state)),
          stream_(std::forward<Arguments>(arguments)...),
          timer_(state_->loop),
          place_(state_->reading.end()),
          buffer_(most_buffered),
          peer_(peer_of(socket())) {
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
        leave_place();
        timer_.cancel();
        socket().close(ignored); // what is waiting ends with an error, and lets go of us
    }

private:
    std::shared_ptr<Session> self() { return this->shared_from_this(); }

    tcp::socket& socket() { return socket_of(stream_); }

    // One timer of our own for each phase; that of Beast 1.81's streams has known faults.
    void limit(std::chrono::steady_clock::duration time) {
        limit(time, [this] { close(); });
    }

    template <class End> void limit(std::chrono::steady_clock::duration time, End end) {
        timer_.expires_after(time);
        timer_.async_wait([weak = this->weak_from_this(), end](error_code error) {
            const auto self = weak.lock();
            if (!error && self) {
                end();
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
        route_ = nullptr;
        label_ = "other";
        request_ = {};
        parser_.emplace();
        parser_->header_limit(most_header_bytes);
        parser_->body_limit(boost::none); // that is the route's
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
            refuse(error_response(413, "the body is larger than " + std::to_string(body_limit_)));
        } else if (error == http::error::header_limit || error == http::error::buffer_overflow) {
            refuse(error_response(431, "the headers are too large"));
        } else if (error.category() == make_error_code(http::error::bad_method).category() &&
                   error != http::error::end_of_stream && error != http::error::partial_message) {
            refuse(error_response(400, "this is not a valid HTTP request"));
        } else {
            close(); // gone, or too slow
        }
    }

    void judge_head() {
        request_ = request_of(parser_->get());
        const std::string problem = head_problem(parser_->get());
        const std::string_view whole = parser_->get().target();
        const auto target = parse_target(whole);
        request_.path = whole.substr(0, whole.find('?')); // as far as can be told, if it cannot be decoded
        if (!problem.empty() || !target) {
            refuse(error_response(400, problem.empty() ? "the path or the query cannot be decoded" : problem));
            return;
        }
        request_.path = target->path;
        request_.query = target->query;
        request_.client = client_address(peer_, request_.header("x-forwarded-for"), state_->settings.trusted_proxies);
        label_ = state_->router.label(request_.path);
        auto match = state_->router.find(request_.method, request_.path);
        route_ = match.route;
        request_.parameters = std::move(match.parameters);
        if (route_ == nullptr) {
            refuse(state_->router.refusal(request_.path));
            return;
        }
        if (auto refused = route_->admit ? route_->admit(request_) : std::nullopt) {
            finish(std::move(*refused));
            return;
        }
        if (route_->take) {
            hand_over();
        } else {
            admit_body();
        }
    }

    // The route's own from now on, with what came behind the request; we are done.
    void hand_over() {
        if (!parser_->is_done() && (parser_->chunked() || parser_->content_length().value_or(0) > 0)) {
            refuse(error_response(400, "this path takes no body"));
            return;
        }
        leave_place();
        timer_.cancel();
        count("taken");
        const auto rest = buffer_.data();
        const auto wire = std::make_shared<Taken<Stream>>(
            state_, std::move(stream_), std::string(static_cast<const char*>(rest.data()), rest.size()));
        wire->enlist();
        route_->take(std::move(request_), wire);
    }

    void count(const std::string& status) {
        state_->metrics.add("booking_relay_http_requests_total",
                            {{"route", std::string(label_)},
                             {"method", route_ == nullptr ? "other" : route_->method},
                             {"status", status}});
    }

    void admit_body() {
        body_limit_ = route_->body_limit == 0 ? state_->settings.body_limit : route_->body_limit;
        parser_->body_limit(body_limit_); // for what comes in chunks
        const auto expected = request_.header("expect");
        if (parser_->content_length().value_or(0) > body_limit_) {
            refuse_unreadable(http::error::body_limit);
        } else if (!expected.empty() && lower_case(expected) != "100-continue") {
            refuse(error_response(417, "only 100-continue can be expected"));
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
        late_ = false;
        limit(state_->settings.read_limit, [this] {
            error_code ignored;
            late_ = true;
            socket().cancel(ignored);
        });
        http::async_read(stream_, buffer_, *parser_, [self = self()](error_code error, std::size_t) {
            if (self->late_) {
                self->refuse(error_response(408, "the body took too long to arrive"));
                return;
            }
            if (error) {
                self->refuse_unreadable(error);
                return;
            }
            self->timer_.cancel();
            self->leave_place();
            self->request_.body = std::move(self->parser_->get().body());
            self->route_->handle(std::move(self->request_), [self](Response response) {
                const bool keep = self->parser_->get().keep_alive() && !self->state_->stopping && !response.last;
                self->respond(std::move(response), keep);
            });
        });
    }

    // By the server itself: the route has not been asked.
    void refuse(Response response) {
        state_->router.mark(request_, response);
        finish(std::move(response));
    }

    // After a refusal the rest of the request may still be on its way: it is the connection's end.
    void finish(Response response) {
        leave_place();
        respond(std::move(response), false);
    }

    void respond(Response response, bool keep) {
        count(std::to_string(response.status));
        response_ = {};
        response_.version(11);
        response_.result(static_cast<unsigned>(response.status));
        if (!response.content_type.empty()) {
            response_.set(http::field::content_type, response.content_type);
        }
        response_.set(http::field::cache_control, "no-store");
        response_.set("X-Content-Type-Options", "nosniff");
        for (const auto& [name, value] : response.headers) {
            response_.set(name, value);
        }
        response_.body() = std::move(response.body);
        response_.keep_alive(keep);
        response_.prepare_payload();
        if (response.status == 204) { // has neither (RFC 9110, 8.6)
            response_.erase(http::field::content_length);
        }
        if (parser_->is_header_done() && parser_->get().method() == http::verb::head) {
            response_.body().clear(); // the length stays what it would be
        }
        limit(write_limit);
        http::async_write(stream_, response_, [self = self(), keep](error_code error, std::size_t) {
            if (error) {
                self->close();
            } else if (keep) {
                self->take_place();
                self->read_head();
            } else {
                self->linger();
            }
        });
    }

    // Closing while the client still sends would make its system drop the response unread.
    void linger() {
        limit(linger_limit);
        end_writing(stream_, [self = self()] { self->discard(); });
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
    Address peer_;
    Request request_;
    std::size_t body_limit_ = 0;
    bool late_ = false; // the body
    const Route* route_ = nullptr;
    std::string_view label_ = "other"; // of the path, for metrics
    std::array<char, 4096> rest_{};
};

} // namespace pgbk::relay
