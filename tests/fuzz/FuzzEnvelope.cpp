#include <cstdint>
#include <cstdlib>

#include "oxcache/base/Envelope.h"

using namespace oxcache;

/// Whatever is decoded comes back byte for byte when it is encoded again: so there is one form of
/// every entry, and nothing that stands in the bytes is passed over. What is not, is Undecodable.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const BytesView bytes(reinterpret_cast<const char*>(data), size);
    const auto header = peekEnvelope(bytes);
    const Result<Envelope> decoded = decodeEnvelope(bytes);
    if (!decoded) {
        if (decoded.error().code != ErrorCode::Undecodable) std::abort();
    } else {
        if (!header || header->version != decoded->header.version) std::abort();
        if (encodeEnvelope(decoded->header, decoded->payload) != bytes) std::abort();
    }
    // A fuzzer seldom finds a checksum: what it made of the header and payload is sealed for it.
    if (header && size >= envelope::kHeaderSize) {
        const BytesView payload = bytes.substr(envelope::kHeaderSize);
        const Bytes sealed = encodeEnvelope(*header, payload);
        const Result<Envelope> again = decodeEnvelope(sealed);
        if (!again || again->payload != payload) std::abort();
        if (encodeEnvelope(again->header, again->payload) != sealed) std::abort();
    }
    return 0;
}
