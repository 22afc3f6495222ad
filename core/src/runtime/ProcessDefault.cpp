#include "runtime/ProcessDefault.h"

#include <atomic>
#include <map>
#include <utility>
#include <vector>

#include "oxcache/Cached.h"
#include "oxcache/base/Mutex.h"

namespace oxcache {
namespace {

struct Holder {
    Mutex mutex;
    std::shared_ptr<CacheManager> manager OXCACHE_GUARDED_BY(mutex);
    /// Moves with every change, so that threads notice that what they remember is old.
    std::atomic<std::uint64_t> generation{1};
};

Holder& holder() {
    static Holder instance;
    return instance;
}

std::shared_ptr<CacheManager> required() {
    std::shared_ptr<CacheManager> manager = runtime::ProcessDefault::get();
    if (!manager)
        throw NotInitialized(
            "call oxcache::init(\"file\") first, or add an oxcache::CacheSubsystem "
            "to the application");
    return manager;
}

/// The caches that this thread remembers. What is replaced while calls are under way is kept until
/// the outermost has ended.
struct Remembered {
    struct Slot {
        std::uint64_t generation;
        Cache cache;
    };
    std::map<std::string, Slot, std::less<>> slots;
    std::vector<Cache> retired;
    unsigned depth = 0;
};

Remembered& remembered() {
    static thread_local Remembered mine;
    return mine;
}

}  // namespace

namespace runtime {

std::shared_ptr<CacheManager> ProcessDefault::get() {
    MutexLock lock(holder().mutex);
    return holder().manager;
}

bool ProcessDefault::set(std::shared_ptr<CacheManager> manager) {
    MutexLock lock(holder().mutex);
    if (holder().manager) return false;
    holder().manager = std::move(manager);
    holder().generation.fetch_add(1);
    return true;
}

std::shared_ptr<CacheManager> ProcessDefault::take(const CacheManager* only) {
    MutexLock lock(holder().mutex);
    if (only != nullptr && holder().manager.get() != only) return nullptr;
    holder().generation.fetch_add(1);
    return std::exchange(holder().manager, nullptr);
}

void ProcessDefault::replace(const CacheManager* former, std::shared_ptr<CacheManager> next) {
    MutexLock lock(holder().mutex);
    if (holder().manager.get() != former) return;
    holder().generation.fetch_add(1);
    holder().manager.swap(next);
}

}  // namespace runtime

namespace detail {

ClientUse::ClientUse(std::string_view service) {
    Remembered& mine = remembered();
    const std::uint64_t generation = holder().generation.load(std::memory_order_acquire);
    auto slot = mine.slots.find(service);
    if (slot == mine.slots.end() || slot->second.generation != generation) {
        Remembered::Slot fresh{generation, required()->cache(std::string(service))};
        if (slot == mine.slots.end()) {
            slot = mine.slots.emplace(std::string(service), std::move(fresh)).first;
        } else {
            if (mine.depth > 0) mine.retired.push_back(std::move(slot->second.cache));
            slot->second = std::move(fresh);
        }
    }
    ++mine.depth;
    cache_ = &slot->second.cache;
}

ClientUse::~ClientUse() {
    Remembered& mine = remembered();
    if (--mine.depth == 0 && !mine.retired.empty()) mine.retired.clear();
}

}  // namespace detail

void init(const std::string& path, const ManagerOptions& options) {
    if (runtime::ProcessDefault::get())
        throw Poco::IllegalStateException(
            "oxcache::init: already initialized; call shutdownAll() first");
    std::shared_ptr<CacheManager> manager = CacheManager::fromFile(path, options);
    if (!runtime::ProcessDefault::set(manager))
        throw Poco::IllegalStateException("oxcache::init: already initialized by another thread");
}

Cache getClient(const std::string& name) { return required()->cache(name); }

void shutdownAll(Duration deadline) {
    if (const std::shared_ptr<CacheManager> manager = runtime::ProcessDefault::take())
        manager->shutdown(deadline);
}

}  // namespace oxcache
