#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "Workload.h"

namespace oxcache::demo {

/// The outcome of a run, for people.
void printTable(std::ostream& out, const Tally& tally, unsigned threads,
                std::uint64_t databaseQueries);

/// The outcome of a run as one line of JSON, without its end.
std::string jsonLine(const Tally& tally, std::uint64_t databaseQueries);

/// The answer to `get` as one line of JSON, without its end. A value that is a JSON object or list
/// stands as such, any other as a string, in which bytes that are no UTF-8 are replaced.
std::string jsonLine(const std::string& key, const Lookup<std::string>& answer,
                     std::chrono::nanoseconds took);

/// A value, for people: a JSON object as a list of its fields, anything else as it is.
void printValue(std::ostream& out, const std::string& value);

/// A line on a terminal that is written over and over: how far a run has come. Writes nothing
/// where `out` is no terminal.
class ProgressLine {
public:
    ProgressLine(std::ostream& out, bool terminal, std::uint64_t total);
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    void show(std::uint64_t done);

private:
    std::ostream& out_;
    const bool terminal_;
    const std::uint64_t total_;
    bool shown_ = false;
};

}  // namespace oxcache::demo
