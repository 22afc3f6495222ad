#include "DemoApplication.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <thread>
#include <utility>

#include <Poco/Util/HelpFormatter.h>
#include <Poco/Util/OptionException.h>

#include "Catalogue.h"
#include "DemoConfiguration.h"
#include "KeyList.h"
#include "Numbers.h"
#include "Report.h"

namespace oxcache::demo {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPrefix = "oxcache-demo: ";
constexpr const char* kCatalogue = "/var/lib/dpkg/status";
constexpr std::uint64_t kDefaultRequests = 1'000'000;
constexpr double kDefaultExponent = 0.99;
constexpr std::size_t kProbes = 256;

struct OptionText {
    const char* name;
    const char* argument;
    const char* help;
};
constexpr OptionText kOptions[] = {
    {"help", "", "show this text"},
    {"version", "", "show the version"},
    {"input", "FILE", "package catalogue to serve, as /var/lib/dpkg/status (the default)"},
    {"state", "DIR", "where the demo keeps its database and L2 (default: oxcache-demo.state)"},
    {"db", "FILE", "serve this SQLite database instead; needs --match, --query and --keys"},
    {"match", "PATTERN", "which keys the query answers, as user:{id}"},
    {"query", "SQL", "the query, with the pattern's placeholders as parameters, as :id"},
    {"keys", "FILE", "keys to ask for, one a line; each once in order, or drawn by --requests"},
    {"requests", "N", "how many requests to make (default: 1000000)"},
    {"threads", "N", "from how many threads (default: one per processor, 2 to 8)"},
    {"zipf", "S", "exponent of the keys' popularity; 0: all alike (default: 0.99)"},
    {"seed", "N", "which keys are popular, and which are drawn (default: 1)"},
    {"service", "NAME", "service to use (default: demo, else the only one)"},
    {"config", "FILE", "configuration to run on, instead of the built-in one"},
    {"env", "NAME", "environment whose file is laid over the configuration"},
    {"set", "KEY=VALUE", "a setting that wins over the configuration; may be repeated"},
    {"json", "", "write one line of JSON to standard output, the rest to standard error"},
};

}  // namespace

void DemoApplication::defineOptions(Poco::Util::OptionSet& options) {
    Application::defineOptions(options);
    for (const OptionText& text : kOptions) {
        Poco::Util::Option option(text.name, "", text.help, false);
        option.repeatable(std::string(text.name) == "set");
        if (*text.argument != '\0') option.argument(text.argument);
        options.addOption(option);
    }
}

void DemoApplication::handleOption(const std::string& name, const std::string& value) {
    Application::handleOption(name, value);
    options_.take(name, value);
    if (name == "version") std::cout << "oxcache-demo " OXCACHE_VERSION "\n";
    if (name == "help") {
        Poco::Util::HelpFormatter help(this->options());
        help.setCommand(commandName());
        help.setUsage("[OPTIONS] [get KEY]");
        help.setHeader(
            "Serves the machine's package catalogue through a two-level cache and tells what each "
            "level did. With get: looks up one key.");
        help.setWidth(100);
        help.format(std::cout);
    }
    if (name == "version" || name == "help") {
        finished_ = true;
        stopOptionsProcessing();
    }
}

std::ostream& DemoApplication::notes() const { return options_.json ? std::cerr : std::cout; }

void DemoApplication::prepareCatalogue() {
    const std::string input = options_.input.empty() ? kCatalogue : options_.input;
    catalogue_ = (fs::absolute(options_.state) / "packages.db").string();
    const CatalogueState state = buildCatalogue(input, catalogue_);
    catalogueIsNew_ = state.built;
    packages_ = std::make_unique<PackageTable>(catalogue_);
    if (!options_.getKey) {
        notes() << (state.built ? "Built a database of " : "The database holds ")
                << grouped(state.packages) << " packages from " << input << ".\n";
    }
}

// The subsystems need to know what is asked for, which Poco tells main() only.
void DemoApplication::initialize(Poco::Util::Application& /*self*/) {}

void DemoApplication::prepare(const std::vector<std::string>& arguments) {
    options_.takeArguments(arguments);
    options_.validate();
    service_ = serviceOf(options_);
    if (!options_.keys.empty() && !options_.getKey) keys_ = readKeys(options_.keys);
    fs::create_directories(options_.state);
    if (options_.ownCatalogue())
        prepareCatalogue();
    else if (!fs::is_regular_file(options_.database))
        throw UsageError("--db: " + options_.database + " is no file");
    if (options_.getKey) keys_ = {*options_.getKey};
    if (keys_.empty()) keys_ = packageNames(catalogue_);
    ManagerOptions caches;
    caches.file = options_.config;
    caches.environment = options_.environment;
    caches.settings = settingsOf(options_, service_);
    if (options_.config.empty())
        config().add(defaultConfiguration(options_, catalogue_, keys_.size()));
    addSubsystem(new CacheSubsystem(std::move(caches)));
    Application::initialize(*this);
}

// Where the configuration's fallback has a route for the key and answers, the loader is not called.
Ask DemoApplication::cachedLookup(const Cache& cache) {
    // A database that fails must not be answered for: "not there" would be remembered.
    if (!packages_)
        return [cache](const std::string& key) { return cache.lookup<std::string>(key); };
    auto lookup = cached(cache, "{}", EntryOptions{},
                         [this, cache](const std::string& key) -> std::optional<std::string> {
                             std::optional<std::string> row = packages_->load(key);
                             const Health health = cache.health();
                             if (!row && health.fallback == 0) throw Poco::IOException(health.text);
                             return row;
                         });
    return [lookup = std::move(lookup)](const std::string& key) { return lookup.lookup(key); };
}

