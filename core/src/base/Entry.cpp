#include "oxcache/base/Entry.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <stdexcept>

#include "base/BlockMemory.h"

namespace oxcache {
namespace {

constexpr std::size_t roundUp(std::size_t value, std::size_t align) noexcept {
    return (value + align - 1) / align * align;
}

// Every block can hold an extension's pointer.
std::size_t alignOf(const ValueType* type) noexcept {
    return std::max(alignof(void*), type == nullptr ? 1 : type->align);
}

}  // namespace

std::size_t Entry::valueAt(const ValueType* type) const noexcept {
    return type == nullptr ? keyEnd() : roundUp(keyEnd() + sizeof type, type->align);
}

/// An entry without its value, and where that goes.
struct Entry::Block {
    Entry* entry;
    char* value;
};

Entry::Block Entry::allocate(Key key, const EntryAttributes& attributes, std::size_t size,
                             const ValueType* type, bool extensible) {
    constexpr std::size_t kLimit = std::numeric_limits<std::uint32_t>::max();
    if ((key.size() | size) > kLimit) [[unlikely]]
        throw std::length_error("oxcache: a key or value of 4 GiB or more cannot be cached");
    unsigned flags = 0;
    if (extensible || type != nullptr) flags |= kWide | kExtension;
    if (type != nullptr) flags |= kObject;
    if (key.size() > kLongestShortKey) flags |= kWide;
    if ((attributes.createdMs | attributes.expiresMs) != 0) flags |= kTimes;
    if ((attributes.epoch | attributes.expireGeneration) != 0) flags |= kEpochs;
    if (attributes.version) flags |= kVersion;
    if (attributes.negative && type == nullptr) flags |= kNegative;
    if (attributes.stale) flags |= kStale;
    const auto bits = static_cast<std::uint8_t>(flags);

    std::size_t valueAt = partsEnd(bits) + key.size();
    if (type != nullptr) valueAt = roundUp(valueAt + sizeof type, type->align);
    const std::size_t total = valueAt + size + tailSize(bits);
    Entry* entry = new (BlockMemory::allocate(total, alignOf(type)))
        Entry(static_cast<std::uint32_t>(size),
              static_cast<std::uint8_t>((flags & kWide) != 0 ? 0 : valueAt), bits);
    if (!key.empty()) std::memcpy(entry->at(partsEnd(bits)), key.data(), key.size());
    if (type != nullptr) entry->write(partsEnd(bits) + key.size(), type);
    if ((flags & (kWide | kExtension | kTimes | kEpochs | kVersion)) != 0)
        entry->writeParts(attributes, static_cast<std::uint32_t>(key.size()), valueAt + size);
    return {entry, entry->at(valueAt)};
}

// Those beside key, type and value.
void Entry::writeParts(const EntryAttributes& attributes, std::uint32_t keySize,
                       std::size_t tail) noexcept {
    const std::uint8_t bits = flags();
    if ((bits & kWide) != 0) write(kHeader, keySize);
    if ((bits & kExtension) != 0) new (at(kExtensionAt)) std::atomic<EntryExtension*>(nullptr);
    if ((bits & kEpochs) != 0) {
        write(epochsAt(bits), attributes.epoch);
        write(epochsAt(bits) + 4, attributes.expireGeneration);
    }
    if ((bits & kTimes) != 0) {
        write(tail, attributes.createdMs);
        write(tail + 8, attributes.expiresMs);
        tail += kTimesSize;
    }
    if ((bits & kVersion) != 0) {
        write(tail, attributes.version.ms);
        write(tail + 8, attributes.version.origin);
        write(tail + 16, attributes.version.counter);
    }
}

void Entry::freeBlock(Entry* entry) noexcept {
    const std::size_t size = entry->footprint();
    const std::size_t align = alignOf(entry->type());
    entry->~Entry();
    BlockMemory::free(entry, size, align);
}

void Entry::destroy(const Entry* entry) noexcept {
    auto* const block = const_cast<Entry*>(entry);
    if ((entry->flags() & (kObject | kExtension)) == 0) [[likely]]
        return BlockMemory::free(block, entry->footprint(), alignOf(nullptr));
    const ValueType* type = entry->type();
    if (type != nullptr) type->destroy(block->at(block->valueAt(type)));
    if (std::atomic<EntryExtension*>* extension = entry->extension()) delete extension->load();
    freeBlock(block);
}

[[gnu::flatten]] EntryPtr Entry::ofBytes(Key key, const EntryAttributes& attributes,
                                         BytesView value) {
    if (attributes.negative) value = {};
    const Block block = allocate(key, attributes, value.size(), nullptr, false);
    if (!value.empty()) std::memcpy(block.value, value.data(), value.size());
    return EntryPtr::adopt(block.entry);
}

EntryPtr Entry::extensible(const Entry& from) {
    const BytesView value = from.bytes();
    const Block block = allocate(from.key(), from.attributes(), value.size(), nullptr, true);
    if (!value.empty()) std::memcpy(block.value, value.data(), value.size());
    return EntryPtr::adopt(block.entry);
}

EntryPtr Entry::ofObject(Key key, const EntryAttributes& attributes, const ValueType& type,
                         void* source) {
    const Block block = allocate(key, attributes, type.size, &type, true);
    type.relocate(block.value, source);
    return EntryPtr::adopt(block.entry);
}

Result<EntryPtr> Entry::decoded(Key key, const EntryAttributes& attributes, const ValueType& type,
                                BytesView bytes, CodecId codec) {
    if (attributes.negative) return ofBytes(key, attributes, {});
    if (type.isBytes) return ofBytes(key, attributes, bytes);
    // Without its object the block must not be destroyed as an entry, only freed.
    const Block block = allocate(key, attributes, type.size, &type, true);
    std::unique_ptr<Entry, decltype(&freeBlock)> owned(block.entry, &freeBlock);
    Result<void> decoded = type.decode(block.value, bytes, codec);
    if (!decoded) return std::move(decoded).error();
    return EntryPtr::adopt(owned.release());
}

const void* Entry::object() const noexcept { return at(valueAt(type())); }

Version Entry::version() const noexcept {
    if ((flags() & kVersion) == 0) return {};
    const std::size_t offset = footprint() - kVersionSize;
    return {read<std::uint64_t>(offset), read<std::uint32_t>(offset + 16),
            read<std::uint64_t>(offset + 8)};
}

EntryAttributes Entry::attributes() const noexcept {
    EntryAttributes result;
    result.version = version();
    result.createdMs = createdMs();
    result.expiresMs = expiresMs();
    result.epoch = epoch();
    result.expireGeneration = expireGeneration();
    result.negative = negative();
    result.stale = stale();
    return result;
}

}  // namespace oxcache
