#include "Settings.h"

namespace oxcache::embedded {

using spi::OptionType;

Settings Settings::from(const spi::OptionValues& options) {
    Settings settings;
    settings.path = options.text("path");
    settings.maxBytes = options.size("max_bytes");
    settings.pollInterval = options.duration("poll_interval");
    settings.busyTimeout = options.duration("busy_timeout");
    settings.sweepInterval = options.duration("sweep_interval");
    settings.changeLog = options.integer("change_log");
    settings.readers = static_cast<std::size_t>(options.integer("readers"));
    return settings;
}

std::vector<spi::OptionSpec> Settings::table() {
    std::vector<spi::OptionSpec> table;
    table.push_back({.name = "path",
                     .type = OptionType::Path,
                     .required = true,
                     .help = "the SQLite file that the processes of this machine share"});
    table.push_back({.name = "max_bytes",
                     .type = OptionType::Size,
                     .defaultValue = "256MiB",
                     .least = std::int64_t{1} << 20,
                     .most = std::int64_t{1} << 40,
                     .help = "bound of the file; beyond it what expires first is evicted"});
    table.push_back({.name = "poll_interval",
                     .type = OptionType::Duration,
                     .defaultValue = "20ms",
                     .least = 1,
                     .most = 10'000,
                     .help = "how often the bus looks for changes of other processes"});
    table.push_back({.name = "busy_timeout",
                     .type = OptionType::Duration,
                     .defaultValue = "2s",
                     .least = 1,
                     .most = 60'000,
                     .help = "longest wait for a lock of another process; a call's deadline ends"
                             " it sooner"});
    table.push_back({.name = "sweep_interval",
                     .type = OptionType::Duration,
                     .defaultValue = "1s",
                     .least = 10,
                     .most = 3'600'000,
                     .help = "how often expired entries are deleted"});
    table.push_back({.name = "change_log",
                     .type = OptionType::Integer,
                     .defaultValue = "16384",
                     .least = 16,
                     .most = 10'000'000,
                     .help = "changes kept for the bus of slower processes; who falls further"
                             " behind has a gap"});
    table.push_back({.name = "readers",
                     .type = OptionType::Integer,
                     .defaultValue = "4",
                     .least = 1,
                     .most = 64,
                     .help = "connections that read at the same time; further readers wait"});
    return table;
}

}  // namespace oxcache::embedded
