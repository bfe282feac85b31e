#include "http/framing.hpp"

#include "text/ascii.hpp"

#include <map>

namespace pgbk::relay {

namespace {

constexpr std::size_t most_fields = 64;

} // namespace

std::string framing_problem(int version, const std::vector<std::pair<std::string, std::string>>& fields) {
    if (version != 11 && version != 10) {
        return "this version of HTTP is not spoken here";
    }
    if (fields.size() > most_fields) {
        return "too many headers";
    }
    std::multimap<std::string, std::string> seen;
    for (const auto& [name, value] : fields) {
        seen.emplace(lower_case(name), value);
    }
    const auto hosts = seen.count("host");
    if (hosts > 1 || (hosts == 0 && version == 11)) {
        return "exactly one Host header is needed";
    }
    for (const char* single : {"content-length", "transfer-encoding", "authorization", "content-type", "expect"}) {
        if (seen.count(single) > 1) {
            return std::string("more than one header ") + single;
        }
    }
    const auto length = seen.find("content-length");
    if (length != seen.end() &&
        (length->second.empty() || length->second.find_first_not_of("0123456789") != std::string::npos)) {
        return "the length of the body is no number"; // the library takes "5, 5" for 5
    }
    // Beast 1.81 takes a coding that is not chunked for none at all, also next to a length.
    const auto coding = seen.find("transfer-encoding");
    if (coding != seen.end() && (lower_case(coding->second) != "chunked" || length != seen.end() || version != 11)) {
        return "the length of the body is not clear";
    }
    return {};
}

} // namespace pgbk::relay
