#include "providers/attempt.hpp"

#include "text/stored_text.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace pgbk::relay {

namespace {

namespace json = boost::json;

constexpr int most_requests = 8; // a provider that wants more goes in circles
constexpr std::size_t longest_reason = 500;
constexpr std::size_t longest_fact = 4'000;
constexpr std::chrono::seconds hold_without_a_word{10};

// A provider's words, as jsonb can hold them.
json::value storable(const json::value& value) {
    if (value.is_string()) {
        return json::value(storable_text(std::string_view(value.get_string()), longest_fact));
    }
    if (value.is_object()) {
        json::object out;
        for (const auto& [key, member] : value.get_object()) {
            out[storable_text(std::string_view(key), longest_fact)] = storable(member);
        }
        return out;
    }
    if (value.is_array()) {
        json::array out;
        for (const auto& element : value.get_array()) {
            out.push_back(storable(element));
        }
        return out;
    }
    return value;
}

// A mistake in one provider's rules ends the attempt, not the relay.
template <class Rules> ProviderStep step_of(Rules rules, bool was_sent) {
    try {
        return rules();
    } catch (const std::exception&) {
        const std::string reason = "the relay does not know what to make of it";
        return was_sent ? ProviderStep(Ambiguous{reason}) : ProviderStep(Retry{reason});
    }
}

template <class... Cases> struct Overloaded : Cases... { using Cases::operator()...; };
template <class... Cases> Overloaded(Cases...) -> Overloaded<Cases...>;

} // namespace

Attempt::Attempt(const Provider& provider, ProviderCall call, ProviderAccount account)
    : provider_(provider), call_(std::move(call)), account_(std::move(account)) {}

Attempt::Next Attempt::begin(std::string access_token) {
    account_.access_token = std::move(access_token);
    if (account_.access_token.empty() && provider_.login(account_)) {
        return take(NeedsLogin{});
    }
    return take(step_of([&] { return provider_.begin(call_, account_); }, false));
}

Attempt::Next Attempt::answered(const ProviderAnswer& answer) {
    http_status_ = answer.status;
    const ProviderRequest asked = *asked_;
    return take(step_of([&] { return provider_.proceed(call_, account_, asked, answer); }, may_have_acted_));
}

Attempt::Next Attempt::logged_in(std::string access_token) {
    has_logged_in_ = true;
    account_.access_token = std::move(access_token);
    // From the beginning: a request carries the token that was valid when it was built. What was done before is known
    // to the provider by its key, or is looked for.
    call_.uncertain = call_.uncertain || may_have_acted_;
    asked_.reset();
    return take(step_of([&] { return provider_.begin(call_, account_); }, may_have_acted_));
}

Attempt::Next Attempt::login_failed(const Retry& why) {
    return end(why);
}

void Attempt::interrupt(const std::string& reason) {
    if (asked_ || may_have_acted_) {
        end(Ambiguous{reason});
    } else {
        end(Retry{reason});
    }
}

Attempt::Next Attempt::take(ProviderStep step) {
    if (std::holds_alternative<NeedsLogin>(step)) {
        refused_token_ = account_.access_token;
        if (has_logged_in_) {
            return end(Retry{"the provider does not accept the login that it has given"});
        }
        return LogIn{};
    }
    if (auto* const request = std::get_if<ProviderRequest>(&step)) {
        if (++requests_ > most_requests) {
            return end(Ambiguous{"the provider's answers lead nowhere"});
        }
        may_have_acted_ = may_have_acted_ || request->method != "GET";
        asked_ = *request;
        return std::move(*request);
    }
    return end(std::move(step));
}

Attempt::Next Attempt::end(ProviderStep step) {
    step_ = std::move(step);
    return Ended{};
}

bool Attempt::is_done() const {
    return std::holds_alternative<Done>(step_);
}

std::optional<std::chrono::seconds> Attempt::hold() const {
    const auto* const retry = std::get_if<Retry>(&step_);
    if (retry == nullptr || !retry->holds_account) {
        return std::nullopt;
    }
    return std::max(retry->after.value_or(hold_without_a_word), std::chrono::seconds(1));
}

std::string Attempt::reason() const {
    return std::visit(
        Overloaded{[](const Retry& step) { return step.reason; }, [](const Ambiguous& step) { return step.reason; },
                   [](const Refused& step) { return step.reason; }, [](const auto&) { return std::string(); }},
        step_);
}

std::string Attempt::ending() const {
    return std::visit(Overloaded{[](const Done&) { return "done"; }, [](const Ambiguous&) { return "uncertain"; },
                                 [](const Refused&) { return "refused"; }, [](const auto&) { return "retry"; }},
                      step_);
}

std::string Attempt::report() const {
    json::object out;
    if (const auto* const done = std::get_if<Done>(&step_)) {
        out["ending"] = "done";
        out["facts"] = storable(done->facts);
    } else if (const auto* const refused = std::get_if<Refused>(&step_)) {
        out["ending"] = "refused";
        out["uncertain"] = call_.uncertain && !refused->is_certain;
    } else {
        out["ending"] = "retry";
        out["uncertain"] = call_.uncertain || std::holds_alternative<Ambiguous>(step_);
        const auto after = std::visit(Overloaded{[](const Retry& step) { return step.after; },
                                                 [](const Ambiguous& step) { return step.after; },
                                                 [](const auto&) { return std::optional<std::chrono::seconds>(); }},
                                      step_);
        if (after && after->count() >= 0) {
            out["retry_after_seconds"] = std::min<std::int64_t>(after->count(), 1'000'000'000);
        }
    }
    if (const std::string why = reason(); !why.empty()) {
        out["reason"] = storable_text(why, longest_reason);
    }
    if (http_status_ >= 100 && http_status_ <= 999) {
        out["http_status"] = http_status_;
    }
    return json::serialize(out);
}

std::string Attempt::report_without_facts() const {
    return json::serialize(json::object{{"ending", "retry"},
                                        {"uncertain", true},
                                        {"reason", "the database has refused what the provider has answered"}});
}

} // namespace pgbk::relay
