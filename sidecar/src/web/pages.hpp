// What browsers load: the client module, the widget, the demo page. Everything is in the binary, so that no path of a
// request ever becomes one of the file system's. Pure.
//
// Scripts and styles are at /assets/VERSION/NAME, where VERSION is a hash of them all: they may be kept for ever, and
// one that imports another by a relative path always gets the one it was made with. Pages name the version in the place
// of "{version}". What other sites' pages load by a name that must not change is at /NAME, and kept for five minutes.
#pragma once

#include "http/message.hpp"
#include "web/assets.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgbk::relay {

class Pages {
public:
    explicit Pages(std::span<const Asset> files = assets());

    void add_to(Router& router) const; // which this outlives

    // Of the answer of booking.public_embed makes the widget's page, for the frames of those origins and of our own.
    void make_embed(const Request& request, Response& response) const;

    const std::string& version() const { return version_; }

private:
    Response page(const Request& request, std::string_view name, const std::string& frame_ancestors) const;
    Response file(const Request& request, std::string_view name, std::string_view cache_control) const;

    std::string version_;
    std::map<std::string, std::string, std::less<>> files_;
};

// "text/javascript; charset=utf-8" and the like, by the name's end.
std::string_view media_type(std::string_view name);

// The value of frame-ancestors: our own origin, and those of the list that are origins of web pages.
std::string frame_ancestors_of(const std::vector<std::string>& allowed_origins);

} // namespace pgbk::relay
