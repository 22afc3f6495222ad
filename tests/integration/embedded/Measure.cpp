// Prints what the embedded store costs on this machine: `embedded_measure [FOLDER] [SECONDS]`.
#include <algorithm>
#include <cstdio>
#include <random>
#include <thread>

#include "EmbeddedRig.h"

using namespace oxcache;

namespace {

using Steady = std::chrono::steady_clock;

constexpr int kKeys = 100'000;
constexpr std::size_t kPayload = 200;

struct Measured {
    std::vector<double> micros;
    double seconds = 0;

    void print(const char* name) {
        std::sort(micros.begin(), micros.end());
        const auto at = [&](double share) {
            return micros[static_cast<std::size_t>(share * static_cast<double>(micros.size() - 1))];
        };
        std::printf("%-34s %9.0f/s   p50 %7.1f us   p99 %7.1f us   p99.9 %8.1f us\n", name,
                    static_cast<double>(micros.size()) / seconds, at(0.5), at(0.99), at(0.999));
    }
};

/// Runs `call(thread, random)` on threads for a time.
template <class Call>
Measured measure(int threads, double seconds, Call call) {
    std::vector<std::vector<double>> samples(static_cast<std::size_t>(threads));
    std::vector<std::thread> runners;
    const auto begin = Steady::now();
    const auto end = begin + std::chrono::duration<double>(seconds);
    for (int thread = 0; thread < threads; ++thread)
        runners.emplace_back([&, thread] {
            std::mt19937_64 random(static_cast<std::uint64_t>(thread) + 1);
            auto& mine = samples[static_cast<std::size_t>(thread)];
            for (auto before = Steady::now(); before < end;) {
                call(thread, random);
                const auto after = Steady::now();
                mine.push_back(std::chrono::duration<double, std::micro>(after - before).count());
                before = after;
            }
        });
    for (std::thread& runner : runners) runner.join();
    Measured all;
    all.seconds = std::chrono::duration<double>(Steady::now() - begin).count();
    for (auto& mine : samples) all.micros.insert(all.micros.end(), mine.begin(), mine.end());
    return all;
}

struct Subject {
    SystemClock clock;
    embedded::EmbeddedStore store;
    std::atomic<std::uint32_t> counter{0};

    explicit Subject(const embedded::Settings& settings)
        : store(settings, clock,
                [](spi::LogLevel, const std::string& text) { std::puts(text.c_str()); }) {}

    static std::string keyOf(std::uint64_t number) {
        return "user:" + std::to_string(number % kKeys);
    }
    Deadline soon() { return Deadline::in(clock, std::chrono::seconds(10)); }
    void put(std::uint64_t first, std::size_t count, bool publish) {
        std::vector<std::string> keys;
        std::vector<Bytes> envelopes;
        std::vector<spi::Put> puts;
        for (std::size_t i = 0; i < count; ++i) {
            EnvelopeHeader header;
            header.version =
                header.written = {static_cast<std::uint64_t>(clock.wallMs()), ++counter, 1};
            keys.push_back(keyOf(first + i));
            envelopes.push_back(encodeEnvelope(header, Bytes(kPayload, 'v')));
        }
        const std::int64_t expiresMs = clock.wallMs() + 3'600'000;
        for (std::size_t i = 0; i < count; ++i)
            puts.push_back(
                {keys[i], spi::PutMode::Overwrite, envelopes[i], {}, expiresMs, publish});
        for (const auto& outcome : store.put(puts, soon()))
            if (!outcome.ok()) std::puts(outcome.error().message.c_str());
    }
    void get(std::uint64_t first, std::size_t count) {
        std::vector<std::string> names;
        for (std::size_t i = 0; i < count; ++i) names.push_back(keyOf(first + i * 7919));
        const std::vector<Key> keys(names.begin(), names.end());
        for (const auto& answer : store.get(keys, soon()))
            if (!answer.ok() || answer.value().empty()) std::puts("a get failed");
    }
    void lease(std::uint64_t number) {
        const std::string name = "absent:" + std::to_string(number);
        const Key key = name;
        store.lease({&key, 1}, {{1, ++counter, 1}, clock.wallMs() + 30'000}, soon());
    }
};

}  // namespace

int main(int count, char** arguments) {
    testing::TempFolder folder;
    embedded::Settings settings;
    settings.path = (count > 1 ? std::string(arguments[1]) : folder.path()) + "/measure.db";
    const double seconds = count > 2 ? std::stod(arguments[2]) : 3;
    Subject subject(settings);
    for (int i = 0; i < kKeys; i += 1000) subject.put(static_cast<std::uint64_t>(i), 1000, false);
    std::printf("%d entries of %zu B payload in %ju bytes\n", kKeys, kPayload,
                static_cast<std::uintmax_t>(std::filesystem::file_size(settings.path)));
    for (const int threads : {1, 2, 8}) {
        std::printf("%d thread(s)\n", threads);
        measure(threads, seconds, [&](int, auto& random) {
            subject.get(random(), 1);
        }).print("  get");
        measure(threads, seconds, [&](int, auto& random) {
            subject.get(random(), 100);
        }).print("  get of 100 keys");
        measure(threads, seconds, [&](int, auto& random) {
            subject.put(random(), 1, true);
        }).print("  put, published");
        measure(threads, seconds, [&](int, auto& random) {
            subject.put(random(), 1, false);
        }).print("  put, not published");
        measure(threads, seconds, [&](int, auto& random) {
            subject.put(random(), 100, true);
        }).print("  put of 100 keys");
        measure(threads, seconds, [&](int, auto& random) {
            subject.lease(random());
        }).print("  lease of an absent key");
        measure(threads, seconds, [&](int thread, auto& random) {
            if (thread == 0)
                subject.put(random(), 1, true);
            else
                subject.get(random(), 1);
        }).print("  one puts, the others get");
    }
    std::filesystem::remove(settings.path);
    return 0;
}
