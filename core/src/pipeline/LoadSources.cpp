#include <exception>
#include <utility>

#include <Poco/Exception.h>

#include "pipeline/LoadJob.h"

// Where a load's values come from: the fallback and the loaders.
namespace oxcache::pipeline {

using detail::LoadReply;
using stages::RemoteEntry;

void LoadJob::askFallback(Deadline deadline) {
    const Open items = open();
    if (items.empty()) return;
    std::vector<Result<spi::FallbackReply>> replies =
        levels_.fallback->load(keysOf(items), deadline);
    for (std::size_t i = 0; i < items.size(); ++i) takeFallback(*items[i], std::move(replies[i]));
}

void LoadJob::takeFallback(Item& item, Result<spi::FallbackReply> reply) {
    if (!reply) {
        levels_.counters.loads.add();
        levels_.counters.loadFailures.add();
        item.answer.degraded = true;
        item.answer.error = std::move(reply).error();
        return;
    }
    if (reply->outcome == spi::FallbackOutcome::NoRoute) return;
    levels_.counters.loads.add();
    item.source = Level::Fallback;
    if (reply->outcome == spi::FallbackOutcome::Absent) {
        if (call_.hasLoader() && !call_.acceptNegative) return;
        item.fills = item.negative = true;
        item.policy = stages::policyOf(call_.options, levels_.settings, true);
        return;
    }
    Result<EntryPtr> decoded =
        Entry::decoded(item.flight->key(), {}, *call_.type, reply->value, reply->codec);
    if (!decoded) {
        item.mismatched = true;
        item.answer.error = {ErrorCode::TypeMismatch, decoded.error().message};
        return;
    }
    item.fills = true;
    item.decoded = std::move(*decoded);
    item.payload = std::move(reply->value);
    item.codec = reply->codec;
    item.policy = stages::policyOf(call_.options, levels_.settings, false);
}

void LoadJob::runLoader() {
    for (Item* item : open()) {
        detail::LoadCall call{item->flight->key(), item->stale, call_.options};
        const resilience::LoadScope scope(&flights_, item->flight->key());
        levels_.counters.loads.add();
        item->source = Level::Loader;
        try {
            LoadReply reply = call_.loader->load(call);
            takeReply(*item, std::move(reply), call.options);
        } catch (const Poco::Exception& error) {
            loadFailed(*item, error.displayText(), std::current_exception());
        } catch (const std::exception& error) {
            loadFailed(*item, error.what(), std::current_exception());
        } catch (...) {
            loadFailed(*item, "the loader threw", std::current_exception());
        }
    }
}

namespace {

/// Marks several keys as being loaded by this thread.
class ScopeList {
public:
    void add(const void* owner, Key key) {
        scopes_.push_back(std::make_unique<resilience::LoadScope>(owner, key));
    }
    ~ScopeList() {
        while (!scopes_.empty()) scopes_.pop_back();  // in reverse, as they nest
    }

private:
    std::vector<std::unique_ptr<resilience::LoadScope>> scopes_;
};

}  // namespace

void LoadJob::runBatchLoader() {
    const Open items = open();
    if (items.empty()) return;
    std::vector<std::string> keys;
    ScopeList scopes;
    for (Item* item : items) {
        keys.push_back(item->flight->key());
        scopes.add(&flights_, item->flight->key());
        item->source = Level::Loader;
        levels_.counters.loads.add();
    }
    const auto failAll = [&](const std::string& why, const std::exception_ptr& exception) {
        for (Item* item : items) loadFailed(*item, why, exception);
    };
    try {
        std::vector<LoadReply> replies = call_.batchLoader->load(keys);
        if (replies.size() != items.size()) {
            failAll("the batch loader gave " + std::to_string(replies.size()) + " results for " +
                        std::to_string(items.size()) + " keys; it must give one per key, in order",
                    nullptr);
            return;
        }
        for (std::size_t i = 0; i < items.size(); ++i)
            takeReply(*items[i], std::move(replies[i]), call_.options);
    } catch (const Poco::Exception& error) {
        failAll(error.displayText(), std::current_exception());
    } catch (const std::exception& error) {
        failAll(error.what(), std::current_exception());
    } catch (...) {
        failAll("the batch loader threw", std::current_exception());
    }
}

void LoadJob::takeReply(Item& item, LoadReply reply, const EntryOptions& options) {
    using Kind = LoadReply::Kind;
    if (reply.kind == Kind::Failed) {
        loadFailed(item, std::move(reply.why), nullptr);
        return;
    }
    item.negative = reply.kind == Kind::Negative;
    item.value = std::move(reply.value);
    if (reply.kind == Kind::Value && item.value.object() == nullptr)
        item.payload = item.value.bytes();
    if (reply.kind == Kind::NotModified && !restoreStale(item)) {
        loadFailed(item, "the loader said notModified(), but no stale value is retained", nullptr);
        return;
    }
    item.policy = stages::policyOf(options, levels_.settings, item.negative);
    item.fills = true;
}

// The stale value becomes the new one. What L2 gave is this load's own and is taken as it is; L1's
// entry is shared with its readers, so it is encoded and decoded again.
bool LoadJob::restoreStale(Item& item) {
    if (!item.stale) return false;
    item.negative = item.stale->negative();
    if (item.negative) return true;
    const bool own = item.remote.state == RemoteEntry::State::Stale &&
                     item.stale.get() != item.retained.entry.get() &&
                     item.stale->version() == item.remote.header.version;
    if (own) {
        item.payload = item.remote.payload();
        item.codec = item.remote.header.codec;
        item.decoded = item.stale;
        return true;
    }
    if (item.stale->isBytes()) {
        item.payload = item.stale->bytes();
        return true;
    }
    item.codec = levels_.settings.serialization;
    Result<Bytes> bytes = item.stale->type()->encode(item.stale->object(), item.codec);
    if (!bytes) return false;
    Result<EntryPtr> copy = Entry::decoded(item.flight->key(), {}, *call_.type, *bytes, item.codec);
    if (!copy) return false;
    item.payload = std::move(*bytes);
    item.decoded = std::move(*copy);
    return true;
}

void LoadJob::loadFailed(Item& item, std::string why, std::exception_ptr exception) {
    levels_.counters.loadFailures.add();
    item.fills = false;
    item.answer.outcome = Outcome::Error;
    item.answer.level = Level::None;
    item.answer.error = {ErrorCode::LoaderFailed, std::move(why)};
    item.answer.exception = std::move(exception);
    settle(item);
}

}  // namespace oxcache::pipeline
