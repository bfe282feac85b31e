#include "metrics/metrics.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

namespace pgbk::relay {

namespace {

std::string number_text(double value) {
    std::array<char, 32> buffer{};
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    return error == std::errc() ? std::string(buffer.data(), end) : "NaN";
}

std::string escaped(const std::string& value) {
    std::string out;
    for (const char c : value) {
        if (c == '\\' || c == '"') {
            out += '\\';
        }
        out += c == '\n' ? "\\n" : std::string(1, c);
    }
    return out;
}

std::string written(const Labels& labels) {
    std::string out;
    for (const auto& [name, value] : labels) {
        out += out.empty() ? "" : ",";
        out += name + "=\"" + escaped(value) + "\"";
    }
    return out;
}

std::string braced(const std::string& labels) {
    return labels.empty() ? "" : "{" + labels + "}";
}

} // namespace

Metrics::Metrics() {
    const std::vector<double> times{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 60};
    declare(Kind::gauge, "booking_relay_build_info", "Always 1; the version is a label.");
    declare(Kind::gauge, "booking_relay_ready", "1 if /readyz says 200.");
    declare(Kind::counter, "booking_relay_deliveries_total",
            "Deliveries attempted, by result: status class (2xx to 5xx) or error class.");
    declare(Kind::counter, "booking_relay_deliveries_returned_total",
            "Deliveries given back to the database without having been sent.");
    declare(Kind::gauge, "booking_relay_requests_in_flight", "Requests under way.");
    declare(Kind::histogram, "booking_relay_response_seconds", "From the start of a request to the end of its answer.",
            times);
    declare(Kind::histogram, "booking_relay_event_latency_seconds",
            "From the event to the end of the answer, first attempts only.", times);
    declare(Kind::gauge, "booking_relay_provider_calls", "Calls of providers in the database, by state.");
    declare(Kind::gauge, "booking_relay_provider_calls_in_flight", "Calls of providers that this relay is at.");
    declare(Kind::counter, "booking_relay_provider_calls_total",
            "Attempts at calls of providers, by provider, action and result: done, retry, uncertain, refused.");
    declare(Kind::counter, "booking_relay_provider_logins_total", "Logins at providers, by result: done, failed.");
    declare(Kind::histogram, "booking_relay_provider_seconds", "Requests to providers, by provider.", times);
    declare(Kind::histogram, "booking_relay_database_seconds", "Round trips to the database, by call.", times);
    declare(Kind::counter, "booking_relay_database_errors_total", "Calls that the database refused, by SQLSTATE.");
    declare(Kind::counter, "booking_relay_database_connects_total", "Connections made, by purpose.");
    declare(Kind::counter, "booking_relay_database_losses_total", "Connections lost or not made, by purpose.");
    declare(Kind::counter, "booking_relay_notifications_total", "Notifications received, by channel.");
    declare(Kind::gauge, "booking_relay_clock_offset_seconds", "Clock of the database minus clock of this machine.");
    declare(Kind::gauge, "booking_relay_results_waiting", "Results that the database has not taken yet.");
    declare(Kind::gauge, "booking_relay_queue", "Deliveries in the database, by state.");
    declare(Kind::gauge, "booking_relay_queue_oldest_due_seconds", "How long the oldest due delivery has been due.");
    declare(Kind::gauge, "booking_relay_endpoints", "Webhook endpoints, by state.");
    declare(Kind::gauge, "booking_relay_relays", "Relays that are attached to the database.");
    declare(Kind::counter, "booking_relay_http_requests_total", "Requests answered, by route, method and status.");
    declare(Kind::gauge, "booking_relay_http_connections", "Connections open.");
    declare(Kind::counter, "booking_relay_http_evictions_total",
            "Connections closed because a newer one needed their place.");
    declare(Kind::counter, "booking_relay_webhooks_total", "Webhooks received, by scheme and what became of them.");
    declare(Kind::gauge, "booking_relay_webhook_sources", "Active sources of webhooks.");
    declare(Kind::gauge, "booking_relay_realtime_connections", "Browsers connected, whatever the protocol.");
    declare(Kind::counter, "booking_relay_realtime_refusals_total",
            "Connections refused: origin, full, or too many from one address.");
    declare(Kind::counter, "booking_relay_realtime_events_total",
            "Events told to browsers: of history, and how many seats are left.");
    declare(Kind::counter, "booking_relay_realtime_deliveries_total", "Events told to somebody, once for each.");
    declare(Kind::counter, "booking_relay_realtime_failed_deliveries_total",
            "Connections given up because an event could not be written for them.");
    declare(Kind::gauge, "booking_relay_realtime_lag", "Events that have a position and are not told yet.");
    declare(Kind::gauge, "booking_relay_realtime_position", "Position of the latest event told.");
    declare(Kind::counter, "booking_relay_realtime_resumptions_total",
            "Who came back for what they had missed, by where it was found: memory, table, too_old or failed.");
    declare(Kind::counter, "booking_relay_realtime_refused_tokens_total", "Tokens not accepted, by cause.");
    declare(Kind::counter, "booking_relay_inbound_refusals_total", "Events that the database refused, by SQLSTATE.");
}

void Metrics::declare(Kind kind, const std::string& name, std::string help, std::vector<double> bounds) {
    families_.emplace(name, Family{kind, std::move(help), std::move(bounds), {}, {}});
}

Metrics::Family& Metrics::family(const std::string& name) {
    const auto found = families_.find(name);
    if (found == families_.end()) {
        throw std::logic_error("metric " + name + " is not declared");
    }
    return found->second;
}

void Metrics::add(const std::string& name, const Labels& labels, double amount) {
    family(name).values[written(labels)] += amount;
}

void Metrics::set(const std::string& name, double value, const Labels& labels) {
    family(name).values[written(labels)] = value;
}

void Metrics::observe(const std::string& name, double seconds, const Labels& labels) {
    Family& target = family(name);
    Histogram& histogram = target.histograms[written(labels)];
    histogram.buckets.resize(target.bounds.size() + 1);
    const auto bound = std::lower_bound(target.bounds.begin(), target.bounds.end(), seconds);
    ++histogram.buckets.at(static_cast<std::size_t>(bound - target.bounds.begin()));
    ++histogram.count;
    histogram.sum += seconds;
}

void Metrics::forget(const std::string& name) {
    family(name).values.clear();
}

std::string Metrics::text() const {
    std::string out;
    for (const auto& [name, family] : families_) {
        if (family.values.empty() && family.histograms.empty()) {
            continue;
        }
        constexpr std::array<const char*, 3> kinds{"counter", "gauge", "histogram"};
        out += "# HELP " + name + " " + family.help + "\n";
        out += "# TYPE " + name + " " + kinds.at(static_cast<std::size_t>(family.kind)) + "\n";
        for (const auto& [labels, value] : family.values) {
            out += name + braced(labels) + " " + number_text(value) + "\n";
        }
        for (const auto& [labels, histogram] : family.histograms) {
            std::uint64_t up_to_here = 0;
            for (std::size_t i = 0; i < histogram.buckets.size(); ++i) {
                up_to_here += histogram.buckets[i];
                const std::string bound = i < family.bounds.size() ? number_text(family.bounds[i]) : "+Inf";
                out += name + "_bucket{" + labels + (labels.empty() ? "" : ",") + "le=\"" + bound + "\"} " +
                       std::to_string(up_to_here) + "\n";
            }
            out += name + "_sum" + braced(labels) + " " + number_text(histogram.sum) + "\n";
            out += name + "_count" + braced(labels) + " " + std::to_string(histogram.count) + "\n";
        }
    }
    return out;
}

} // namespace pgbk::relay
