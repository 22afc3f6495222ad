#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "oxcache/base/Result.h"
#include "oxcache/base/ValueType.h"

namespace oxcache {

/// How a T becomes bytes. The primary template covers arithmetic types (as text) and everything
/// with nlohmann's to_json/from_json (in the service's serialization). Specialize it for a format
/// of your own:
///
///     template <> struct oxcache::Codec<Point> {
///         static std::string encode(const Point& value);          // or std::vector<std::byte>
///         static Point decode(std::string_view bytes);            // or std::optional<Point>
///     };
///
/// decode reports bytes it cannot read by an exception or nullopt. Both are called by any thread.
template <class T>
struct Codec {
    static constexpr bool kBuiltIn = true;
};

namespace detail {

template <class T>
concept StringValue = std::is_same_v<T, std::string>;
template <class T>
concept BlobValue = std::is_same_v<T, std::vector<std::byte>>;
/// Values that are their own bytes.
template <class T>
concept BytesValue = StringValue<T> || BlobValue<T>;
template <class T>
concept ArithmeticValue = std::is_arithmetic_v<T>;
template <class T>
concept CustomValue = !requires {
    Codec<T>::kBuiltIn;
};
template <class T>
concept JsonValue = !BytesValue<T> && !ArithmeticValue<T> && !CustomValue<T> &&
                    requires(nlohmann::json json, const T& value) {
    json = value;
};
template <class T>
concept CacheValue = (BytesValue<T> || ArithmeticValue<T> || CustomValue<T> ||
                      JsonValue<T>)&&std::is_move_constructible_v<T>;

OXCACHE_API Error undecodable(std::string_view type, std::string_view why);

/// One type's conversions; `decode` throws or returns nullopt on bytes it cannot read.
template <class T>
struct Conversion {
    static Bytes encode(const T& value, CodecId& codec) {
        if constexpr (CustomValue<T>) {
            codec = CodecId::Custom;
            return toBytes(Codec<T>::encode(value));
        } else if constexpr (ArithmeticValue<T>) {
            codec = CodecId::Raw;
            return number(value);
        } else {
            return structured(nlohmann::json(value), codec);
        }
    }

    static std::optional<T> decode(BytesView bytes, CodecId codec) {
        if constexpr (CustomValue<T>) {
            return custom(bytes);
        } else if constexpr (ArithmeticValue<T>) {
            return number(bytes);
        } else {
            return parse(bytes, codec).template get<T>();
        }
    }

private:
    template <class Source>
    static Bytes toBytes(Source&& source) {
        if constexpr (std::is_convertible_v<Source, Bytes>) {
            return std::forward<Source>(source);
        } else {
            return Bytes(reinterpret_cast<const char*>(std::data(source)), std::size(source));
        }
    }

    static std::optional<T> custom(BytesView bytes) {
        if constexpr (requires { Codec<T>::decode(bytes); }) {
            return Codec<T>::decode(bytes);
        } else if constexpr (requires { Codec<T>::decode(Bytes(bytes)); }) {
            return Codec<T>::decode(Bytes(bytes));
        } else {
            return Codec<T>::decode(std::span<const std::byte>(
                reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()));
        }
    }

    static Bytes number(T value) {
        if constexpr (std::is_same_v<T, bool>) {
            return value ? "1" : "0";
        } else {
            char text[128];
            const auto end = std::to_chars(text, text + sizeof text, printable(value)).ptr;
            return Bytes(text, end);
        }
    }

    static auto printable(T value) {
        if constexpr (std::is_integral_v<T> && sizeof(T) == 1)
            return static_cast<int>(value);
        else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>)
            return static_cast<long long>(value);
        else if constexpr (std::is_integral_v<T>)
            return static_cast<unsigned long long>(value);
        else
            return value;
    }

    static std::optional<T> number(BytesView bytes) {
        if constexpr (std::is_same_v<T, bool>) {
            if (bytes == "1" || bytes == "true") return true;
            if (bytes == "0" || bytes == "false") return false;
            return std::nullopt;
        } else {
            decltype(printable(T{})) value{};
            const char* end = bytes.data() + bytes.size();
            const auto parsed = std::from_chars(bytes.data(), end, value);
            if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
            const T narrowed = static_cast<T>(value);
            if constexpr (std::is_integral_v<T>) {
                if (static_cast<decltype(value)>(narrowed) != value) return std::nullopt;
            }
            return narrowed;
        }
    }

    static Bytes structured(const nlohmann::json& json, CodecId& codec) {
        Bytes bytes;
        if (codec == CodecId::MsgPack) {
            nlohmann::json::to_msgpack(json, nlohmann::detail::output_adapter<char>(bytes));
        } else if (codec == CodecId::Cbor) {
            nlohmann::json::to_cbor(json, nlohmann::detail::output_adapter<char>(bytes));
        } else {
            codec = CodecId::Json;
            bytes = json.dump();
        }
        return bytes;
    }

    static nlohmann::json parse(BytesView bytes, CodecId codec) {
        if (codec == CodecId::MsgPack) return nlohmann::json::from_msgpack(bytes);
        if (codec == CodecId::Cbor) return nlohmann::json::from_cbor(bytes);
        return nlohmann::json::parse(bytes);
    }
};

template <class T>
Result<void> decodeInto(void* to, BytesView bytes, CodecId codec) {
    try {
        std::optional<T> value = Conversion<T>::decode(bytes, codec);
        if (!value) return undecodable(typeid(T).name(), "the bytes do not spell such a value");
        ::new (to) T(std::move(*value));
        return {};
    } catch (const std::exception& error) {
        return undecodable(typeid(T).name(), error.what());
    } catch (...) {
        return undecodable(typeid(T).name(), "the codec threw");
    }
}

template <class T>
Result<Bytes> encodeFrom(const void* object, CodecId& codec) {
    try {
        return Conversion<T>::encode(*static_cast<const T*>(object), codec);
    } catch (const std::exception& error) {
        return undecodable(typeid(T).name(), error.what());
    } catch (...) {
        return undecodable(typeid(T).name(), "the codec threw");
    }
}

/// The type of strings and bytes.
OXCACHE_API extern const ValueType kBytesType;

template <class T>
inline constexpr ValueType kObjectType = {
    &typeid(T),
    sizeof(T),
    alignof(T),
    false,
    [](void* to, void* from) noexcept { ::new (to) T(std::move(*static_cast<T*>(from))); },
    [](void* object) noexcept { static_cast<T*>(object)->~T(); },
    &decodeInto<T>,
    &encodeFrom<T>};

/// The one ValueType of T.
template <class T>
constexpr const ValueType& valueTypeOf() noexcept {
    static_assert(CacheValue<T>,
                  "a cached type needs nlohmann to_json/from_json or an oxcache::Codec<T>");
    if constexpr (BytesValue<T>)
        return kBytesType;
    else
        return kObjectType<T>;
}

}  // namespace detail
}  // namespace oxcache
