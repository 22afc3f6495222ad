// Another process on the file: driven by a line on stdin or killed, answers with lines on stdout.
#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>

#include "EmbeddedRig.h"

using namespace oxcache;

namespace {

std::int64_t steadyMicros() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

struct Child {
    SystemClock clock;
    embedded::Settings settings;
    std::unique_ptr<embedded::EmbeddedStore> store;
    std::uint32_t counter = 0;

    explicit Child(const std::string& path) {
        settings.path = path;
        settings.maxBytes = 4 << 20;
        store = std::make_unique<embedded::EmbeddedStore>(settings, clock,
                                                          [](spi::LogLevel, const std::string&) {});
    }

    bool put(const std::string& key, const std::string& payload) {
        EnvelopeHeader header;
        header.version =
            header.written = {static_cast<std::uint64_t>(clock.wallMs()), ++counter, 2};
        const Bytes envelope = encodeEnvelope(header, payload);
        const spi::Put put{key, spi::PutMode::Overwrite,  envelope,
                           {},  clock.wallMs() + 600'000, true};
        const auto outcome =
            store->put({&put, 1}, Deadline::in(clock, std::chrono::seconds(20)))[0];
        if (!outcome.ok()) std::cerr << outcome.error().message << '\n';
        return outcome.ok() && outcome.value() == spi::PutOutcome::Stored;
    }

    /// Writes until it is killed; one line for each acknowledged write.
    int writeForEver(int round) {
        for (int i = 0;; ++i) {
            const std::string key = "k" + std::to_string(i % 200);
            const std::string payload = std::to_string(round) + "/" + std::to_string(i) + "/" +
                                        std::string(static_cast<std::size_t>(i * 37 % 9000), 'p');
            if (!put(key, payload)) return 1;
            std::printf("%d\n", i);
            std::fflush(stdout);
        }
    }

    /// One put per line `key payload`; answers with the time at which it was acknowledged.
    int putWhatIsAsked() {
        std::string key, payload;
        while (std::cin >> key >> payload) {
            if (!put(key, payload)) return 1;
            std::cout << steadyMicros() << std::endl;
        }
        return 0;
    }

    /// Reads a key as soon as its process starts; used to open a damaged file from many sides.
    int readOnce(const std::string& key) {
        const Key asked = key;
        const auto answer =
            store->get({&asked, 1}, Deadline::in(clock, std::chrono::seconds(20)))[0];
        if (!answer.ok()) std::cerr << answer.error().message << '\n';
        return answer.ok() ? 0 : 1;
    }
};

}  // namespace

int main(int count, char** arguments) {
    if (count < 3) return 2;
    const std::string mode = arguments[1];
    Child child(arguments[2]);
    if (mode == "write") return child.writeForEver(std::stoi(arguments[3]));
    if (mode == "put") return child.putWhatIsAsked();
    if (mode == "read") return child.readOnce(arguments[3]);
    return 2;
}
