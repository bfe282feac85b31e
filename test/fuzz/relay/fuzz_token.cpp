// The fuzzer's bytes as a token, and as header and claims of a token that is signed rightly: whatever they are, only
// what is signed with our key and of now is accepted.
#include "fuzz/fuzzing.hpp"
#include "outbound/signature.hpp"
#include "realtime/jwt.hpp"

#include <algorithm>
#include <string>

namespace {

using namespace pgbk::relay; // NOLINT(google-build-using-namespace): a program of its own
using pgbk::test::require;

const std::string secret = "a secret of thirty-two bytes, or more";
const std::chrono::system_clock::time_point now{std::chrono::seconds(1'800'000'000)};

std::string base64url(std::string_view bytes) {
    std::string text = base64(bytes);
    text.erase(std::find(text.begin(), text.end(), '='), text.end());
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    return text;
}

bool accepts(const std::string& token) {
    static const TokenRules rules{{{"", secret}, {"named", secret + secret}}, "", ""};
    const auto result = verify_token(token, rules, now);
    if (const auto* const refused = std::get_if<RefusedToken>(&result)) {
        require(!refused->cause.empty() && !refused->reason.empty(), "a refusal says why");
        return false;
    }
    const auto& verified = std::get<VerifiedToken>(result);
    require(verified.expires >= now, "what is accepted has not expired");
    require(verified.claims.contains("exp"), "what is accepted says when it expires");
    return true;
}

std::string signed_token(std::string_view header, std::string_view claims, const std::string& key) {
    const std::string text = base64url(header) + "." + base64url(claims);
    return text + "." + base64url(hmac_sha256(key, text));
}

void fuzz_token(std::string_view bytes) {
    require(!accepts(std::string(bytes)), "nobody guesses a signature");
    const auto middle = std::min(bytes.find('\n'), bytes.size());
    accepts(signed_token(bytes.substr(0, middle), bytes.substr(std::min(middle + 1, bytes.size())), secret));
    accepts(signed_token(R"({"alg":"HS256"})", bytes, secret));
    const std::string wrong = signed_token(bytes, R"({"exp":1900000000})", "not the key, but as long as it is");
    require(!accepts(wrong), "another key's signature is none");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz_token({reinterpret_cast<const char*>(data), size});
    return 0;
}
