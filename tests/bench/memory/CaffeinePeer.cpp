#include "CaffeinePeer.h"

#include <cstdio>
#include <filesystem>
#include <memory>

namespace oxcache::bench {

void measureCaffeine(RatioReport& report) {
    if (!std::filesystem::exists(OXCACHE_CAFFEINE_JAR) || std::system("java -version 2>&-") != 0) {
        std::printf(
            "Caffeine is not measured: it takes Debian's default-jdk-headless and "
            "libcaffeine-java\n");
        return;
    }
    const auto close = [](std::FILE* pipe) { pclose(pipe); };
    const std::unique_ptr<std::FILE, decltype(close)> pipe(
        popen("java -cp " OXCACHE_CAFFEINE_JAR " " OXCACHE_CAFFEINE_LOADS, "r"), close);
    char name[64];
    double nanoseconds = 0;
    while (pipe != nullptr && std::fscanf(pipe.get(), "%63s %lf", name, &nanoseconds) == 2)
        report.take(name, 1e9 / nanoseconds);
}

}  // namespace oxcache::bench
