#include "Ceiling.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "Loads.h"
#include "support/ChildProcess.h"

namespace oxcache::bench {
namespace {

constexpr int kRuns = 3;

struct Shape {
    const char* load;
    const char* command;
    int clients;
    int pipeline;
    int requests;
};
constexpr Shape kShapes[] = {
    {"get", "GET", 1, 1, 20'000},          {"set", "SET", 1, 1, 20'000},
    {"get50", "GET", 50, 1, 100'000},      {"set50", "SET", 50, 1, 100'000},
    {"get_batch", "GET", 1, 100, 500'000}, {"set_batch", "SET", 1, 100, 500'000},
};

/// The second field of the last line: "command","rate",…
double rateIn(const std::string& csv) {
    const std::size_t end = csv.find_last_not_of('\n');
    const std::size_t line = csv.rfind('\n', end) + 1;
    const std::size_t field = csv.find("\",\"", line);
    try {
        return std::stod(csv.substr(field + 3));
    } catch (const std::exception&) {
        throw std::runtime_error("redis-benchmark said something else than a rate:\n" + csv);
    }
}

}  // namespace

Ceiling::Ceiling(std::uint16_t port) : port_(port) {
    try {
        testing::outputOf({"redis-benchmark", "--version"});
    } catch (const std::runtime_error& problem) {
        throw std::runtime_error(std::string(problem.what()) +
                                 "redis-benchmark is the ceiling of this report; install the"
                                 " package redis-tools");
    }
}

double Ceiling::of(const std::string& load) {
    const auto known = rates_.find(load);
    if (known != rates_.end()) return known->second;
    std::vector<double> rates;
    for (int i = 0; i < kRuns; ++i) rates.push_back(run(load));
    std::sort(rates.begin(), rates.end());
    return rates_[load] = rates[rates.size() / 2];
}

double Ceiling::run(const std::string& load) const {
    const auto* const shape = std::find_if(std::begin(kShapes), std::end(kShapes),
                                           [&](const Shape& each) { return load == each.load; });
    if (shape == std::end(kShapes)) return 0;
    const std::string key = "bench:ceiling:__rand_int__";
    const auto words = [&](const std::string& command) -> std::vector<std::string> {
        if (command == "GET") return {"GET", key};
        return {"SET", key, std::string(Workload::kSmall, 'v'), "PXAT", "4102444800000"};
    };
    const auto measure = [&](const std::string& name, int clients, int pipeline, int requests) {
        std::vector<std::string> command = {
            "redis-benchmark",        "-p", std::to_string(port_),           "-c",
            std::to_string(clients),  "-P", std::to_string(pipeline),        "-n",
            std::to_string(requests), "-r", std::to_string(Workload::kKeys), "--csv"};
        for (std::string& word : words(name)) command.push_back(std::move(word));
        return rateIn(testing::outputOf(command));
    };
    // So that what is read is there.
    measure("SET", 1, 100, 20 * Workload::kKeys);
    return measure(shape->command, shape->clients, shape->pipeline, shape->requests);
}

}  // namespace oxcache::bench
