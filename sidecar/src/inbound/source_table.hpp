// The sources as they were last seen in the database, to be looked up by id or name. Pure.
#pragma once

#include "inbound/source.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgbk::relay {

// One row a source and secret, as booking.relay_sources() gives them.
struct SourceRow {
    std::string id;
    int organization = 0;
    std::string name;
    std::string scheme;
    std::string options;
    std::string secret;
    double valid_from = 0;
    std::optional<double> valid_until;
};

class SourceTable {
public:
    explicit SourceTable(const std::vector<SourceRow>& rows);

    // By its id, or by its name in the organization (0: by id only). Nothing if there is none.
    std::shared_ptr<const Source> find(std::string_view id_or_name, int organization) const;

    std::size_t size() const { return by_id_.size(); }

    // What cannot be used, and why; in these words nothing is secret.
    const std::vector<std::string>& problems() const { return problems_; }

private:
    void add(const SourceRow& row);

    std::map<std::string, std::shared_ptr<Source>, std::less<>> by_id_;
    std::map<std::pair<int, std::string>, std::shared_ptr<Source>> by_name_;
    std::vector<std::string> problems_;
};

} // namespace pgbk::relay
