// Where the database is. libpq tries the hosts of a list one after the other, but leaves the patience to its caller and
// looks names up while everybody waits; so the list is taken apart here, and each address is tried with a limit.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace pgbk::relay {

class DsnError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

using ConnectionOptions = std::map<std::string, std::string>; // keyword -> value, none empty

struct DatabaseServer {
    std::string host; // a name, or a socket's directory; empty: libpq's own default
    std::string address;
    std::string port;

    bool needs_lookup() const { return address.empty() && !host.empty() && host.front() != '/' && host.front() != '@'; }
    std::string text() const;
};

struct Dsn {
    ConnectionOptions options; // without host, hostaddr and port
    std::vector<DatabaseServer> servers;
};

// The string, with PG* variables and libpq's defaults for what it leaves open, and what the relay needs for what those
// leave open: a server that can be written to, keepalives. Throws DsnError; its message quotes nothing of the string.
Dsn read_dsn(const std::string& url);

// For one address of a server.
ConnectionOptions options_for(const Dsn& dsn, const DatabaseServer& server);

} // namespace pgbk::relay
