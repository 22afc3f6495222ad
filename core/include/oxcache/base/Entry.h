#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
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

namespace memory {
class EntryLink;
}

/// What a store hangs on an entry that lives in it under more than a plain deadline.
class EntryExtension {
public:
    virtual ~EntryExtension() = default;
};

/// A key with its decoded value: one heap block, counted, immutable once made. L1 holds it, loads
/// hand it to all their callers, and `Shared<T>` keeps it alive after eviction. Only its staleness
/// may change, once. Thread-safe.
///
/// The block is packed, because L1 holds millions of them: 20 bytes of header, then only the parts
/// that the entry has, unaligned but for the value:
///     header | key size if over 227 | extension | epochs | key | type | value | times | version
/// A hit reads up to the value; what it does not need comes after.
class OXCACHE_API Entry {
public:
    /// An entry whose value is bytes, copied inline. A negative entry has none. Like the other two
    /// it throws std::length_error from 4 GiB on.
    static EntryPtr ofBytes(Key key, const EntryAttributes& attributes, BytesView value);
    /// An entry whose value is the object at `source`, moved inline. Never negative.
    static EntryPtr ofObject(Key key, const EntryAttributes& attributes, const ValueType& type,
                             void* source);
    /// An entry whose value is decoded from bytes, in place; the decoder's error when that fails.
    static Result<EntryPtr> decoded(Key key, const EntryAttributes& attributes,
                                    const ValueType& type, BytesView bytes, CodecId codec);
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    Key key() const noexcept {
        const std::uint8_t bits = flags();
        return {at(partsEnd(bits)), keySize(bits)};
    }
    /// True when the value is bytes; false for an object of `type()`.
    bool isBytes() const noexcept { return traits().isBytes(); }
    /// The object's type; null for bytes.
    const ValueType* type() const noexcept {
        return isBytes() ? nullptr : read<const ValueType*>(keyEnd());
    }
    /// True when the value is held as a `type`.
    bool holds(const ValueType& type) const noexcept {
        const ValueType* own = this->type();
        return own == &type || (own == nullptr ? type.isBytes : *own == type);
    }
    BytesView bytes() const noexcept {
        const Head head = this->head();
        if (head.valueAt() != 0) [[likely]]
            return {at(head.valueAt()), valueSize_};
        return {at(keyEnd()), valueSize_};
    }
    const void* object() const noexcept;

    /// What a reader asks first, by one load.
    class Traits {
    public:
        bool negative() const noexcept { return (flags_ & kNegative) != 0; }
        bool stale() const noexcept { return (flags_ & kStale) != 0; }
        bool isBytes() const noexcept { return (flags_ & kObject) == 0; }
        /// False: epoch and expire-generation are 0.
        bool hasEpochs() const noexcept { return (flags_ & kEpochs) != 0; }

    private:
        friend class Entry;
        explicit Traits(std::uint8_t flags) noexcept : flags_(flags) {}
        std::uint8_t flags_;
    };
    Traits traits() const noexcept { return Traits(flags_.load(std::memory_order_acquire)); }
    EntryAttributes attributes() const noexcept;
    Version version() const noexcept;
    std::uint32_t epoch() const noexcept {
        return (flags() & kEpochs) != 0 ? read<std::uint32_t>(epochsAt(flags())) : 0;
    }
    std::uint32_t expireGeneration() const noexcept {
        return (flags() & kEpochs) != 0 ? read<std::uint32_t>(epochsAt(flags()) + 4) : 0;
    }
    std::int64_t createdMs() const noexcept {
        return (flags() & kTimes) != 0 ? read<std::int64_t>(valueEnd()) : 0;
    }
    std::int64_t expiresMs() const noexcept {
        return (flags() & kTimes) != 0 ? read<std::int64_t>(valueEnd() + 8) : 0;
    }
    bool negative() const noexcept { return traits().negative(); }
    bool stale() const noexcept { return traits().stale(); }
    /// The value has logically expired before its time.
    void markStale() const noexcept { flags_.fetch_or(kStale, std::memory_order_release); }

    /// Bytes of this block.
    std::size_t footprint() const noexcept {
        const Head head = this->head();
        const std::size_t end = head.valueAt() != 0 ? head.valueAt() + valueSize_ : valueEnd();
        return end + kTailSizes[head.flags() % kTailSizes.size()];
    }

