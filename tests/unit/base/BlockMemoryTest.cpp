#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "base/BlockMemory.h"
#include "base/PageMemory.h"

namespace oxcache {
namespace {

struct Block {
    unsigned char* bytes;
    std::size_t size;
    std::size_t align;
    unsigned char fill;

    static Block make(std::size_t size, std::size_t align, unsigned char fill) {
        auto* bytes = static_cast<unsigned char*>(BlockMemory::allocate(size, align));
        std::memset(bytes, fill, size);
        return {bytes, size, align, fill};
    }
    bool intact() const {
        for (std::size_t i = 0; i < size; ++i)
            if (bytes[i] != fill) return false;
        return true;
    }
    void free() const { BlockMemory::free(bytes, size, align); }
};

std::size_t randomSize(std::mt19937& random) {
    const auto bits = 3 + random() % 11;
    return 1 + random() % (std::size_t{1} << bits);
}

TEST_CASE("blocks do not overlap, are aligned, and keep what is written") {
    std::mt19937 random(1);
    std::vector<Block> blocks;
    for (int step = 0; step < 200'000; ++step) {
        if (blocks.size() < 2000 || random() % 2 == 0) {
            const std::size_t align = std::size_t{1} << random() % 9;
            blocks.push_back(
                Block::make(randomSize(random), align, static_cast<unsigned char>(random())));
            REQUIRE(reinterpret_cast<std::uintptr_t>(blocks.back().bytes) % align == 0);
        } else {
            std::swap(blocks[random() % blocks.size()], blocks.back());
            REQUIRE(blocks.back().intact());
            blocks.back().free();
            blocks.pop_back();
        }
    }
    for (const Block& block : blocks) {
        REQUIRE(block.intact());
        block.free();
    }
}

TEST_CASE("blocks that one thread takes and another gives back do not pile up") {
    const std::size_t before = PageMemory::instance().bytes();
    for (int round = 0; round < 20; ++round) {
        std::vector<Block> blocks;
        std::thread([&] {
            for (int i = 0; i < 20'000; ++i)
                blocks.push_back(Block::make(104, 8, static_cast<unsigned char>(i)));
        }).join();
        std::thread([&] {
            for (const Block& block : blocks) {
                REQUIRE(block.intact());
                block.free();
            }
        }).join();
    }
    // 2 MB are in use at a time; all threads have ended and left nothing behind.
    CHECK(PageMemory::instance().bytes() <= before + 2 * PageMemory::kRegion);
}

TEST_CASE("arrays of every length can be taken and given back") {
    const std::size_t before = PageMemory::instance().bytes();
    std::vector<std::pair<unsigned char*, std::size_t>> arrays;
    for (std::size_t bytes = 1; bytes < 5 * PageMemory::kRegion; bytes = bytes * 3 / 2 + 1) {
        auto* array = static_cast<unsigned char*>(PageMemory::instance().takeArray(bytes));
        REQUIRE(reinterpret_cast<std::uintptr_t>(array) % 64 == 0);
        std::memset(array, static_cast<int>(bytes % 251), bytes);
        arrays.emplace_back(array, bytes);
    }
    for (const auto& [array, bytes] : arrays) {
        REQUIRE(array[0] == bytes % 251);
        REQUIRE(array[bytes - 1] == bytes % 251);
        PageMemory::instance().giveArray(array, bytes);
    }
    CHECK(PageMemory::instance().bytes() <= before + PageMemory::kRegion);
}

}  // namespace
}  // namespace oxcache
