#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "MemoryStore.h"
#include "ThreadRecords.h"

namespace oxcache::memory {

/// An entry that has left and of which the listener has not heard.
struct Departure {
    EntryPtr entry;
    RemovalCause cause;
};

/// What one call has to do once it holds no lock any more, and where it writes down what it did.
class Aftermath {
public:
    explicit Aftermath(ThreadRecord& record) noexcept : record_(record) {}
    ~Aftermath() { returnRetired(); }
    Aftermath(const Aftermath&) = delete;
    Aftermath& operator=(const Aftermath&) = delete;

    /// Makes room, so that so many entries can be retired, and depart if that is noted, without
    /// fail.
    void expect(std::size_t count, bool listened) {
        borrowRetired();
        record_.retired.expect(count);
        if (listened && departures.capacity() - departures.size() < count) [[unlikely]]
            departures.reserve(2 * departures.capacity() + count);
    }
    void expectObjects(std::size_t count) {
        borrowRetired();
        record_.retired.expectObjects(count);
    }
    void retire(const Entry& entry, std::size_t footprint) { retireAny(entry, footprint); }
    template <class T>
    void retire(std::unique_ptr<T> object, std::size_t bytes) {
        if (object != nullptr) retireAny(RetiredObject(std::move(object)), bytes);
    }
    void count(RemovalCause cause, std::uint64_t entries, std::uint64_t weight) noexcept {
        record_.countRemovals(static_cast<std::size_t>(cause), entries, weight);
    }
    /// Before another lock is taken.
    void returnRetired() noexcept {
        if (borrowed_) record_.returnRetired();
        borrowed_ = false;
    }
    /// Without locks: frees what nobody reads any more, once it is worth the trouble.
    void reclaimDue() {
        if (!retired_) return returnRetired();
        borrowRetired();
        borrowed_ = retired_ = false;
        record_.reclaimBorrowed();
    }

    std::vector<Departure> departures;

private:
    template <class T>
    void retireAny(const T& retired, std::size_t bytes) {
        borrowRetired();
        retired_ = true;
        record_.retired.add(retired, bytes);
    }
    void borrowRetired() noexcept {
        if (!borrowed_) record_.borrowRetired();
        borrowed_ = true;
    }

    ThreadRecord& record_;
    bool borrowed_ = false;
    bool retired_ = false;
};

}  // namespace oxcache::memory
