#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace oxcache::bench {

/// What redis-benchmark reaches on the same server with the same commands, values and pipelines:
/// what the server gives to a client that does nothing with the answers.
class Ceiling {
public:
    /// Throws std::runtime_error where redis-benchmark cannot be run.
    explicit Ceiling(std::uint16_t port);

    /// Commands a second, the median of several runs; 0 where redis-benchmark has no such load.
    double of(const std::string& load);

private:
    double run(const std::string& load) const;

    const std::uint16_t port_;
    std::map<std::string, double> rates_;
};

}  // namespace oxcache::bench
