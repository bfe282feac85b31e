#include "inbound/strict_json.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <set>
#include <vector>

namespace pgbk::relay {

namespace {

namespace json = boost::json;

constexpr std::size_t most_levels = 32;

// Keeps the names of the objects that are open; what the values are is the database's business.
class Names {
public:
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);

    bool on_object_begin(json::error_code&) {
        open_.emplace_back();
        return true;
    }

    bool on_object_end(std::size_t, json::error_code&) {
        open_.pop_back();
        return true;
    }

    bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
        name_.append(part);
        return true;
    }

    bool on_key(json::string_view last_part, std::size_t, json::error_code& error) {
        name_.append(last_part);
        const bool added = open_.back().insert(std::move(name_)).second;
        name_.clear();
        if (!added) {
            twice = true;
            error = json::error::extra_data; // any will do
        }
        return added;
    }

    bool on_document_begin(json::error_code&) { return true; }
    bool on_document_end(json::error_code&) { return true; }
    bool on_array_begin(json::error_code&) { return true; }
    bool on_array_end(std::size_t, json::error_code&) { return true; }
    bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
    bool on_string(json::string_view, std::size_t, json::error_code&) { return true; }
    bool on_number_part(json::string_view, json::error_code&) { return true; }
    bool on_int64(std::int64_t, json::string_view, json::error_code&) { return true; }
    bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return true; }
    bool on_double(double, json::string_view, json::error_code&) { return true; }
    bool on_bool(bool, json::error_code&) { return true; }
    bool on_null(json::error_code&) { return true; }
    bool on_comment_part(json::string_view, json::error_code&) { return true; }
    bool on_comment(json::string_view, json::error_code&) { return true; }

    bool twice = false;

private:
    std::vector<std::set<std::string>> open_;
    std::string name_;
};

} // namespace

std::string json_problem(std::string_view text) {
    json::parse_options options; // no comments, no trailing commas, no invalid UTF-8
    options.max_depth = most_levels;
    json::basic_parser<Names> parser(options);
    json::error_code error;
    const auto read = parser.write_some(false, text.data(), text.size(), error);
    if (parser.handler().twice) {
        return "a name comes twice in an object";
    }
    if (error) {
        return error.message();
    }
    return read < text.size() ? "there is something behind the end" : "";
}

} // namespace pgbk::relay
