#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "oxcache/base/Bytes.h"
#include "oxcache/base/Export.h"
#include "oxcache/base/ValueType.h"
#include "oxcache/base/Version.h"

namespace oxcache {

/// What an entry says of itself beside key and value. Times are store time in milliseconds.
struct EntryAttributes {
    Version version{};
    std::int64_t createdMs = 0;
    /// Logical expiry; 0: none.
    std::int64_t expiresMs = 0;
    /// The bus epoch under which it was admitted, and the service's expire-generation then.
    std::uint32_t epoch = 0;
    std::uint32_t expireGeneration = 0;
    bool negative = false;
    /// Logically expired already when it was made.
    bool stale = false;
};

class EntryPtr;

/// A key with its decoded value: one heap block, counted, immutable once made. L1 holds it, loads
/// hand it to all their callers, and `Shared<T>` keeps it alive after eviction. Only its staleness
/// may change, once. Thread-safe.
class OXCACHE_API Entry {
public:
    /// An entry whose value is bytes, copied inline. A negative entry has none.
    static EntryPtr ofBytes(Key key, const EntryAttributes& attributes, BytesView value);
    /// An entry whose value is the object at `source`, moved inline. Never negative.
    static EntryPtr ofObject(Key key, const EntryAttributes& attributes, const ValueType& type,
                             void* source);
    /// An entry whose value is decoded from bytes, in place; the decoder's error when that fails.
    static Result<EntryPtr> decoded(Key key, const EntryAttributes& attributes,
                                    const ValueType& type, BytesView bytes, CodecId codec);
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    Key key() const noexcept;
    /// True when the value is bytes; false for an object of `type()`.
    bool isBytes() const noexcept { return type_ == nullptr; }
    /// The object's type; null for bytes.
    const ValueType* type() const noexcept { return type_; }
    /// True when the value is held as a `type`.
    bool holds(const ValueType& type) const noexcept {
        return type_ == &type || (type_ == nullptr ? type.isBytes : *type_ == type);
    }
    BytesView bytes() const noexcept;
    const void* object() const noexcept;

    EntryAttributes attributes() const noexcept {
        EntryAttributes attributes = attributes_;
        attributes.stale = stale();
        return attributes;
    }
    const Version& version() const noexcept { return attributes_.version; }
    std::uint32_t epoch() const noexcept { return attributes_.epoch; }
    std::uint32_t expireGeneration() const noexcept { return attributes_.expireGeneration; }
    bool negative() const noexcept { return attributes_.negative; }
    bool stale() const noexcept { return stale_.load(std::memory_order_acquire); }
    /// The value has logically expired before its time.
    void markStale() const noexcept { stale_.store(true, std::memory_order_release); }

    /// Heap bytes of this block.
    std::size_t footprint() const noexcept;

    void retain() const noexcept { refs_.fetch_add(1, std::memory_order_relaxed); }
    void release() const noexcept {
        if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy(this);
    }

private:
    Entry() = default;
    ~Entry() = default;
    static Entry* allocate(Key key, const EntryAttributes& attributes, std::size_t size,
                           std::size_t align);
    static void destroy(const Entry* entry) noexcept;
    char* value() const noexcept;

    mutable std::atomic<std::uint32_t> refs_{1};
    mutable std::atomic<bool> stale_{false};
    std::uint32_t keySize_ = 0;
    std::uint32_t valueOffset_ = 0;
    std::uint32_t align_ = 0;
    std::size_t valueSize_ = 0;
    const ValueType* type_ = nullptr;
    EntryAttributes attributes_{};
};

/// A counted pointer to an Entry.
class EntryPtr {
public:
    EntryPtr() = default;
    /// Takes over a count that the caller owns.
    static EntryPtr adopt(const Entry* entry) noexcept {
        EntryPtr result;
        result.entry_ = entry;
        return result;
    }
    /// Adds a count.
    static EntryPtr share(const Entry* entry) noexcept {
        if (entry != nullptr) entry->retain();
        return adopt(entry);
    }
    EntryPtr(const EntryPtr& other) noexcept : entry_(other.entry_) {
        if (entry_ != nullptr) entry_->retain();
    }
    EntryPtr(EntryPtr&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
    EntryPtr& operator=(EntryPtr other) noexcept {
        std::swap(entry_, other.entry_);
        return *this;
    }
    ~EntryPtr() {
        if (entry_ != nullptr) entry_->release();
    }

    const Entry* get() const noexcept { return entry_; }
    const Entry* operator->() const noexcept { return entry_; }
    const Entry& operator*() const noexcept { return *entry_; }
    explicit operator bool() const noexcept { return entry_ != nullptr; }
    /// Gives the count to the caller.
    const Entry* leak() noexcept { return std::exchange(entry_, nullptr); }

private:
    const Entry* entry_ = nullptr;
};

}  // namespace oxcache
