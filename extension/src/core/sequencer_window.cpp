#include "core/sequencer_window.hpp"

#include <algorithm>
#include <charconv>

namespace pgbk::core {

namespace {

// Reads digits off the front of the text; no sign.
template <class Number> bool take_number(std::string_view& text, Number& number) {
    const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc{} || text.front() == '-') {
        return false;
    }
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    return true;
}

bool take_character(std::string_view& text, char wanted) {
    if (text.empty() || text.front() != wanted) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

// item(text) takes one off the front; they stand between commas.
template <class Item> bool take_list(std::string_view text, Item item) {
    while (!text.empty()) {
        if (!item(text) || (!text.empty() && (!take_character(text, ',') || text.empty()))) {
            return false;
        }
    }
    return true;
}

// Such a snapshot was never taken here: the progress is of another server, or of a later time that was undone.
bool is_ahead(const Progress& last, const Snapshot& snapshot) {
    return last.snapshot.xmax > snapshot.xmax;
}

// Whether anybody who was not there yet has ended: not all numbers that were given since are running.
bool has_newcomer_ended(const Progress& last, const Snapshot& snapshot) {
    const auto first = std::lower_bound(snapshot.running.begin(), snapshot.running.end(), last.snapshot.xmax);
    const auto running = static_cast<Xid>(snapshot.running.end() - first);
    const bool own_is_new = last.own >= last.snapshot.xmax && last.own != 0 && snapshot.has_ended(last.own);
    return snapshot.xmax - last.snapshot.xmax > running + (own_is_new ? 1 : 0);
}

Milliseconds since_of(const std::optional<Progress>& last, Xid xid, Milliseconds now) {
    if (!last.has_value()) {
        return beginning;
    }
    const auto known = std::find_if(last->running.begin(), last->running.end(),
                                    [&](const Writer& writer) { return writer.xid == xid; });
    if (known != last->running.end()) {
        return known->since;
    }
    return xid >= last->snapshot.xmax ? std::min(last->scanned_at, now) : beginning;
}

} // namespace

bool Snapshot::has_ended(Xid xid) const {
    return xid < xmax && !std::binary_search(running.begin(), running.end(), xid);
}

std::optional<Snapshot> parse_snapshot(std::string_view text) {
    Snapshot snapshot;
    Xid xmin = 0;
    if (!take_number(text, xmin) || !take_character(text, ':') || !take_number(text, snapshot.xmax) ||
        !take_character(text, ':') || xmin > snapshot.xmax) {
        return std::nullopt;
    }
    const bool is_list = take_list(text, [&](std::string_view& rest) {
        Xid xid = 0;
        if (!take_number(rest, xid) || xid < xmin || xid >= snapshot.xmax) {
            return false;
        }
        snapshot.running.push_back(xid);
        return true;
    });
    if (!is_list || !std::is_sorted(snapshot.running.begin(), snapshot.running.end())) {
        return std::nullopt;
    }
    return snapshot;
}

std::string writers_text(const std::vector<Writer>& writers) {
    std::string text;
    for (const Writer& writer : writers) {
        text += text.empty() ? "" : ",";
        text += std::to_string(writer.xid) + '@' + std::to_string(writer.since);
    }
    return text;
}

std::optional<std::vector<Writer>> parse_writers(std::string_view text) {
    std::vector<Writer> writers;
    const bool is_list = take_list(text, [&](std::string_view& rest) {
        Writer writer{};
        if (!take_number(rest, writer.xid) || !take_character(rest, '@') || !take_number(rest, writer.since)) {
            return false;
        }
        writers.push_back(writer);
        return true;
    });
    return is_list ? std::optional(std::move(writers)) : std::nullopt;
}

Window next_window(const std::optional<Progress>& last, const Snapshot& snapshot, Milliseconds now, Xid own) {
    Window window;
    if (!last.has_value() || is_ahead(*last, snapshot)) {
        window.is_sweep = true;
        return window;
    }
    const Milliseconds latest = std::min(last->scanned_at, now);
    std::optional<Milliseconds> from;
    const auto look_from = [&](Milliseconds time) { from = std::min(from.value_or(time), time); };
    if (has_newcomer_ended(*last, snapshot)) {
        look_from(latest);
    }
    for (const Writer& writer : last->running) {
        if (snapshot.has_ended(writer.xid) || writer.xid == own) {
            look_from(std::min(writer.since, latest));
        }
    }
    window.is_empty = !from.has_value();
    const bool is_due = now < last->scanned_at || now < last->swept_at || now - last->swept_at >= sweep_every;
    // What was swept is as it was while nobody ends.
    window.is_sweep = is_due && (!window.is_empty || last->swept_at < last->scanned_at);
    window.from = std::max(beginning, from.value_or(latest) - (window.is_sweep ? sweep_back : slack));
    return window;
}

Progress progress_after(const std::optional<Progress>& last, const Snapshot& snapshot, Milliseconds now,
                        const Window& window, const Own& own) {
    const std::optional<Progress> past = last.has_value() && !is_ahead(*last, snapshot) ? last : std::nullopt;
    Progress next{
        snapshot, now, window.is_sweep || !past.has_value() ? now : past->swept_at, {}, own.is_over ? own.xid : 0};
    // Where the clock was set back, their ids are of the old time and of the new, as it was before this pass.
    const bool has_stepped_back = past.has_value() && now < past->scanned_at;
    const Milliseconds latest = has_stepped_back ? std::max(beginning, now - sweep_back) : now;
    for (const Xid xid : snapshot.running) {
        next.running.push_back({xid, std::min(since_of(past, xid, now), latest)});
    }
    if (!own.is_over) {
        next.running.push_back({own.xid, now}); // what it has written so far is seen by itself
    }
    return next;
}

} // namespace pgbk::core
