// Parts of the store whose mistakes would only cost speed, or show once in a great while.
#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "Entries.h"
#include "memory/EntryTable.h"
#include "memory/KeyHash.h"
#include "memory/SlotSet.h"

using namespace oxcache;
using namespace oxcache::memory;

TEST_CASE("ASlotSetHoldsExactlyTheSlotsWithTheTag") {
    std::mt19937_64 random(1);
    for (int turn = 0; turn < 20'000; ++turn) {
        // Few different bytes, so that several slots have the tag; sometimes next to each other.
        std::uint64_t word = 0;
        for (int i = 0; i < 8; ++i) word = word << 8 | random() % 4 * 0x55 % 0x100;
        const std::atomic<std::uint64_t> tags{turn % 4 == 0 ? random() : word};
        const auto hash = static_cast<std::uint32_t>(random());
        const std::uint32_t tag = turn % 2 == 0 ? hash & 0xff : tags.load() >> 8 & 0xff;
        SlotSet slots = SlotSet::matching(tags, (hash & ~0xffU) | tag);
        for (unsigned slot = 0; slot < SlotSet::kSlots; ++slot) {
            if ((tags.load() >> (8 * slot) & 0xff) != tag) continue;
            REQUIRE_FALSE(slots.empty());
            CHECK(slots.first() == slot);
            slots.dropFirst();
        }
        CHECK(slots.empty());
    }
}

TEST_CASE("AKeysHashIsTheSameInPlaceAndByTheLibrary") {
    const KeyHash hash(42);
    std::string key;
    for (int size = 0; size < 300; ++size, key += static_cast<char>(size * 7))
        CHECK(hash(key) == hash.ofAnySize(key));
}

TEST_CASE("ATableAnswersAsAMapDoesHoweverItsHashesCollide") {
    std::mt19937 random(3);
    for (const std::uint32_t tags : {1U, 2U, 256U}) {
        EntryTable table(200);
        std::map<std::string, std::pair<TableHash, EntryPtr>> model;
        for (int step = 0; step < 20'000; ++step) {
            const std::string key = keyOf(random() % 300);
            const auto at = model.find(key);
            const TableView view = table.view();
            if (at == model.end()) {
                // Few buckets and few tags, 0 among them.
                const auto hash =
                    static_cast<TableHash>(random() % 5 * 0x2000'0000U | random() % tags);
                CHECK(view.find(hash, key) == nullptr);
                if (table.full()) continue;
                EntryPtr entry = entryOf(key, "v");
                const TableIndex index = table.insert(hash, entry.get());
                CHECK(table.at(index) == entry.get());
                model[key] = {hash, entry};
            } else if (auto& [hash, entry] = at->second; random() % 3 == 0) {
                EntryPtr next = entryOf(key, "w");
                table.replace(view.locate(hash, key).at, next.get());
                entry = next;
            } else {
                CHECK(view.find(hash, key) == entry.get());
                table.erase(hash, view.locate(hash, key).at);
                CHECK(view.find(hash, key) == nullptr);
                model.erase(at);
            }
        }
        CHECK(table.entries() == model.size());
        for (const auto& [key, item] : model)
            CHECK(table.view().find(item.first, key) == item.second.get());
        std::size_t seen = 0;
        table.forEach([&](TableIndex index, const Entry& entry) {
            CHECK(table.at(index) == &entry);
            CHECK(model.at(std::string(entry.key())).second.get() == &entry);
            ++seen;
        });
        CHECK(seen == model.size());
    }
}
