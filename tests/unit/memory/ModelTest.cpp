#include <doctest/doctest.h>

#include <array>
#include <map>
#include <random>

#include "Entries.h"

using namespace oxcache;
using namespace oxcache::memory;

namespace {

// The store as a map: what may be given out, and until when.
struct Model {
    struct Item {
        std::string value;
        std::int64_t dueMs;
        std::string tag;
    };
    std::map<std::string, Item> items;
    std::int64_t nowMs = 0;

    const Item* find(const std::string& key) const {
        const auto found = items.find(key);
        return found == items.end() || found->second.dueMs <= nowMs ? nullptr : &found->second;
    }
};

class Run {
public:
    Run(std::uint64_t seed, std::uint64_t capacity, bool exact)
        : random_(seed),
          exact_(exact),
          capacity_(capacity),
          store_({.maxEntries = capacity, .maxBytes = exact ? 0 : capacity * 60, .seed = seed},
                 clock_) {}

    void step() {
        const std::string key = keyOf(random_() % 300);
        const std::uint64_t choice = random_() % 1000;
        if (choice < 500) {
            read(key);
        } else if (choice < 800) {
            put(key);
        } else if (choice < 870) {
            fill(key);
        } else if (choice < 920) {
            store_.invalidate(key);
            model_.items.erase(key);
        } else if (choice < 980) {
            const auto by = static_cast<std::int64_t>(random_() % 40);
            clock_.advance(Duration(by));
            model_.nowMs += by;
        } else {
            rare(choice);
        }
        bounds();
    }

private:
    void read(const std::string& key) {
        const auto found = valueOf(store_, key);
        const Model::Item* expected = model_.find(key);
        if (expected == nullptr)
            REQUIRE_FALSE(found);
        else if (exact_ || found)
            REQUIRE(found == expected->value);
    }
    void put(const std::string& key) {
        const Model::Item item = fresh();
        const std::array<std::string_view, 1> tags{item.tag};
        Residence residence;
        if (item.dueMs != INT64_MAX) residence.ttl = Duration(item.dueMs - model_.nowMs);
        if (!item.tag.empty()) residence.tags = tags;
        const EntryPtr entry = entryOf(key, item.value);
        const bool settled = random_() % 2 == 0;
        const bool admitted = settled ? store_.settle(entry, residence, store_.begin(key))
                                      : store_.put(entry, residence);
        REQUIRE(admitted);
        model_.items[key] = item;
    }
    void fill(const std::string& key) {
        const Model::Item item = fresh();
        const std::uint64_t captured = store_.capture(key);
        const bool overtaken = random_() % 2 == 0;
        if (overtaken) {
            store_.invalidate(key);
            model_.items.erase(key);
        }
        REQUIRE(store_.fill(entryOf(key, item.value), {}, captured) == !overtaken);
        if (!overtaken) model_.items[key] = {item.value, INT64_MAX, ""};
    }
    void rare(std::uint64_t choice) {
        if (choice < 984) {
            store_.cleanUp();
        } else if (choice < 988) {
            store_.invalidateTag("tag");
            std::erase_if(model_.items, [](const auto& item) { return item.second.tag == "tag"; });
        } else if (choice < 990) {
            store_.invalidatePrefix("key:1");
            std::erase_if(model_.items,
                          [](const auto& item) { return item.first.starts_with("key:1"); });
        } else if (choice < 991) {
            store_.clear();
            model_.items.clear();
        } else if (!exact_) {
            capacity_ = 20 + random_() % 200;
            store_.resize(capacity_, capacity_ * 60);
        }
    }
    void bounds() const {
        const MemoryStatistics now = store_.statistics();
        REQUIRE(now.entries <= capacity_);
        if (!exact_) REQUIRE(now.bytes <= capacity_ * 60);
    }
    Model::Item fresh() {
        const std::int64_t due =
            random_() % 3 == 0 ? INT64_MAX
                               : model_.nowMs + 1 + static_cast<std::int64_t>(random_() % 5000);
        return {std::string(random_() % 30, 'v') + std::to_string(random_()), due,
                random_() % 8 == 0 ? "tag" : ""};
    }

    std::mt19937_64 random_;
    const bool exact_;
    std::uint64_t capacity_;
    ManualClock clock_;
    MemoryStore store_;
    Model model_;
};

}  // namespace

TEST_CASE("AStoreWithRoomAnswersAsAMapDoes") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        Run run(seed, 1000, true);
        for (int i = 0; i < 25'000; ++i) run.step();
    }
}

TEST_CASE("AStoreThatEvictsGivesOutNothingThatAMapWouldNot") {
    for (std::uint64_t seed = 101; seed <= 120; ++seed) {
        CAPTURE(seed);
        Run run(seed, 120, false);
        for (int i = 0; i < 25'000; ++i) run.step();
    }
}
