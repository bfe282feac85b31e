#include "inbound/source_table.hpp"

#include "text/ascii.hpp"

#include <stdexcept>

namespace pgbk::relay {

SourceTable::SourceTable(const std::vector<SourceRow>& rows) {
    for (const auto& row : rows) {
        try {
            add(row);
        } catch (const std::exception& error) { // of a newer extension, it may be
            problems_.push_back("source " + row.name + " of organization " + std::to_string(row.organization) + ": " +
                                error.what());
        }
    }
}

void SourceTable::add(const SourceRow& row) {
    auto found = by_id_.find(row.id);
    if (found == by_id_.end()) {
        const auto scheme = scheme_named(row.scheme);
        if (!scheme) {
            throw std::runtime_error("its scheme is not known here");
        }
        auto source = std::make_shared<Source>(
            Source{row.id, row.organization, row.name, *scheme, read_source_options(row.options), {}});
        found = by_id_.emplace(row.id, source).first;
        by_name_.emplace(std::pair(row.organization, row.name), source);
    }
    const auto key = source_key(found->second->scheme, row.secret);
    if (!key) {
        throw std::runtime_error("one of its secrets cannot be used");
    }
    found->second->secrets.push_back({*key, row.valid_from, row.valid_until});
}

std::shared_ptr<const Source> SourceTable::find(std::string_view id_or_name, int organization) const {
    if (const auto by_id = by_id_.find(lower_case(id_or_name)); by_id != by_id_.end()) {
        return by_id->second;
    }
    const auto by_name = by_name_.find(std::pair(organization, std::string(id_or_name)));
    return by_name == by_name_.end() ? nullptr : by_name->second;
}

} // namespace pgbk::relay