std::uint64_t DemoApplication::queries(const Cache& cache) const {
    return cache.stats().fallbackQueries + (packages_ ? packages_->queries() : 0);
}

Workload DemoApplication::workload() const {
    Workload workload;
    workload.keys = keys_;
    workload.inOrder = !options_.keys.empty() && !options_.requests;
    workload.requests = options_.requests.value_or(kDefaultRequests);
    const unsigned processors = std::clamp(std::thread::hardware_concurrency(), 2U, 8U);
    workload.threads = static_cast<unsigned>(options_.threads.value_or(processors));
    workload.exponent = options_.exponent.value_or(kDefaultExponent);
    workload.seed = options_.seed;
    return workload;
}

void DemoApplication::tellTemperature(const Cache& cache) const {
    std::vector<std::string> sample;
    const std::size_t step = std::max<std::size_t>(1, keys_.size() / kProbes);
    for (std::size_t i = 0; i < keys_.size() && sample.size() < kProbes; i += step)
        sample.push_back(keys_[i]);
    ReadOptions options;
    options.levels = Levels::L2;
    const auto answers = cache.getMany<std::string>(sample, options);
    const auto held = static_cast<std::uint64_t>(std::count_if(
        answers.begin(), answers.end(), [](const auto& each) { return each.level == Level::L2; }));
    if (held == 0) {
        notes() << "Cold start: L2 holds none of these keys yet.\n";
        return;
    }
    notes() << "Warm start: L2 holds " << percent(held, sample.size())
            << " of these keys from an earlier run (" << grouped(held) << " of "
            << grouped(sample.size()) << " that were tried).\n";
}

int DemoApplication::get(const Ask& ask) const {
    const auto before = std::chrono::steady_clock::now();
    const Lookup<std::string> answer = ask(*options_.getKey);
    const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - before;
    if (options_.json) std::cout << jsonLine(*options_.getKey, answer, took) << std::endl;
    if (answer.error)
        std::cerr << kPrefix << *options_.getKey << ": " << answer.error.message << "\n";
    if (!options_.json && answer.value) printValue(std::cout, *answer.value);
    if (!answer.error) {
        notes() << (answer.value ? "found in " : "not there, says ") << toString(answer.level)
                << ", after " << duration(static_cast<double>(took.count())) << "\n";
    }
    return answer.value ? kDone : kFailed;
}

int DemoApplication::serve(const Cache& cache, const Ask& ask) {
    const Workload work = workload();
    tellTemperature(cache);
    const std::uint64_t queriesBefore = queries(cache);
    notes() << "Asking " << grouped(work.total()) << " times for " << grouped(work.keys.size())
            << " keys from " << grouped(work.threads)
            << (work.threads == 1 ? " thread" : " threads") << "...\n\n"
            << std::flush;
    Tally tally;
    {
        ProgressLine line(std::cerr, ::isatty(STDERR_FILENO) == 1, work.total());
        tally = demo::run(work, ask, [&line](std::uint64_t done) { line.show(done); });
    }
    const std::uint64_t asked = queries(cache) - queriesBefore;
    printTable(notes(), tally, work.threads, asked);
    if (options_.json) std::cout << jsonLine(tally, asked) << std::endl;
    if (tally.errors == 0) return kDone;
    std::cerr << kPrefix << grouped(tally.errors) << " of " << grouped(tally.requests())
              << " requests failed; the first: " << tally.firstError << "\n";
    return kFailed;
}

int DemoApplication::work() {
    const Cache cache = getSubsystem<CacheSubsystem>().manager()->cache(service_);
    // L2 may hold values of the catalogue as it was.
    if (catalogueIsNew_) cache.clear();
    const Ask ask = cachedLookup(cache);
    return options_.getKey ? get(ask) : serve(cache, ask);
}

int DemoApplication::main(const std::vector<std::string>& arguments) {
    if (finished_) return kDone;
    try {
        prepare(arguments);
    } catch (...) {
        return refuse();
    }
    try {
        const int status = work();
        if (std::cout.flush()) return status;
        std::cerr << kPrefix << "standard output cannot be written; is the disk full?\n";
    } catch (const UnknownService&) {
        return refuse();
    } catch (const Poco::Exception& error) {
        std::cerr << kPrefix << error.displayText() << "\n";
    } catch (const std::exception& error) {
        std::cerr << kPrefix << error.what() << "\n";
    }
    return kFailed;
}

int DemoApplication::refuse() {
    try {
        throw;
    } catch (const UsageError& error) {
        std::cerr << kPrefix << error.what() << "; see --help\n";
    } catch (const Poco::Util::OptionException& error) {
        std::cerr << kPrefix << error.displayText() << "; see --help\n";
    } catch (const ConfigurationError& error) {
        std::cerr << kPrefix << "the configuration cannot be used:\n";
        for (const std::string& problem : error.problems()) std::cerr << problem << "\n";
    } catch (const UnknownService& error) {
        std::cerr << kPrefix << error.message() << "; choose one by --service NAME\n";
    } catch (const Poco::Exception& error) {
        std::cerr << kPrefix << (error.message().empty() ? error.displayText() : error.message())
                  << "\n";
    } catch (const fs::filesystem_error& error) {
        std::cerr << kPrefix << error.path1().string() << ": " << error.code().message() << "\n";
    } catch (const std::exception& error) {
        std::cerr << kPrefix << error.what() << "\n";
    }
    return kUsage;
}

}  // namespace oxcache::demo
