#pragma once

#include <cstddef>
#include <cstdint>
#include <typeinfo>

#include "oxcache/base/Bytes.h"
#include "oxcache/base/Result.h"

namespace oxcache {

/// How a value's bytes are to be read. The numbers are written to L2: never reuse one.
enum class CodecId : std::uint8_t { Raw = 0, Json = 1, MsgPack = 2, Cbor = 3, Custom = 4 };

/// A C++ type as seen by code that does not know it: how it is held in memory and how it becomes
/// bytes. One constant per type, living as long as the program. All functions are thread-safe.
struct ValueType {
    /// Identity; the representation of strings and bytes has typeid(Bytes).
    const std::type_info* type;
    std::size_t size;
    std::size_t align;
    /// True for strings and bytes: the value is its bytes, held inline, never decoded.
    bool isBytes;
    /// Moves the object at `from` into raw memory at `to`; both remain to be destroyed. Must not
    /// throw.
    void (*relocate)(void* to, void* from) noexcept;
    void (*destroy)(void* object) noexcept;
    /// Constructs an object at `to` from bytes written with `codec`; nothing is constructed on
    /// error.
    Result<void> (*decode)(void* to, BytesView bytes, CodecId codec);
    /// The object's bytes; `codec` is the service's choice on entry and what was used on return.
    Result<Bytes> (*encode)(const void* object, CodecId& codec);

    bool operator==(const ValueType& other) const noexcept { return *type == *other.type; }
};

}  // namespace oxcache
