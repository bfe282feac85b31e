// The fuzzer's bytes as the answers of Cal.com to one call: whatever they are, nothing is asked for twice in an
// attempt, what may have been done is not forgotten, and what is taken for an appointment has all that one needs.
#include "core/timestamp_text.hpp"
#include "fuzz/fuzzing.hpp"
#include "providers/calcom.hpp"

#include <array>
#include <string>

namespace {

using namespace pgbk::relay; // NOLINT(google-build-using-namespace): a program of its own
using pgbk::test::require;

const Calcom provider;
constexpr std::array actions{"create_booking", "reschedule_booking", "cancel_booking", "look_up_booking"};
constexpr std::array statuses{200, 201, 400, 409, 404, 500, 429, 401, 0, 302};

ProviderAccount account() {
    ProviderAccount account;
    account.keys = {{"api_key", "key"}, {"event_type_single", "124"}};
    return account;
}

ProviderCall call(std::uint8_t choice) {
    ProviderCall call;
    call.action = actions.at(choice % actions.size());
    call.uncertain = (choice & 0x80U) != 0;
    call.idempotency_key = "k";
    call.request = {
        {"package_id", "single"}, {"uid", "u"}, {"start", "2027-03-10T10:00:00Z"}, {"customer_email", "a@b"}};
    return call;
}

void check_facts(const Done& done) {
    const auto& appointments = done.facts.at("appointments").as_array();
    require(!appointments.empty() && !done.facts.at("status").as_string().empty(), "something is done");
    for (const auto& item : appointments) {
        const auto text = [&](const char* name) { return std::string(item.at(name).as_string()); };
        require(!text("uid").empty() && text("uid").size() <= 500, "it has a name");
        for (const char* name : {"start", "end", "at"}) {
            require(pgbk::core::parse_instant(text(name)).has_value(), "it has times");
        }
        require(text("meeting_url").empty() || text("meeting_url").starts_with("https://"), "only pages are kept");
    }
}

struct Asked {
    int posts = 0;
    bool may_be_done = false; // the last one was lost, or not understood
};

void check_end(const ProviderStep& step, const Asked& asked) {
    if (const auto* const done = std::get_if<Done>(&step)) {
        check_facts(*done);
    }
    if (std::holds_alternative<Retry>(step) || std::holds_alternative<Refused>(step)) {
        require(!asked.may_be_done, "what may have been done is not forgotten");
    }
    require(!std::holds_alternative<NeedsLogin>(step), "there is no login");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (bytes.empty()) {
        return 0;
    }
    const ProviderCall made = call(static_cast<std::uint8_t>(bytes.front()));
    bytes.remove_prefix(1);
    ProviderStep step = provider.begin(made, account());
    Asked asked;
    for (int i = 0; i < 16; ++i) {
        const auto* const request = std::get_if<ProviderRequest>(&step);
        if (request == nullptr) {
            break;
        }
        require(request->path.find_first_of(" \r\n") == std::string::npos, "a path is one line");
        asked.posts += request->method == "POST" ? 1 : 0;
        require(asked.posts <= 1, "nothing is asked for twice");
        const auto end = std::min(bytes.find('\n'), bytes.size());
        const std::string_view line = bytes.substr(0, end);
        bytes.remove_prefix(std::min(end + 1, bytes.size()));
        ProviderAnswer answer;
        answer.status = line.empty() ? 0 : statuses.at(static_cast<unsigned char>(line.front()) % statuses.size());
        answer.body = line.empty() ? "" : line.substr(1);
        answer.complete = answer.status != 0;
        asked.may_be_done =
            request->method == "POST" && (answer.status == 0 || answer.status == 500 || answer.status == 302);
        step = provider.proceed(made, account(), ProviderRequest(*request), answer);
    }
    check_end(step, asked);
    return 0;
}
