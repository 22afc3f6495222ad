#include "ReadPath.h"

#include <array>

namespace oxcache::memory {
namespace {

constexpr std::uint64_t kNobody = UINT64_MAX;

}  // namespace

ReadPath::ReadPath(std::uint64_t seed, unsigned shards, Clock& clock)
    : hash(seed),
      tables(shards),
      coarseTime_(clock.coarse()),
      coarse_(coarseTime_.ns.get()),
      beganNs_(clock.steady().time_since_epoch().count()),
      glancing_(kPlainAnnouncements ? records.id() : kNobody) {}

const Entry* ReadPath::lookUp(std::uint64_t hashed, Key key) const noexcept {
    const Entry* entry = tables.of(hashed).find(KeyHash::tablePart(hashed), key);
    return entry != nullptr && EntryLink::touch(*entry, coarseNs()) ? entry : nullptr;
}

Reading ReadPath::read(Key key) const {
    const std::uint64_t hashed = hash(key);
    ThreadSlot& slot = mySlot();
    const Entry* entry = nullptr;
    {
        Find find(slot);
        entry = lookUp(hashed, key);
        find.keep(entry);
    }
    Reading reading(entry, slot);
    note(records.of(slot), hashed, entry != nullptr);
    return reading;
}

EntryPtr ReadPath::acquire(Key key) const {
    const std::uint64_t hashed = hash(key);
    ThreadSlot& slot = mySlot();
    EntryPtr acquired;
    {
        const Find find(slot);
        acquired = EntryPtr::share(lookUp(hashed, key));
    }
    note(records.of(slot), hashed, static_cast<bool>(acquired));
    return acquired;
}

void ReadPath::visitGroup(std::span<const Key> keys, std::size_t from,
                          FunctionRef<void(std::size_t, const Entry*)> reader) const {
    std::array<std::uint64_t, kGroup> hashes;
    std::array<const Entry*, kGroup> found;
    ThreadSlot& slot = mySlot();
    ReadingGroup readings(slot);
    {
        const Find find(slot);
        for (std::size_t i = 0; i < keys.size(); ++i) {
            hashes[i] = hash(keys[i]);
            tables.of(hashes[i]).prefetch(KeyHash::tablePart(hashes[i]));
        }
        for (std::size_t i = 0; i < keys.size(); ++i) {
            found[i] = tables.of(hashes[i]).guess(KeyHash::tablePart(hashes[i]));
            if (found[i] == nullptr) continue;
            oxcache::prefetch(found[i]);
            prefetchValue(*found[i], keys[i]);
        }
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (found[i] == nullptr || !answers(*found[i], keys[i])) [[unlikely]]
                found[i] = lookUp(hashes[i], keys[i]);
            if (found[i] != nullptr) readings.add(found[i]);
        }
    }
    ThreadRecord& record = records.of(slot);
    for (std::size_t i = 0; i < keys.size(); ++i) note(record, hashes[i], found[i] != nullptr);
    for (std::size_t i = 0; i < keys.size(); ++i) reader(from + i, found[i]);
}

}  // namespace oxcache::memory
