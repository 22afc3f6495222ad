#include "oxcache/base/Entry.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

namespace oxcache {
namespace {

constexpr std::size_t roundUp(std::size_t value, std::size_t align) noexcept {
    return (value + align - 1) / align * align;
}

}  // namespace

// Layout of the block: the Entry, the key, padding, the value.
Entry* Entry::allocate(Key key, const EntryAttributes& attributes, std::size_t size,
                       std::size_t align) {
    const std::size_t blockAlign = std::max(alignof(Entry), align);
    const std::size_t offset = roundUp(sizeof(Entry) + key.size(), align);
    void* block = ::operator new(offset + size, std::align_val_t(blockAlign));
    Entry* entry = new (block) Entry;
    entry->keySize_ = static_cast<std::uint32_t>(key.size());
    entry->valueOffset_ = static_cast<std::uint32_t>(offset);
    entry->align_ = static_cast<std::uint32_t>(blockAlign);
    entry->valueSize_ = size;
    entry->attributes_ = attributes;
    entry->stale_.store(attributes.stale, std::memory_order_relaxed);
    if (!key.empty())
        std::memcpy(static_cast<char*>(block) + sizeof(Entry), key.data(), key.size());
    return entry;
}

void Entry::destroy(const Entry* entry) noexcept {
    if (entry->type_ != nullptr) entry->type_->destroy(entry->value());
    const auto align = std::align_val_t(entry->align_);
    entry->~Entry();
    ::operator delete(const_cast<Entry*>(entry), align);
}

char* Entry::value() const noexcept {
    return reinterpret_cast<char*>(const_cast<Entry*>(this)) + valueOffset_;
}

EntryPtr Entry::ofBytes(Key key, const EntryAttributes& attributes, BytesView value) {
    if (attributes.negative) value = {};
    Entry* entry = allocate(key, attributes, value.size(), 1);
    if (!value.empty()) std::memcpy(entry->value(), value.data(), value.size());
    return EntryPtr::adopt(entry);
}

EntryPtr Entry::ofObject(Key key, const EntryAttributes& attributes, const ValueType& type,
                         void* source) {
    Entry* entry = allocate(key, attributes, type.size, type.align);
    type.relocate(entry->value(), source);
    entry->type_ = &type;
    entry->attributes_.negative = false;
    return EntryPtr::adopt(entry);
}

Result<EntryPtr> Entry::decoded(Key key, const EntryAttributes& attributes, const ValueType& type,
                                BytesView bytes, CodecId codec) {
    if (attributes.negative) return ofBytes(key, attributes, {});
    if (type.isBytes) return ofBytes(key, attributes, bytes);
    EntryPtr entry = EntryPtr::adopt(allocate(key, attributes, type.size, type.align));
    auto* raw = const_cast<Entry*>(entry.get());
    Result<void> decoded = type.decode(raw->value(), bytes, codec);
    if (!decoded) return std::move(decoded).error();
    raw->type_ = &type;
    return entry;
}

Key Entry::key() const noexcept {
    return {reinterpret_cast<const char*>(this) + sizeof(Entry), keySize_};
}

BytesView Entry::bytes() const noexcept { return {value(), valueSize_}; }

const void* Entry::object() const noexcept { return value(); }

std::size_t Entry::footprint() const noexcept { return valueOffset_ + valueSize_; }

}  // namespace oxcache
