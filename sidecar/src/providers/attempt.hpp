// One attempt at a call: the steps that its provider wants, a login in between, and the report at the end. Pure.
#pragma once

#include "providers/provider.hpp"

#include <optional>
#include <string>
#include <variant>

namespace pgbk::relay {

// Sends nothing itself: says what to do next, and is told what has come of it.
class Attempt {
public:
    Attempt(const Provider& provider, ProviderCall call, ProviderAccount account);

    struct LogIn {};
    struct Ended {};
    using Next = std::variant<ProviderRequest, LogIn, Ended>;

    // The access token that is known for the account; empty: none.
    Next begin(std::string access_token);
    Next answered(const ProviderAnswer& answer);
    Next logged_in(std::string access_token);
    Next login_failed(const Retry& why);

    // It goes no further: the lease, or the relay, ends before an answer could be had.
    void interrupt(const std::string& reason);

    // The token with which the last request was refused; the machinery forgets it.
    const std::string& refused_token() const { return refused_token_; }

    // Of an attempt that has ended: what booking.relay_complete_call takes.
    std::string report() const;
    // Instead of one that the database has refused: it is tried again, later and later, until its time is over.
    std::string report_without_facts() const;
    bool is_done() const;
    // How long the account is left alone.
    std::optional<std::chrono::seconds> hold() const;
    std::string reason() const; // why it is not done
    std::string ending() const; // done, retry, uncertain, refused: for logs and metrics

    const ProviderCall& call() const { return call_; }
    const ProviderAccount& account() const { return account_; }
    const Provider& provider() const { return provider_; }

private:
    Next take(ProviderStep step);
    Next end(ProviderStep step);

    const Provider& provider_;
    ProviderCall call_;
    ProviderAccount account_;
    std::optional<ProviderRequest> asked_; // and not answered; or to be repeated after the login
    ProviderStep step_ = NeedsLogin{};     // the last one
    int requests_ = 0;
    int http_status_ = 0;
    bool has_logged_in_ = false; // in this attempt
    bool may_have_acted_ = false;
    std::string refused_token_;
};

} // namespace pgbk::relay
