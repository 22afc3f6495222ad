#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace oxcache::demo {

/// The command line cannot be followed; the text says why and what to write instead.
class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The command line, as it was given.
struct DemoOptions {
    /// What to do: empty (the run) or `get` with its key.
    std::optional<std::string> getKey{};
    std::string input{};
    std::string state = "oxcache-demo.state";
    std::string database{};
    std::string match{};
    std::string query{};
    std::string keys{};
    std::string config{};
    std::string environment{};
    std::vector<std::string> settings{};
    std::string service{};
    std::optional<std::uint64_t> requests{};
    std::optional<std::uint64_t> threads{};
    std::optional<double> exponent{};
    std::uint64_t seed = 1;
    bool json = false;

    /// Takes one option; `value` is empty where it has none. Throws UsageError.
    void take(const std::string& name, const std::string& value);
    /// Takes what is no option. Throws UsageError.
    void takeArguments(const std::vector<std::string>& arguments);
    /// Throws UsageError where options do not go together.
    void validate() const;

    /// True when the keys and the values come from the package catalogue.
    bool ownCatalogue() const noexcept { return database.empty(); }
};

}  // namespace oxcache::demo
