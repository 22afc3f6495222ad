#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "base/BlockMemory.h"

namespace oxcache {
namespace {

// Each block is written by its taker and read by whoever gives it back, who got it by an exchange.
TEST_CASE("threads that come and go take and give back each other's blocks") {
    struct Cell {
        std::size_t size;
        std::size_t check;
    };
    std::array<std::atomic<Cell*>, 512> cells{};
    const auto work = [&](unsigned seed) {
        std::mt19937 random(seed);
        for (int step = 0; step < 20'000; ++step) {
            const std::size_t size = sizeof(Cell) + random() % 600;
            auto* cell = new (BlockMemory::allocate(size, alignof(Cell))) Cell{size, ~size};
            Cell* old = cells[random() % cells.size()].exchange(cell, std::memory_order_acq_rel);
            if (old == nullptr) continue;
            REQUIRE(old->check == ~old->size);
            BlockMemory::free(old, old->size, alignof(Cell));
        }
    };
    for (unsigned round = 0; round < 6; ++round) {
        std::vector<std::thread> threads;
        for (unsigned i = 0; i < 4; ++i) threads.emplace_back(work, 4 * round + i);
        for (std::thread& thread : threads) thread.join();
    }
    for (std::atomic<Cell*>& place : cells)
        if (Cell* cell = place.load()) {
            CHECK(cell->check == ~cell->size);
            BlockMemory::free(cell, cell->size, alignof(Cell));
        }
}

}  // namespace
}  // namespace oxcache
