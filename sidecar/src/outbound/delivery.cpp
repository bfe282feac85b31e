#include "outbound/delivery.hpp"

#include <algorithm>

namespace pgbk::relay {

namespace {

constexpr std::chrono::seconds time_to_report{5};
constexpr std::chrono::seconds time_to_start{5}; // from the claim to the request, on a busy day

} // namespace

std::vector<Dispatch> group_into_dispatches(std::vector<ClaimedRow> rows) {
    std::vector<Dispatch> dispatches;
    bool open_batch = false; // whether the last dispatch takes further rows
    for (auto& row : rows) {
        if (open_batch && row.batched && dispatches.back().request_id == row.request_id) {
            Dispatch& batch = dispatches.back();
            batch.leases.push_back({std::move(row.delivery_id), std::move(row.lease_token)});
            batch.body += ',';
            batch.body += row.body;
            batch.attempt = std::max(batch.attempt, row.attempt);
            batch.occurred_at = std::min(batch.occurred_at, row.occurred_at);
            if (batch.event_type != row.event_type) {
                batch.event_type = "batch";
            }
            continue;
        }
        if (open_batch) {
            dispatches.back().body += ']';
        }
        open_batch = row.batched;
        Dispatch dispatch;
        dispatch.leases.push_back({std::move(row.delivery_id), std::move(row.lease_token)});
        dispatch.request_id = std::move(row.request_id);
        dispatch.endpoint_name = std::move(row.endpoint_name);
        dispatch.url = std::move(row.url);
        dispatch.timeout = std::chrono::milliseconds(row.timeout_ms);
        dispatch.headers = std::move(row.headers);
        dispatch.secrets = std::move(row.secrets);
        dispatch.allowed_networks = std::move(row.allowed_networks);
        dispatch.event_type = std::move(row.event_type);
        dispatch.attempt = row.attempt;
        dispatch.occurred_at = row.occurred_at;
        dispatch.body = row.batched ? "[" + row.body : std::move(row.body);
        dispatches.push_back(std::move(dispatch));
    }
    if (open_batch) {
        dispatches.back().body += ']';
    }
    return dispatches;
}

std::size_t results_to_report(const std::deque<Result>& results, std::size_t limit) {
    std::size_t size = 0;
    while (size < results.size()) {
        std::size_t end = size + 1;
        while (end < results.size() && results[end].request == results[size].request) {
            ++end;
        }
        if (size > 0 && end > limit) {
            break;
        }
        size = end;
    }
    return size;
}

bool may_claim_beside(const std::deque<Result>& results, SteadyTime now) {
    return std::all_of(results.begin(), results.end(), [now](const Result& result) {
        const bool tried = result.tries >= tries_before_giving_up || result.lease_end > now;
        return result.facts == nullptr || (result.alone && tried);
    });
}

std::chrono::milliseconds timeout_within(std::chrono::milliseconds timeout, std::chrono::seconds lease) {
    return std::min<std::chrono::milliseconds>(timeout, lease - time_to_report - time_to_start);
}

bool lease_suffices(std::chrono::milliseconds timeout, std::chrono::steady_clock::duration left) {
    return left >= timeout + time_to_report;
}

} // namespace pgbk::relay
