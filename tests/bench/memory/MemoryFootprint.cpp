#include <malloc.h>

#include <cstdio>

#include "MemoryLoads.h"
#include "base/PageMemory.h"
#include "memory/MemoryStore.h"

namespace oxcache::bench {
namespace {

// What is in use of the heap, and of the memory of entries and tables.
double takenBytes() {
    const struct mallinfo2 info = mallinfo2();
    return static_cast<double>(info.uordblks + info.hblkhd + PageMemory::instance().bytes());
}

void report(const char* what, const memory::Residence& residence) {
    SystemClock clock;
    (void)keys();
    const double before = takenBytes();
    memory::MemoryStore store({.maxEntries = kMany}, clock);
    for (std::uint32_t i = 0; i < kMany; ++i)
        store.put(Entry::ofBytes(keys()[i], {}, value()), residence);
    const double each = (takenBytes() - before) / static_cast<double>(store.statistics().entries);
    std::printf("%-66s %7.1f  <= 150.00  %s\n", what, each, each <= 150 ? "met" : "NOT MET");
}

}  // namespace

void reportFootprint() {
    using namespace std::chrono_literals;
    report("bytes per entry of 20 + 64, a million of them", {});
    report("bytes per entry of 20 + 64, a million of them, with TTL", {.ttl = 300s});
}

}  // namespace oxcache::bench
