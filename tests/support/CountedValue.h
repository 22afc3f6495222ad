#pragma once

#include <atomic>
#include <charconv>
#include <new>
#include <typeinfo>
#include <utility>

#include "oxcache/base/ValueType.h"

namespace oxcache::testing {

/// A value that knows how many of its kind are alive.
struct CountedValue {
    explicit CountedValue(int value) : number(value) { ++alive; }
    CountedValue(CountedValue&& other) noexcept : number(std::exchange(other.number, 0)) {
        ++alive;
    }
    CountedValue(const CountedValue&) = delete;
    CountedValue& operator=(const CountedValue&) = delete;
    ~CountedValue() { --alive; }

    static inline std::atomic<int> alive{0};
    int number;
};

/// As bytes, a CountedValue is its number in decimal.
template <class Value>
const ValueType& valueTypeOf() {
    static const ValueType kType{
        &typeid(Value),
        sizeof(Value),
        alignof(Value),
        false,
        [](void* to, void* from) noexcept {
            ::new (to) Value(std::move(*static_cast<Value*>(from)));
        },
        [](void* object) noexcept { static_cast<Value*>(object)->~Value(); },
        [](void* to, BytesView bytes, CodecId) -> Result<void> {
            int number = 0;
            const auto parsed = std::from_chars(bytes.data(), bytes.data() + bytes.size(), number);
            if (parsed.ec != std::errc{}) return Error{ErrorCode::Undecodable, "no number"};
            ::new (to) Value(number);
            return {};
        },
        [](const void* object, CodecId&) -> Result<Bytes> {
            return std::to_string(static_cast<const Value*>(object)->number);
        }};
    return kType;
}

/// The type of strings and bytes, of which only the mark is looked at.
inline const ValueType& bytesType() {
    static const ValueType kType{&typeid(Bytes), sizeof(Bytes), alignof(Bytes), true,
                                 nullptr,        nullptr,       nullptr,        nullptr};
    return kType;
}

}  // namespace oxcache::testing
