#pragma once

#include "oxcache/base/Envelope.h"

namespace oxcache::testing {

/// A header in which every byte of every field can be told from the others.
inline EnvelopeHeader fullHeader() {
    EnvelopeHeader header;
    header.kind = EntryKind::Tombstone;
    header.codec = CodecId::Cbor;
    header.createdMs = 0x0102030405060708;
    header.expiresMs = 0x1112131415161718;
    header.idleMs = 0xA1A2A3A4U;
    header.version = {0x0001222324252627U, 0x41424344U, 0x0002333435363738U};
    header.written = {0x0003525354555657U, 0x71727374U, 0x0004636465666768U};
    header.generations = {0x8182838485868788U, 0x9192939495969798U};
    return header;
}

inline bool sameHeader(const EnvelopeHeader& a, const EnvelopeHeader& b) {
    return a.kind == b.kind && a.codec == b.codec && a.createdMs == b.createdMs &&
           a.expiresMs == b.expiresMs && a.idleMs == b.idleMs && a.version == b.version &&
           a.written == b.written && a.generations == b.generations;
}

}  // namespace oxcache::testing
