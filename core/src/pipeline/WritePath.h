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

    WriteReceipt write(const detail::WriteRequest& request, const EntryOptions& options);
    std::vector<WriteReceipt> writeMany(std::span<const detail::WriteRequest> requests,
                                        const EntryOptions& options);
    std::vector<WriteReceipt> remove(std::span<const std::string> keys, oxcache::Levels levels);
    WriteReceipt expire(const std::string& key);
    WriteReceipt clear(ClearMode mode);

private:
    struct Item;
    /// A write that may go to L2.
    WriteReceipt writeDown(const detail::WriteRequest& request, const EntryOptions& options);
    /// A write where L1 is all there is.
    WriteReceipt replace(const detail::WriteRequest& request, const EntryOptions& options);
    bool alone() const noexcept { return !levels_.settings.usesL2 && levels_.remote == nullptr; }
    Error obstacle(std::size_t size, const stages::EntryPolicy& policy) const;
    bool prepare(Item& item, bool encode);
    void begin(Item& item, const detail::WriteRequest& request, const EntryOptions& options,
               Deadline deadline);
    /// In L1, by `admit`.
    template <class Admit>
    bool keep(const detail::WriteRequest& request, const EntryAttributes& attributes, Admit admit);
    bool goesDown(const Item& item) const noexcept;
    Deadline deadlineOf(const EntryOptions& options) const;
    void writeRemote(std::span<Item* const> items, Deadline deadline);
    void settle(Item& item, const EnvelopeHeader* header);
    WriteReceipt removeOne(Key key, bool l2, Deadline deadline);

    const Levels levels_;
};

}  // namespace oxcache::pipeline
