// A call of a provider, told in a test what the provider answers.
#pragma once

#include "providers/provider.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

struct Talk {
    const Provider& provider;
    ProviderCall call;
    ProviderAccount account;
    ProviderStep step = NeedsLogin{};

    Talk& begin() {
        step = provider.begin(call, account);
        return *this;
    }
    Talk& answer(const ProviderAnswer& what) {
        const auto* const asked = std::get_if<ProviderRequest>(&step);
        EXPECT_NE(asked, nullptr) << "nothing was asked";
        step = asked == nullptr ? ProviderStep(Refused{"nothing was asked"})
                                : provider.proceed(call, account, ProviderRequest(*asked), what);
        return *this;
    }
    Talk& answer(int status, std::string body, std::vector<std::pair<std::string, std::string>> headers = {}) {
        ProviderAnswer what;
        what.status = status;
        what.body = std::move(body);
        what.headers = std::move(headers);
        what.complete = true;
        return answer(what);
    }
    Talk& silence(bool sent, std::string error = "timeout") {
        ProviderAnswer what;
        what.sent = sent;
        what.error = std::move(error);
        return answer(what);
    }

    template <class End> const End& end() const {
        static const End none{};
        const auto* const found = std::get_if<End>(&step);
        EXPECT_NE(found, nullptr) << "it is another step: " << step.index();
        return found == nullptr ? none : *found;
    }
    const ProviderRequest& request() const { return end<ProviderRequest>(); }
    std::string facts() const { return boost::json::serialize(end<Done>().facts); }
};

inline std::string header_of(const ProviderRequest& request, std::string_view name) {
    for (const auto& [key, value] : request.headers) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

// 2026-11-21T10:00:00Z, when the calls of the tests were made: their id begins with it.
inline constexpr std::int64_t made_at = 1'795'255'200;
inline constexpr const char* call_id = "01a1fd8c-6900-8000-8000-000000000007";
inline constexpr const char* booking_id = "01a1fd8c-0000-8000-8000-000000000007";

inline ProviderCall call_of(std::string action, std::string_view request) {
    ProviderCall call;
    call.id = call_id;
    call.organization = 7;
    call.action = std::move(action);
    call.request = boost::json::parse(request).as_object();
    call.idempotency_key = "key-of-the-call";
    call.attempt = 1;
    call.now = static_cast<double>(made_at + 1);
    return call;
}

} // namespace pgbk::relay
