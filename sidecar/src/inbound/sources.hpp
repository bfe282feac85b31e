// Keeps the table of sources up to date. What was known stays until something newer is: a database that is away takes
// no source away.
#pragma once

#include "db/relay_database.hpp"
#include "inbound/source_table.hpp"

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

    bool known() const { return table_ != nullptr; }
    std::shared_ptr<const Source> find(std::string_view id_or_name, int organization) const {
        return table_ == nullptr ? nullptr : table_->find(id_or_name, organization);
    }

    bool empty() const { return table_ == nullptr || table_->size() == 0; }

private:
    void loaded(const std::vector<SourceRow>& rows);

    RelayDatabase& database_;
    Metrics& metrics_;
    std::function<void()> changed_;
    std::unique_ptr<const SourceTable> table_;
    std::vector<std::string> told_; // problems that are in the log already
    bool loading_ = false;
    bool again_ = false;
};

} // namespace pgbk::relay
