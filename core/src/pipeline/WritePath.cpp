#include "pipeline/WritePath.h"

#include <utility>

namespace oxcache::pipeline {

/// One value on its way down and up again.
struct WritePath::Item {
    detail::WriteRequest request;
    stages::EntryPolicy policy;
    stages::MemoryStage::Ticket ticket{};
    Bytes encoded{};
    CodecId codec = CodecId::Raw;
    WriteReceipt receipt{};
    bool refused = false;

    BytesView payload() const noexcept {
        return request.object != nullptr ? BytesView(encoded) : request.bytes;
    }
};

namespace {

WriteReceipt rejected(Error error) { return {WriteStatus::Rejected, {}, std::move(error)}; }

}  // namespace

/// Why a value of so many bytes cannot be written so, if it cannot.
inline Error WritePath::obstacle(std::size_t size, const stages::EntryPolicy& policy) const {
    if (Error error = checkSize(size, levels_.settings)) return error;
    if (policy.writeL1 || (policy.writeL2 && levels_.remote != nullptr)) return {};
    return {ErrorCode::Unavailable, "service '" + levels_.settings.name +
                                        "' has none of the levels that this write asks for"};
}

// A value that cannot be stored takes the old one with it: readers must not see what the
// application believes it has replaced.
bool WritePath::prepare(Item& item, bool encode) {
    if (Error error = checkKey(item.request.key, levels_.settings)) {
        item.receipt = rejected(std::move(error));
        return false;
    }
    Error error;
    if (item.request.object != nullptr && encode) {
        item.codec = levels_.settings.serialization;
        Result<Bytes> bytes = item.request.type->encode(item.request.object, item.codec);
        if (bytes)
            item.encoded = std::move(*bytes);
        else
            error = bytes.error();
    }
    if (!error) error = obstacle(item.payload().size(), item.policy);
    if (error) {
        (void)removeOne(item.request.key, encode, Deadline::never());
        item.receipt = rejected(std::move(error));
        return false;
    }
    return true;
}

Deadline WritePath::deadlineOf(const EntryOptions& options) const {
    return options.deadline ? Deadline::in(levels_.clock, *options.deadline) : Deadline::never();
}

bool WritePath::goesDown(const Item& item) const noexcept {
    return levels_.remote != nullptr && item.policy.writeL2;
}

void WritePath::begin(Item& item, const detail::WriteRequest& request, const EntryOptions& options,
                      Deadline deadline) {
    item.request = request;
    item.policy = stages::policyOf(options, levels_.settings, false);
    item.refused = !prepare(item, item.policy.writeL2);
    if (item.refused) return;
    if (item.policy.ttl <= Duration::zero()) {
        item.receipt = removeOne(request.key, item.policy.writeL2, deadline);
        item.refused = true;
        return;
    }
    item.ticket = levels_.memory.begin(request.key, !item.policy.writeL2);
}

WriteReceipt WritePath::write(const detail::WriteRequest& request, const EntryOptions& options) {
    return alone() ? replace(request, options) : writeDown(request, options);
}

WriteReceipt WritePath::writeDown(const detail::WriteRequest& request,
                                  const EntryOptions& options) {
    const Deadline deadline = deadlineOf(options);
    Item item;
    begin(item, request, options, deadline);
    if (!item.refused) {
        Item* const items[] = {&item};
        if (goesDown(item))
            writeRemote(items, deadline);
        else
            settle(item, nullptr);
    }
    return std::move(item.receipt);
}

std::vector<WriteReceipt> WritePath::writeMany(std::span<const detail::WriteRequest> requests,
                                               const EntryOptions& options) {
    std::vector<WriteReceipt> receipts;
    receipts.reserve(requests.size());
    if (alone()) {
        for (const detail::WriteRequest& request : requests)
            receipts.push_back(replace(request, options));
        return receipts;
    }
    const Deadline deadline = deadlineOf(options);
    std::vector<Item> items(requests.size());
    std::vector<Item*> going;
    for (std::size_t i = 0; i < items.size(); ++i) {
        begin(items[i], requests[i], options, deadline);
        if (items[i].refused) continue;
        if (goesDown(items[i]))
            going.push_back(&items[i]);
        else
            settle(items[i], nullptr);
    }
    if (!going.empty()) writeRemote(going, deadline);
    for (Item& item : items) receipts.push_back(std::move(item.receipt));
    return receipts;
}

void WritePath::writeRemote(std::span<Item* const> going, Deadline deadline) {
    std::vector<stages::RemotePut> puts;
    const auto generations = levels_.remote->generations(levels_.remote->bounded(deadline));
    if (!generations) {
        for (Item* item : going) {
            item->receipt.error = generations.error();
            settle(*item, nullptr);
        }
        return;
    }
    for (const Item* item : going) {
        stages::RemotePut put;
        put.key = item->request.key;
        put.payload = item->payload();
        put.codec = item->codec;
        put.policy = &item->policy;
        put.generations = *generations;
        puts.push_back(put);
    }
    const auto stored = levels_.remote->put(puts, deadline);
    for (std::size_t i = 0; i < going.size(); ++i) {
        Item& item = *going[i];
        if (!stored[i]) {
            item.receipt.error = stored[i].error();
            settle(item, nullptr);
        } else if (stored[i]->outcome != spi::PutOutcome::Stored) {
            (void)removeOne(item.request.key, true, deadline);
            item.receipt =
                rejected({ErrorCode::ValueTooLarge,
                          "service '" + levels_.settings.name + "': L2 cannot hold a value of " +
                              std::to_string(item.payload().size()) + " bytes"});
        } else {
            settle(item, &stored[i]->header);
        }
    }
}

// Where there is no memory for the new value, the old one goes all the same.
template <class Admit>
bool WritePath::keep(const detail::WriteRequest& request, const EntryAttributes& attributes,
                     Admit admit) {
    try {
        return admit(request.object != nullptr
                         ? Entry::ofObject(request.key, attributes, *request.type, request.object)
                         : Entry::ofBytes(request.key, attributes, request.bytes));
    } catch (...) {
        levels_.memory.invalidate(request.key);
        throw;
    }
}

// The new value takes the old one's place in one step, and readers miss neither.
WriteReceipt WritePath::replace(const detail::WriteRequest& request, const EntryOptions& options) {
    if (Error error = checkKey(request.key, levels_.settings)) return rejected(std::move(error));
    stages::MemoryStage& memory = levels_.memory;
    const stages::EntryPolicy policy = stages::policyOf(options, levels_.settings, false);
    if (Error error = obstacle(request.bytes.size(), policy)) {
        memory.invalidate(request.key);
        return rejected(std::move(error));
    }
    if (policy.ttl <= Duration::zero()) {
        memory.invalidate(request.key);
        return {WriteStatus::Stored, {}, {}};
    }
    // L1 judges lives by its own clock; these times are told to whoever asks.
    const std::int64_t now = levels_.time.recentMs();
    EntryAttributes attributes;
    attributes.createdMs = now;
    attributes.expiresMs = now + policy.ttl.count();
    attributes.version = levels_.versions.nextOfThread(now);
    attributes.expireGeneration = memory.expireGeneration();
    const Duration life = policy.l1Life(attributes.expiresMs, now);
    const bool kept = keep(request, attributes, [&](EntryPtr entry) {
        return memory.put(request.key, std::move(entry), policy, life);
    });
    if (!kept && life > Duration::zero())
        return rejected(
            {ErrorCode::ValueTooLarge, "service '" + levels_.settings.name +
                                           "': the entry is larger than L1 may be (l1.max_bytes)"});
    return {WriteStatus::Stored, attributes.version, {}};
}

// `header` says what L2 holds now; none where L2 was not asked or did not take it.
void WritePath::settle(Item& item, const EnvelopeHeader* header) {
    const std::int64_t now = levels_.time.nowMs();
    EntryAttributes attributes;
    attributes.createdMs = now;
    attributes.expiresMs = now + item.policy.ttl.count();
    if (header != nullptr) {
        attributes.version = header->version;
        attributes.createdMs = header->createdMs;
        attributes.expiresMs = header->expiresMs;
    }
    if (header == nullptr) attributes.version = levels_.versions.next(now);
    item.ticket.stamp(attributes);
    item.receipt.version = attributes.version;
    const bool failed = static_cast<bool>(item.receipt.error);
    item.receipt.status = failed ? WriteStatus::LocalOnly : WriteStatus::Stored;
    if (failed) item.receipt.error.code = ErrorCode::Unavailable;
    if (!item.policy.writeL1 || (header != nullptr && levels_.settings.tracking)) {
        levels_.memory.invalidate(item.request.key);
        if (failed) item.receipt.status = WriteStatus::Rejected;
        return;
    }
    const Duration life = item.policy.l1Life(attributes.expiresMs, now);
    keep(item.request, attributes, [&](EntryPtr entry) {
        return levels_.memory.settle(item.request.key, std::move(entry), item.policy, life,
                                     item.ticket);
    });
}

WriteReceipt WritePath::removeOne(Key key, bool l2, Deadline deadline) {
    WriteReceipt receipt;
    levels_.memory.invalidate(key);
    if (levels_.remote != nullptr && l2) {
        const Key keys[] = {key};
        Result<Version> removed = std::move(levels_.remote->remove(keys, deadline)[0]);
        // Again, for fills that read L2 before it was written.
        levels_.memory.invalidate(key);
        if (!removed)
            return {WriteStatus::LocalOnly, {}, {ErrorCode::Unavailable, removed.error().message}};
        receipt.version = *removed;
    }
    receipt.status = WriteStatus::Stored;
    return receipt;
}

std::vector<WriteReceipt> WritePath::remove(std::span<const std::string> keys,
                                            oxcache::Levels levels) {
    std::vector<WriteReceipt> receipts(keys.size());
    std::vector<Key> remote;
    std::vector<std::size_t> indices;
    const bool l2 = levels_.remote != nullptr && has(levels, oxcache::Levels::L2);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (Error error = checkKey(keys[i], levels_.settings)) {
            receipts[i] = rejected(std::move(error));
            continue;
        }
        levels_.memory.invalidate(keys[i]);
        receipts[i].status = WriteStatus::Stored;
        if (l2) {
            remote.emplace_back(keys[i]);
            indices.push_back(i);
        }
    }
    if (remote.empty()) return receipts;
    const std::vector<Result<Version>> removed = levels_.remote->remove(remote, Deadline::never());
    for (std::size_t i = 0; i < remote.size(); ++i) {
        WriteReceipt& receipt = receipts[indices[i]];
        levels_.memory.invalidate(remote[i]);
        if (removed[i])
            receipt.version = *removed[i];
        else
            receipt = {
                WriteStatus::LocalOnly, {}, {ErrorCode::Unavailable, removed[i].error().message}};
    }
    return receipts;
}

WriteReceipt WritePath::expire(const std::string& key) {
    if (Error error = checkKey(key, levels_.settings)) return rejected(std::move(error));
    if (levels_.remote == nullptr) {
        levels_.memory.expire(key);
        return {WriteStatus::Stored, {}, {}};
    }
    levels_.memory.invalidate(key);
    Result<Version> expired = levels_.remote->expire(key, Deadline::never());
    levels_.memory.invalidate(key);
    if (!expired)
        return {WriteStatus::LocalOnly, {}, {ErrorCode::Unavailable, expired.error().message}};
    return {WriteStatus::Stored, *expired, {}};
}

WriteReceipt WritePath::clear(ClearMode mode) {
    if (levels_.remote == nullptr) {
        if (mode == ClearMode::Remove)
            levels_.memory.clear();
        else
            levels_.memory.expireAll();
        return {WriteStatus::Stored, {}, {}};
    }
    levels_.memory.clear();
    Result<Version> moved = levels_.remote->clear(mode, Deadline::never());
    levels_.memory.clear();
    if (!moved)
        return {WriteStatus::LocalOnly, {}, {ErrorCode::Unavailable, moved.error().message}};
    return {WriteStatus::Stored, *moved, {}};
}

}  // namespace oxcache::pipeline
