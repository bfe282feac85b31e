#include "inbound/sources.hpp"

#include "main/log.hpp"

#include <algorithm>
#include <utility>

namespace pgbk::relay {

void Sources::load() {
    again_ = loading_;
    if (loading_) {
        return;
    }
    loading_ = true;
    database_.sources(
        [this, asked = steady_now()](const std::optional<std::vector<SourceRow>>& rows, const Answer& answer) {
            loading_ = false;
            if (rows) {
                asked_ = asked;
                loaded(*rows);
            } else if (!answer.lost) {
                log(LogLevel::error, "sources of webhooks not loaded",
                    {{"sqlstate", answer.sqlstate}, {"error", answer.error}});
            }
            if (std::exchange(again_, false) && !answer.lost) {
                load();
            }
        });
}

void Sources::loaded(const std::vector<SourceRow>& rows) {
    table_ = std::make_unique<const SourceTable>(rows);
    metrics_.set("booking_relay_webhook_sources", static_cast<double>(table_->size()));
    for (const auto& problem : table_->problems()) {
        if (std::find(told_.begin(), told_.end(), problem) == told_.end()) {
            log(LogLevel::error, "a source of webhooks cannot be used", {{"problem", problem}});
        }
    }
    told_ = table_->problems();
    changed_();
}

} // namespace pgbk::relay
