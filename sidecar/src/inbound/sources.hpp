// Keeps the table of sources up to date. What was known stays for a while when the database is away, and no longer: a
// secret may have been revoked meanwhile.
#pragma once

#include "db/relay_database.hpp"
#include "inbound/source_table.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace pgbk::relay {

class Sources {
public:
    Sources(RelayDatabase& database, Metrics& metrics, std::function<void()> changed)
        : database_(database), metrics_(metrics), changed_(std::move(changed)) {}

    // Asks the database; when it is being asked already, once more afterwards, since the answer may be from before.
    void load();

    // The connection is lost: whatever was asked is not answered any more.
    void detached() { loading_ = again_ = false; }

    // And recently enough.
    bool known() const { return table_ != nullptr && steady_now() - asked_ <= longest_known; }
    std::shared_ptr<const Source> find(std::string_view id_or_name, int organization) const {
        return table_ == nullptr ? nullptr : table_->find(id_or_name, organization);
    }

    bool empty() const { return table_ == nullptr || table_->size() == 0; }

private:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::seconds longest_known{30};

    static Time steady_now() { return std::chrono::steady_clock::now(); }
    void loaded(const std::vector<SourceRow>& rows);

    RelayDatabase& database_;
    Metrics& metrics_;
    std::function<void()> changed_;
    std::unique_ptr<const SourceTable> table_;
    std::vector<std::string> told_; // problems that are in the log already
    Time asked_;                    // when the table was asked for
    bool loading_ = false;
    bool again_ = false;
};

} // namespace pgbk::relay
