#include "outbound/facts.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace pgbk::relay {

namespace {

namespace json = boost::json;

json::value number(const std::optional<double>& value) {
    return value ? json::value(std::round(*value * 1000) / 1000) : json::value(nullptr);
}

json::value text(const std::string& value) {
    return value.empty() ? json::value(nullptr) : json::value(value);
}

json::object facts_json(const Facts& facts) {
    json::object headers;
    for (const auto& [name, value] : facts.response_headers) {
        headers[name] = value;
    }
    json::object out;
    out["started_at"] = utc_time(facts.started_at);
    out["http_status"] = facts.http_status ? json::value(*facts.http_status) : json::value(nullptr);
    out["error_class"] = text(facts.error_class);
    out["error"] = text(facts.error);
    out["dns_ms"] = number(facts.dns_ms);
    out["connect_ms"] = number(facts.connect_ms);
    out["tls_ms"] = number(facts.tls_ms);
    out["first_byte_ms"] = number(facts.first_byte_ms);
    out["total_ms"] = number(facts.total_ms);
    out["remote_address"] = text(facts.remote_address);
    out["response_headers"] = std::move(headers);
    out["response_body"] = facts.response_body;
    out["response_truncated"] = facts.response_truncated;
    out["retry_after_seconds"] =
        facts.retry_after_seconds ? json::value(*facts.retry_after_seconds) : json::value(nullptr);
    return out;
}

} // namespace

bool is_stored_header(std::string_view lower_case_name) {
    constexpr std::array<std::string_view, 14> stored{"cf-ray",
                                                      "content-length",
                                                      "content-type",
                                                      "date",
                                                      "location",
                                                      "make-actual-status",
                                                      "retry-after",
                                                      "server",
                                                      "traceparent",
                                                      "via",
                                                      "x-correlation-id",
                                                      "x-powered-by",
                                                      "x-ratelimit-reset",
                                                      "x-request-id"};
    return std::find(stored.begin(), stored.end(), lower_case_name) != stored.end();
}

std::string result_class(const Facts& facts) {
    return facts.error_class.empty() ? std::to_string(facts.http_status.value_or(0) / 100) + "xx" : facts.error_class;
}

std::string results_json(std::span<const Result> results) {
    json::array out;
    out.reserve(results.size());
    for (const auto& result : results) {
        json::object entry = result.facts ? facts_json(*result.facts) : json::object{{"returned", true}};
        entry["delivery_id"] = result.lease.delivery_id;
        entry["lease_token"] = std::stoll(result.lease.token);
        out.push_back(std::move(entry));
    }
    return json::serialize(out);
}

std::string utc_time(std::chrono::system_clock::time_point time) {
    namespace chrono = std::chrono;
    const auto day = chrono::floor<chrono::days>(time);
    const chrono::year_month_day date(day);
    const chrono::hh_mm_ss clock(chrono::floor<chrono::microseconds>(time - day));
    std::array<char, 40> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
    return buffer.data();
}

} // namespace pgbk::relay
