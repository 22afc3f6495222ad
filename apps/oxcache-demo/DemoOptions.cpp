#include "DemoOptions.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "ZipfGenerator.h"

namespace oxcache::demo {
namespace {

constexpr std::uint64_t kMaxRequests = 1'000'000'000'000;
constexpr std::uint64_t kMaxThreads = 1024;

std::uint64_t wholeNumber(const std::string& name, const std::string& value, std::uint64_t least,
                          std::uint64_t most) {
    std::uint64_t number = 0;
    const char* end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, number);
    if (parsed.ec == std::errc{} && parsed.ptr == end && number >= least && number <= most)
        return number;
    throw UsageError("--" + name + ": '" + value + "' is no number from " + std::to_string(least) +
                     " to " + std::to_string(most));
}

double exponentOf(const std::string& value) {
    double number = 0;
    const char* end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, number);
    if (parsed.ec == std::errc{} && parsed.ptr == end && number >= 0 &&
        number <= ZipfGenerator::kMaxExponent)
        return number;
    throw UsageError("--zipf: '" + value + "' is no exponent from 0 (all keys alike) to 20");
}

std::string notEmpty(const std::string& name, const std::string& value) {
    if (value.empty()) throw UsageError("--" + name + ": the value is empty; give one");
    return value;
}

std::string setting(const std::string& value) {
    const std::size_t equals = value.find('=');
    if (equals == std::string::npos || equals == 0)
        throw UsageError("--set: '" + value + "' is no KEY=VALUE");
    return value;
}

}  // namespace

void DemoOptions::take(const std::string& name, const std::string& value) {
    const std::array<std::pair<const char*, std::string*>, 9> texts{{{"input", &input},
                                                                     {"state", &state},
                                                                     {"db", &database},
                                                                     {"match", &match},
                                                                     {"query", &query},
                                                                     {"keys", &keys},
                                                                     {"config", &config},
                                                                     {"env", &environment},
                                                                     {"service", &service}}};
    for (const auto& [option, target] : texts)
        if (name == option) *target = notEmpty(name, value);
    if (name == "set") settings.push_back(setting(value));
    if (name == "requests") requests = wholeNumber(name, value, 1, kMaxRequests);
    if (name == "threads") threads = wholeNumber(name, value, 1, kMaxThreads);
    if (name == "seed") seed = wholeNumber(name, value, 0, UINT64_MAX);
    if (name == "zipf") exponent = exponentOf(value);
    if (name == "json") json = true;
}

void DemoOptions::takeArguments(const std::vector<std::string>& arguments) {
    if (arguments.empty()) return;
    if (arguments.front() != "get")
        throw UsageError("'" + arguments.front() +
                         "' is no command; write nothing for a run, or: get KEY");
    if (arguments.size() != 2)
        throw UsageError(arguments.size() < 2 ? "get: which key? write: get KEY"
                                              : "get: one key at a time; quote a key with blanks");
    getKey = arguments[1];
}

void DemoOptions::validate() const {
    if (!database.empty()) {
        if (!input.empty())
            throw UsageError("--input and --db name two sources of values; give one of them");
        if (match.empty() || query.empty())
            throw UsageError(
                "--db needs --match PATTERN and --query SQL, for instance --match 'user:{id}' "
                "--query 'SELECT name FROM users WHERE id = :id'");
        if (keys.empty() && !getKey)
            throw UsageError("--db needs --keys FILE, a file with one key a line");
    } else if (!match.empty() || !query.empty()) {
        throw UsageError("--match and --query say how to ask the database of --db FILE; add it");
    }
    if (getKey && (requests || threads || exponent))
        throw UsageError(
            "get asks for one key: --requests, --threads and --zipf do not go with it");
    if (!environment.empty() && config.empty())
        throw UsageError("--env lays an environment's file over that of --config FILE; add it");
    if (!keys.empty() && exponent && !requests)
        throw UsageError("--zipf draws keys: with --keys say how many by --requests N");
}

}  // namespace oxcache::demo