    /// How many hold it now; for tests and diagnosis.
    std::uint32_t useCount() const noexcept { return refs_.load(std::memory_order_relaxed); }
    void retain() const noexcept { refs_.fetch_add(1, std::memory_order_relaxed); }
    void release() const noexcept {
        // Nobody else can add a count to the last one.
        if (refs_.load(std::memory_order_acquire) == 1 ||
            refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            destroy(this);
    }

private:
    friend class memory::EntryLink;

    // The first two are worth their bit times four bytes, kEpochs eight; an extension implies
    // kWide, so that it lies at 24.
    static constexpr std::uint8_t kWide = 1, kExtension = 2, kEpochs = 8;
    static constexpr std::uint8_t kTimes = 4, kVersion = 16, kNegative = 32, kStale = 64,
                                  kObject = 128;
    static constexpr std::size_t kHeader = 20;
    static constexpr std::size_t kHeadAt = 8;
    static constexpr std::size_t kLongestShortKey = 255 - kHeader - kEpochs;
    static constexpr std::size_t kTimesSize = 16;
    static constexpr std::size_t kVersionSize = 20;
    static constexpr std::size_t kExtensionAt = 24;

    // What an entry has behind its value, by those of its flags that say so.
    static constexpr std::array<std::uint8_t, 32> tailSizes() noexcept {
        std::array<std::uint8_t, 32> sizes{};
        for (std::uint8_t flags = 0; flags < sizes.size(); ++flags)
            sizes[flags] = static_cast<std::uint8_t>(tailSize(flags));
        return sizes;
    }
    static const std::array<std::uint8_t, 32> kTailSizes;

    // The part of the header that a hit looks at, by one load.
    struct Head {
        std::uint64_t bits;

        std::int64_t deadline() const noexcept {
            return static_cast<std::int64_t>(bits << 24 >> 24);
        }
        std::uint8_t mark() const noexcept { return static_cast<std::uint8_t>(bits >> 40); }
        std::size_t valueAt() const noexcept { return bits >> 48 & 0xff; }
        unsigned flags() const noexcept { return static_cast<unsigned>(bits >> 56); }
        // Plain, with a key of this size, at most kLongestShortKey, and with or without epochs;
        // then the key lies at kHeader + `epochs`.
        bool plainWith(std::size_t size, std::size_t epochs) const noexcept {
            return (bits >> 48 & (0xffU | kEpochs << 8)) ==
                   ((kHeader + epochs + size) | epochs << 8);
        }
    };
    Head head() const noexcept {
        if constexpr (std::endian::native == std::endian::little) {
            using Word [[gnu::may_alias]] = std::uint64_t;
            return {__atomic_load_n(reinterpret_cast<const Word*>(at(kHeadAt)), __ATOMIC_RELAXED)};
        } else {
            return {deadlineLow_.load(std::memory_order_relaxed) |
                    std::uint64_t{deadlineHigh_.load(std::memory_order_relaxed)} << 32 |
                    std::uint64_t{mark_.load(std::memory_order_relaxed)} << 40 |
                    std::uint64_t{valueAt_} << 48 | std::uint64_t{flags()} << 56};
        }
    }

    // The head is stored at once, as it is loaded: a load of what smaller stores have left would
    // have to wait until they are in the cache.
    Entry(std::uint32_t valueSize, std::uint8_t valueAt, std::uint8_t flags) noexcept
        : valueSize_(valueSize), valueAt_(valueAt), flags_(flags) {
        if constexpr (std::endian::native == std::endian::little) {
            using Word [[gnu::may_alias]] = std::uint64_t;
            __atomic_store_n(
                reinterpret_cast<Word*>(at(kHeadAt)),
                0xff'ffff'ffffULL | std::uint64_t{valueAt} << 48 | std::uint64_t{flags} << 56,
                __ATOMIC_RELAXED);
        }
    }
    ~Entry() = default;

    static constexpr std::size_t partsEnd(std::uint8_t flags) noexcept {
        return epochsAt(flags) + (flags & std::size_t{kEpochs});
    }
    static constexpr std::size_t tailSize(std::uint8_t flags) noexcept {
        return ((flags & kTimes) != 0 ? kTimesSize : 0) +
               ((flags & kVersion) != 0 ? kVersionSize : 0);
    }
    static constexpr std::size_t epochsAt(std::uint8_t flags) noexcept {
        return kHeader + (flags & 3U) * 4U;
    }
    std::uint8_t flags() const noexcept { return flags_.load(std::memory_order_relaxed); }
    struct Block;
    static Block allocate(Key key, const EntryAttributes& attributes, std::size_t size,
                          const ValueType* type, bool extensible);
    void writeParts(const EntryAttributes& attributes, std::uint32_t keySize,
                    std::size_t tail) noexcept;
    /// A copy of a bytes entry that has room for an extension.
    static EntryPtr extensible(const Entry& entry);
    static void destroy(const Entry* entry) noexcept;
    static void freeBlock(Entry* entry) noexcept;

    const char* at(std::size_t offset) const noexcept {
        return reinterpret_cast<const char*>(this) + offset;
    }
    char* at(std::size_t offset) noexcept { return reinterpret_cast<char*>(this) + offset; }
    template <class T>
    T read(std::size_t offset) const noexcept {
        T value;
        std::memcpy(&value, at(offset), sizeof value);
        return value;
    }
    template <class T>
    void write(std::size_t offset, const T& value) noexcept {
        std::memcpy(at(offset), &value, sizeof value);
    }
    std::size_t keySize(std::uint8_t flags) const noexcept {
        return (flags & kWide) == 0 ? valueAt_ - partsEnd(flags) : read<std::uint32_t>(kHeader);
    }
    std::size_t keyEnd() const noexcept {
        const std::uint8_t bits = flags();
        return partsEnd(bits) + keySize(bits);
    }
    std::size_t valueAt(const ValueType* type) const noexcept;
    std::size_t valueEnd() const noexcept { return valueAt(type()) + valueSize_; }
    std::atomic<EntryExtension*>* extension() const noexcept {
        return (flags() & kExtension) == 0 ? nullptr
                                           : reinterpret_cast<std::atomic<EntryExtension*>*>(
                                                 const_cast<char*>(at(kExtensionAt)));
    }

    mutable std::atomic<std::uint32_t> refs_{1};
    const std::uint32_t valueSize_;
    // The head, in its order. Deadline (40 bits) and mark, how often it was read, are the store's.
    mutable std::atomic<std::uint32_t> deadlineLow_{0xffff'ffff};
    mutable std::atomic<std::uint8_t> deadlineHigh_{0xff};
    mutable std::atomic<std::uint8_t> mark_{0};
    // Of a plain entry: one that is neither wide nor extended. 0: look elsewhere.
    std::uint8_t valueAt_;
    mutable std::atomic<std::uint8_t> flags_;
    // The store's: where it is linked.
    mutable std::atomic<std::uint32_t> place_{0};
};
static_assert(sizeof(Entry) == 20);
inline constexpr std::array<std::uint8_t, 32> Entry::kTailSizes = Entry::tailSizes();

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
