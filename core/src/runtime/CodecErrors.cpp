#include <cstring>
#include <new>

#include "oxcache/Codec.h"

namespace oxcache::detail {

Error undecodable(std::string_view type, std::string_view why) {
    return {ErrorCode::Undecodable, "type " + std::string(type) + ": " + std::string(why)};
}

// Strings and bytes never go through these: entries hold them inline.
const ValueType kBytesType = {&typeid(Bytes),
                              sizeof(Bytes),
                              alignof(Bytes),
                              true,
                              [](void*, void*) noexcept {},
                              [](void*) noexcept {},
                              [](void*, BytesView, CodecId) -> Result<void> { return {}; },
                              [](const void*, CodecId&) -> Result<Bytes> { return Bytes(); }};

}  // namespace oxcache::detail
