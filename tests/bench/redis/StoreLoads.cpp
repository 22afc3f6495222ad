#include <cstdio>
#include <memory>
#include <stdexcept>
#include <vector>

#include <benchmark/benchmark.h>

#include "Loads.h"
#include "oxcache/base/Envelope.h"
#include "redis-common/RedisStore.h"

namespace oxcache::bench {
namespace {

/// The store as the plugin builds it, with or without somebody to publish for.
class Subject {
public:
    Subject(const Workload& workload, const std::string& coherence) {
        redis::Settings settings;
        Endpoint endpoint;
        endpoint.port = workload.port;
        const spi::ExtensionContext context{options_,
                                            clock_,
                                            "bench",
                                            "bench:",
                                            1,
                                            std::uint64_t{1} << 30,
                                            [](spi::LogLevel, const std::string& text) {
                                                std::fprintf(stderr, "%s\n", text.c_str());
                                            },
                                            false,
                                            coherence};
        auto counters = std::make_shared<redis::LaneCounters>();
        auto node = std::make_shared<redis::Node>(
            settings, [endpoint](SteadyTime) -> Result<Endpoint> { return endpoint; },
            redis::outletOf(context, 0), *counters, context.log);
        store_ = redis::makeStore(settings, std::make_shared<redis::SingleNode>(std::move(node)),
                                  std::move(counters), context);
    }

    void get(std::span<const std::string> keys) {
        std::vector<Key> views(keys.begin(), keys.end());
        for (auto& answer : store_->get(views, deadline())) {
            if (!answer || answer->empty()) throw std::runtime_error("no value");
            benchmark::DoNotOptimize(answer->data());
        }
    }
    void set(std::span<const std::string> keys, const Bytes& envelope) {
        std::vector<spi::Put> puts(keys.size());
        for (std::size_t i = 0; i < keys.size(); ++i) {
            puts[i].key = keys[i];
            puts[i].envelope = envelope;
            puts[i].expiresMs = 4102444800000;
        }
        for (const auto& outcome : store_->put(puts, deadline()))
            if (!outcome) throw std::runtime_error(outcome.error().message);
    }
    static Bytes envelope(std::size_t size) {
        return encodeEnvelope({}, Bytes(size - envelope::kHeaderSize, 'v'));
    }

private:
    using Endpoint = redis::Endpoint;
    Deadline deadline() const { return Deadline::in(clock_, Duration(10'000)); }

    spi::OptionValues options_;
    SystemClock clock_;
    std::unique_ptr<spi::RemoteStore> store_;
};

using Step = void (*)(Subject& subject, std::span<const std::string> keys, const Bytes& value);

void get(Subject& subject, std::span<const std::string> keys, const Bytes&) { subject.get(keys); }
void set(Subject& subject, std::span<const std::string> keys, const Bytes& value) {
    subject.set(keys, value);
}

struct Load {
    std::string name;
    Step step;
    std::size_t size = Workload::kSmall;
    int each = 1;
    int threads = 1;
    std::string coherence = "none";
};

void run(benchmark::State& state, Subject& subject, const Load& load) {
    const Bytes value = Subject::envelope(load.size);
    const int rounds = load.size == Workload::kLarge ? 1 : Workload::kKeys / load.each;
    for (int round = 0; round < rounds; ++round) {
        std::vector<std::string> keys;
        for (int i = 0; i < load.each; ++i)
            keys.push_back(Workload::key(state.thread_index(), round * load.each + i));
        subject.set(keys, value);
    }
    int number = 0;
    std::vector<std::string> keys(static_cast<std::size_t>(load.each));
    for (auto _ : state) {
        for (std::string& key : keys)
            key = Workload::key(state.thread_index(), load.size == Workload::kLarge ? 0 : number++);
        load.step(subject, keys, value);
    }
    state.SetItemsProcessed(state.iterations() * load.each);
}

}  // namespace

void registerStore(const Workload& workload, int repetitions) {
    constexpr std::size_t kSmall = Workload::kSmall;
    constexpr int kThreads = Workload::kThreads;
    const std::vector<Load> loads = {
        {"get", get},
        {"set", set},
        {"set_publish", set, kSmall, 1, 1, "auto"},
        {"get50", get, kSmall, 1, kThreads},
        {"set50", set, kSmall, 1, kThreads},
        {"set50_publish", set, kSmall, 1, kThreads, "auto"},
        {"get_batch", get, kSmall, Workload::kBatch},
        {"set_batch", set, kSmall, Workload::kBatch},
        {"get_1mib", get, Workload::kLarge},
        {"set_1mib", set, Workload::kLarge},
    };
    for (const Load& load : loads) {
        const auto subject = std::make_shared<Subject>(workload, load.coherence);
        benchmark::RegisterBenchmark(
            (load.name + "/oxcache").c_str(),
            [subject, load](benchmark::State& state) { run(state, *subject, load); })
            ->Threads(load.threads)
            ->Repetitions(repetitions)
            ->UseRealTime()
            ->MinTime(0.3);
    }
}

}  // namespace oxcache::bench
