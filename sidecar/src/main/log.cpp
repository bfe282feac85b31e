#include "main/log.hpp"

#include "outbound/facts.hpp"

#include <boost/json/serialize.hpp>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace pgbk::relay {

namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
    switch (level) {
    case LogLevel::trace:
        return spdlog::level::trace;
    case LogLevel::debug:
        return spdlog::level::debug;
    case LogLevel::info:
        return spdlog::level::info;
    case LogLevel::warn:
        return spdlog::level::warn;
    case LogLevel::error:
        break;
    }
    return spdlog::level::err;
}

} // namespace

void start_log(const std::string& level) {
    const auto logger = spdlog::stderr_logger_st("relay");
    logger->set_pattern("%v"); // the line is JSON from its first character
    logger->set_level(spdlog::level::from_str(level));
    logger->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(logger);
}

bool logs(LogLevel level) {
    return spdlog::default_logger_raw()->should_log(spdlog_level(level));
}

void log(LogLevel level, std::string_view message, const boost::json::object& fields) {
    if (!logs(level)) {
        return;
    }
    constexpr std::array<std::string_view, 5> names{"trace", "debug", "info", "warn", "error"};
    boost::json::object line;
    line["time"] = utc_time(std::chrono::system_clock::now());
    line["level"] = names.at(static_cast<std::size_t>(level));
    line["message"] = message;
    for (const auto& [name, value] : fields) {
        line[name] = value;
    }
    const std::string text = boost::json::serialize(line);
    spdlog::default_logger_raw()->log(spdlog_level(level), spdlog::string_view_t(text.data(), text.size()));
}

} // namespace pgbk::relay
