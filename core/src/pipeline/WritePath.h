#pragma once

#include <span>
#include <string>
#include <vector>

#include "oxcache/detail/Service.h"
#include "pipeline/Levels.h"

namespace oxcache::pipeline {

/// Writes: L1 gives way first, then L2 is written, and L1 takes the new value last, unless
/// something else came between. Thread-safe; never throws.
class OXCACHE_INTERNAL WritePath {
public:
    explicit WritePath(const Levels& levels) : levels_(levels) {}

    std::vector<WriteReceipt> write(std::vector<detail::WriteRequest> writes,
                                    const EntryOptions& options);
    std::vector<WriteReceipt> remove(std::span<const std::string> keys, oxcache::Levels levels);
    WriteReceipt expire(const std::string& key);
    WriteReceipt clear(ClearMode mode);

private:
    struct Item;
    bool prepare(Item& item, bool encode);
    void writeRemote(std::vector<Item>& items, Deadline deadline);
    void settle(Item& item, const EnvelopeHeader* header);
    WriteReceipt removeOne(const std::string& key, bool l2, Deadline deadline);

    const Levels levels_;
};

}  // namespace oxcache::pipeline
