// The fuzzer's bytes as each text that a caller may pass: nothing but a Refusal may come out, and what is accepted
// keeps its rule.
#include "core/event_kinds.hpp"
#include "core/timestamp_text.hpp"
#include "core/token.hpp"
#include "core/uuid_text.hpp"
#include "core/validation.hpp"
#include "core/webhook_options.hpp"
#include "core/webhook_secret.hpp"
#include "core/webhook_url.hpp"
#include "fuzz/fuzzing.hpp"

#include <algorithm>
#include <functional>

namespace {

using namespace pgbk; // NOLINT(google-build-using-namespace): a program of its own
using test::require;

bool accepts(const std::function<void(std::string_view)>& check, std::string_view text) {
    try {
        check(text);
        return true;
    } catch (const core::Refusal& refusal) {
        test::check_refusal(refusal, test::is_utf8(text));
        return false;
    }
}

void fuzz_checks(std::string_view text) {
    if (accepts(core::check_email, text)) {
        require(text.size() <= 254 && !test::has_control(text), "an e-mail address is short and has no controls");
        require(std::count(text.begin(), text.end(), '@') == 1, "an e-mail address has one @");
        require(text.find_first_of(" \"<>,;:\\") == std::string_view::npos, "an e-mail address needs no quotes");
    }
    if (accepts(core::check_idempotency_key, text)) {
        require(text.size() >= 16 && text.size() <= 255 && !test::has_control(text) && test::is_utf8(text),
                "an idempotency key is of 16 to 255 ASCII characters");
    }
    if (accepts(core::check_customer_phone, text)) {
        require(text.size() >= 3 && text.size() <= 40 && !test::has_control(text), "a phone has 3 to 40 characters");
    }
    if (accepts(core::check_customer_name, text)) {
        require(text.find_first_not_of(' ') != std::string_view::npos && !test::has_control(text),
                "a name is not blank and has no controls");
        require(!test::is_utf8(text) || text.size() <= 800, "a name has at most 200 characters");
    }
    if (core::looks_like_time_zone_name(text)) {
        require(!text.empty() && text.size() <= 64 && text.find_first_of(" .:<>,\\") == std::string_view::npos &&
                    text.front() != '/' && !test::has_control(text),
                "a zone name is no path and no rule");
    }
}

void fuzz_filters(std::string_view text) {
    const auto canonical = [](std::string_view filter) { (void)core::canonical_filter(filter); };
    if (accepts(canonical, text)) {
        const std::string filter = core::canonical_filter(text);
        require(core::canonical_filter(filter) == filter, "a canonical filter stays as it is");
        const auto kinds = core::event_kinds();
        require(std::any_of(kinds.begin(), kinds.end(),
                            [&](const core::EventKind& row) { return core::filter_selects(filter, row.kind); }),
                "a filter selects something");
    }
    require(core::find_event_kind(text) != nullptr || core::describe_event(text, text) == text,
            "a kind that is not ours describes itself");
}

void fuzz_webhooks(std::string_view text) {
    const auto secure = [](std::string_view url) { core::check_webhook_url(url, false); };
    const auto any = [](std::string_view url) { core::check_webhook_url(url, true); };
    if (accepts(any, text)) {
        require(text.size() <= 2048 && text.find_first_of(" #\\\"<>^`{|}") == std::string_view::npos &&
                    !test::has_control(text),
                "a URL has no space, fragment or control");
        const std::string_view rest = text.substr(text.find("//") + 2);
        require(rest.substr(0, rest.find_first_of("/?")).find('@') == std::string_view::npos, "a URL has no password");
    }
    require(!accepts(secure, text) || (accepts(any, text) && text.size() > 8 && (text[4] | 0x20) == 's'),
            "what all may send to is https");
    for (const std::string_view scheme : {"standard", "bearer", "make_apikey", "hmac"}) {
        const auto secret = [&](std::string_view value) { core::check_webhook_secret(scheme, value); };
        require(!accepts(secret, text) || (text.size() >= 16 && text.size() <= 512 && !test::has_control(text)),
                "a secret is of 16 to 512 characters");
    }
    if (accepts(core::check_endpoint_name, text)) {
        require(text.find_first_not_of(' ') != std::string_view::npos && !test::has_control(text),
                "a name is not blank and has no controls");
    }
    require(!core::parse_uuid(text).has_value() || text.size() == 36, "a uuid has 36 characters");
    require(!core::looks_like_timestamp(text) || (text.size() >= 19 && text.size() <= 40), "a time has 19 or more");
}

void fuzz_quoted(std::string_view text) {
    const std::string out = core::quoted(text);
    require(out.size() <= 80 + 5 && !test::has_control(out), "a quoted value is short and has no controls");
    require(test::is_utf8(out) || !test::is_utf8(text), "a quoted value is cut between characters");
    require(out.front() == '"' && out.back() == '"', "a quoted value is in quotes");
}

void fuzz_tokens(std::string_view text) {
    if (const auto token = core::parse_token(text)) {
        require(core::token_text(*token) == text, "a token has one spelling");
    }
    core::Token bytes{};
    std::copy_n(text.begin(), std::min(text.size(), bytes.size()), bytes.begin());
    const std::string spelled = core::token_text(bytes);
    require(spelled.size() == core::token_text_length && core::parse_token(spelled) == bytes, "a token is read back");
    require(core::equal_in_constant_time(spelled, text) == (spelled == text), "constant time is equality");

    if (const auto number = core::booking_number(bytes)) {
        require(number->size() == core::booking_number_length &&
                    number->find_first_not_of(core::booking_number_alphabet) == std::string::npos,
                "a booking number is of its alphabet");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    fuzz_checks(text);
    fuzz_webhooks(text);
    fuzz_filters(text);
    fuzz_quoted(text);
    fuzz_tokens(text);
    return 0;
}
