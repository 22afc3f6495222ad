#include <cxxabi.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "oxcache/Codec.h"

namespace oxcache::detail {

Error undecodable(std::string_view type, std::string_view why) {
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> name(
        abi::__cxa_demangle(std::string(type).c_str(), nullptr, nullptr, &status), std::free);
    return {ErrorCode::Undecodable, "type " + (name ? std::string(name.get()) : std::string(type)) +
                                        ": " + std::string(why)};
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
