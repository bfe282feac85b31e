#include "realtime/identities.hpp"

#include "text/stored_text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <utility>

namespace pgbk::relay {

namespace {

namespace json = boost::json;

constexpr std::size_t longest_booking_token = 1'024;

std::string digest_of(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
    return {reinterpret_cast<const char*>(digest.data()), size};
}

std::optional<json::object> object_of(std::string_view text) {
    json::error_code error;
    auto value = json::parse(text, error);
    return error || !value.is_object() ? std::nullopt : std::optional(std::move(value.get_object()));
}

std::optional<std::string> text_of(const json::object& object, std::string_view name) {
    const auto* const value = object.if_contains(name);
    return value == nullptr || !value->is_string() ? std::nullopt : std::optional(std::string(value->get_string()));
}

} // namespace

std::optional<Identity> read_identity(std::string_view text) {
    const auto object = object_of(text);
    const auto* const organizations = object ? object->if_contains("organizations") : nullptr;
    const auto* const service = object ? object->if_contains("service") : nullptr;
    if (organizations == nullptr || !organizations->is_array() || service == nullptr || !service->is_bool()) {
        return std::nullopt;
    }
    Identity identity;
    identity.user = text_of(*object, "user").value_or("");
    identity.service = service->get_bool();
    for (const auto& one : organizations->get_array()) {
        const auto* const membership = one.if_object();
        const auto* const id = membership == nullptr ? nullptr : membership->if_contains("id");
        const auto role = membership == nullptr ? std::nullopt : text_of(*membership, "role");
        if (id == nullptr || !id->is_int64() || !role) {
            return std::nullopt;
        }
        identity.organizations[static_cast<int>(id->get_int64())] = *role;
    }
    return identity;
}

std::optional<Identity> read_booking_identity(std::string_view text) {
    const auto object = object_of(text);
    auto booking = object ? text_of(*object, "booking_id") : std::nullopt;
    if (!booking) {
        return std::nullopt;
    }
    Identity identity;
    identity.booking = std::move(*booking);
    return identity;
}

Identities::Identities(Feed& feed, Metrics& metrics, Settings settings)
    : feed_(feed), metrics_(metrics), settings_(std::move(settings)) {}

void Identities::admit(const std::string& token, Done done) {
    if (token.empty()) {
        done({Identity(), "", false});
        return;
    }
    if (settings_.rules.keys.empty()) {
        done(refused("no_secret", "tokens are not accepted here"));
        return;
    }
    const auto verified = verify_token(token, settings_.rules, settings_.now());
    if (const auto* const reason = std::get_if<RefusedToken>(&verified)) {
        done(refused(reason->cause, reason->reason));
        return;
    }
    const std::string key = digest_of(token);
    const auto known = known_.find(key);
    if (known != known_.end() && known->second.until > settings_.now()) {
        done({known->second.identity, "", false});
        return;
    }
    look_up(key, std::get<VerifiedToken>(verified), std::move(done));
}

void Identities::look_up(const std::string& key, const VerifiedToken& token, Done done) {
    auto& waiting = asked_[key];
    waiting.push_back(std::move(done));
    if (waiting.size() > 1) { // many connections of one user come back together
        return;
    }
    feed_.identity(json::serialize(token.claims), [this, key, expires = token.expires](
                                                      const std::optional<std::string>& text, const FeedError& error) {
        auto identity = text ? read_identity(*text) : std::nullopt;
        if (identity) {
            identity->expires = expires;
            remember(key, *identity);
        }
        const auto admission = identity ? Hub::Admission{std::move(identity), "", false} : not_found(error);
        const auto asked = asked_.extract(key);
        for (const auto& one : asked.mapped()) {
            one(admission);
        }
    });
}

void Identities::remember(const std::string& key, const Identity& identity) {
    if (!known_.contains(key)) {
        order_.push_back(key);
    }
    known_[key] = {identity, std::min(*identity.expires, settings_.now() + settings_.remembered)};
    while (order_.size() > settings_.most) {
        known_.erase(order_.front());
        order_.pop_front();
    }
}

void Identities::admit_booking(const std::string& token, Done done) {
    if (token.empty() || token.size() > longest_booking_token || !is_storable(token)) {
        done(refused("booking", "there is no booking with this token"));
        return;
    }
    feed_.booking(token,
                  [this, done = std::move(done)](const std::optional<std::string>& text, const FeedError& error) {
                      auto identity = text ? read_booking_identity(*text) : std::nullopt;
                      done(identity ? Hub::Admission{std::move(identity), "", false} : not_found(error));
                  });
}

Hub::Admission Identities::refused(std::string_view cause, std::string_view reason) {
    metrics_.add("booking_relay_realtime_refused_tokens_total", {{"cause", std::string(cause)}});
    return {std::nullopt, std::string(reason), false};
}

// The database refuses with codes of ours (BK), or because a value cannot be one of its own (22); all else is its own
// trouble.
Hub::Admission Identities::not_found(const FeedError& error) {
    if (error.sqlstate.starts_with("BK4") || !(error.sqlstate.starts_with("BK") || error.sqlstate.starts_with("22"))) {
        return {std::nullopt, "tokens cannot be looked up at the moment; try again", true};
    }
    return refused(error.sqlstate, error.sqlstate.starts_with("BK") ? error.message : "the token cannot be used");
}

} // namespace pgbk::relay
