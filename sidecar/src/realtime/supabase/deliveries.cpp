#include "realtime/supabase/deliveries.hpp"

#include "realtime/websocket.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <ctime>

namespace pgbk::relay::supabase {

namespace {

namespace json = boost::json;

// The columns that the binding has selected; the id is among them always, since it says which row it is.
Record selected(const Record& record, const std::vector<std::string>& names) {
    if (names.empty()) {
        return record;
    }
    Record chosen;
    for (const json::value& column : record.columns) {
        const auto& name = column.at("name").get_string();
        const std::string_view text(name.data(), name.size());
        if (text == "id" || std::find(names.begin(), names.end(), text) != names.end()) {
            chosen.columns.push_back(column);
            chosen.members[name] = record.members.at(name);
        }
    }
    return chosen;
}

// State has no time of its own: it is that of the moment.
std::string time_of(const Event& event) {
    if (!event.occurred_at.empty()) {
        return event.occurred_at;
    }
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    std::array<char, sizeof "2026-01-01T00:00:00.000Z"> text{};
    return gmtime_r(&now, &parts) != nullptr &&
                   std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.000Z", &parts) > 0
               ? text.data()
               : "";
}

json::object payload_of(const Deliveries::Told& told, const Event& event, const Binding& binding,
                        const std::vector<int>& ids) {
    Record record = selected(told.record, binding.selected);
    const bool any_table = binding.table == nullptr;
    json::object data{{"schema", binding.schema},
                      {"table", any_table ? json::string(told.change.table->name) : json::string(binding.table_name)},
                      {"commit_timestamp", time_of(event)},
                      {"type", change_name(told.change.change)},
                      {"columns", std::move(record.columns)},
                      {"errors", nullptr}};
    const bool deletion = told.change.change == Change::deletion;
    if (told.change.change == Change::update) {
        data["old_record"] = told.change.of_seats ? json::object() : json::object{{"id", told.record.members.at("id")}};
    }
    data[deletion ? "old_record" : "record"] = std::move(record.members);
    return {{"ids", json::value_from(ids)}, {"data", std::move(data)}};
}

// Whatever the message depends on.
std::string key_of(const Deliveries::Told& told, const Binding& binding, const std::vector<int>& ids, Version version,
                   const std::string& topic) {
    std::string key = std::to_string(reinterpret_cast<std::uintptr_t>(&told));
    key.append(version == Version::arrays ? "\n2\n" : "\n1\n").append(binding.schema).append("\n");
    key.append(binding.table_name).append("\n");
    for (const int id : ids) {
        key.append(std::to_string(id)).append(",");
    }
    for (const std::string& column : binding.selected) {
        key.append("\n").append(column);
    }
    return key.append("\n\n").append(topic);
}

} // namespace

const std::vector<Deliveries::Told>& Deliveries::changes(const SharedEvent& event, View view) {
    turn_to(event);
    auto& changes = changes_.at(static_cast<std::size_t>(view));
    if (!changes) {
        changes.emplace();
        for (const RowChange& change : changes_of(event->kind)) {
            changes->push_back({change, record_of(change, *event, view)});
        }
    }
    return *changes;
}

Frame Deliveries::frame(const Told& told, const Binding& binding, const std::vector<int>& ids, Version version,
                        const std::string& topic) {
    Frame& frame = frames_[key_of(told, binding, ids, version, topic)];
    if (!frame) {
        const std::string payload = json::serialize(payload_of(told, *event_, binding, ids));
        frame = websocket::text_frame(message_text(version, {{}, {}, topic, "postgres_changes"}, payload));
    }
    return frame;
}

void Deliveries::turn_to(const SharedEvent& event) {
    if (event_ != event) {
        frames_.clear();
        changes_ = {};
        event_ = event;
    }
}

} // namespace pgbk::relay::supabase
