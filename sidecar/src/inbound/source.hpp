// Whom webhooks are taken from, and how their signatures are made. Pure.
#pragma once

#include "outbound/signature.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgbk::relay {

enum class Scheme { stripe, airwallex, calcom, standard, hmac };

std::optional<Scheme> scheme_named(std::string_view name);
std::string_view name_of(Scheme scheme);

struct SourceOptions {
    int tolerance_seconds = 300; // either way
    // Of scheme hmac, header names in lower case:
    std::string header = "x-hub-signature-256";
    std::string prefix = "sha256=";
    DigestEncoding encoding = DigestEncoding::hex;
    std::string id_header; // what tells doubles apart, handed on; empty: none
};

// From the options of the source, of which some are for the database only. Throws std::runtime_error, whose message
// names the option.
SourceOptions read_source_options(std::string_view json);

struct SourceSecret {
    std::string key; // of the MAC
    double valid_from = 0;
    std::optional<double> valid_until; // not any more from then on

    bool is_valid(double now) const { return valid_from <= now && (!valid_until || now < *valid_until); }
};

// The key that a secret stands for: decoded for standard, as it stands for the others. Nothing if it is unusable.
std::optional<std::string> source_key(Scheme scheme, std::string_view secret);

struct Source {
    std::string id;
    int organization = 0;
    std::string name;
    Scheme scheme = Scheme::stripe;
    SourceOptions options;
    std::vector<SourceSecret> secrets;
};

} // namespace pgbk::relay
