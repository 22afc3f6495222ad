#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "memory/MemoryStore.h"

namespace oxcache::memory {

/// An entry of bytes as the tests write it.
inline EntryPtr entryOf(Key key, BytesView value, const EntryAttributes& attributes = {}) {
    return Entry::ofBytes(key, attributes, value);
}

inline EntryPtr entryOf(Key key, BytesView value, const Version& version) {
    EntryAttributes attributes;
    attributes.version = version;
    return Entry::ofBytes(key, attributes, value);
}

/// A copy of the key's live value.
inline std::optional<std::string> valueOf(const MemoryStore& store, Key key) {
    std::optional<std::string> found;
    store.visit(key, [&](const Entry& entry) { found = std::string(entry.bytes()); });
    return found;
}

inline std::string keyOf(std::uint64_t number) { return "key:" + std::to_string(number); }

}  // namespace oxcache::memory
