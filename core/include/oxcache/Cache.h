#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "oxcache/Loader.h"
#include "oxcache/Shared.h"
#include "oxcache/base/Exceptions.h"
#include "oxcache/base/Options.h"
#include "oxcache/detail/Service.h"
#include "oxcache/observability/Statistics.h"

namespace oxcache {
namespace detail {

template <class T>
Lookup<T> toLookup(ReadAnswer&& answer) {
    Lookup<T> lookup;
    if (answer.entry && !answer.entry->negative()) lookup.value = copyOf<T>(*answer.entry);
    lookup.outcome = answer.outcome;
    lookup.level = answer.level;
    lookup.age = answer.age;
    lookup.ttl = answer.ttl;
    lookup.version = answer.version;
    lookup.error = std::move(answer.error);
    lookup.degraded = answer.degraded;
    return lookup;
}

/// For what even copies of the user's own types may throw.
template <class T>
Lookup<T> failedLookup(const char* why) {
    Lookup<T> lookup;
    lookup.outcome = Outcome::Error;
    lookup.error = {ErrorCode::LoaderFailed, why};
    return lookup;
}

template <class T>
std::vector<Lookup<T>> toLookups(std::vector<ReadAnswer> answers) {
    std::vector<Lookup<T>> lookups;
    lookups.reserve(answers.size());
    for (ReadAnswer& answer : answers) lookups.push_back(toLookup<T>(std::move(answer)));
    return lookups;
}

/// The type under which a value is stored: what it decays to, text as std::string.
template <class V>
using StoredAs =
    std::conditional_t<std::is_convertible_v<V, std::string_view> && !CustomValue<std::decay_t<V>>,
                       std::string, std::decay_t<V>>;

/// A caller's value on its way into an entry: what is bytes is lent as it stands, of anything else
/// there is a copy to move from.
template <class V>
class LentValue {
    using Stored = StoredAs<V>;
    static constexpr bool kBytes = BytesValue<Stored>;

public:
    explicit LentValue(V&& value) : value_(std::forward<V>(value)) {}

    /// For as long as this and the value given to it live.
    WriteRequest request(Key key) {
        WriteRequest request;
        request.key = key;
        request.type = &valueTypeOf<Stored>();
        if constexpr (StringValue<Stored>)
            request.bytes = value_;
        else if constexpr (BlobValue<Stored>)
            request.bytes = {reinterpret_cast<const char*>(value_.data()), value_.size()};
        else
            request.object = &value_;
        return request;
    }

private:
    std::conditional_t<kBytes, const std::remove_reference_t<V>&, Stored> value_;
};

struct CacheAccess;

inline EntryOptions withTtl(Duration ttl) {
    EntryOptions options;
    options.ttl = ttl;
    return options;
}

}  // namespace detail

/// Any duration, as an entry's TTL; parts of a millisecond are rounded up, more than a century is
/// a century.
template <class Rep, class Period>
EntryOptions toOptions(std::chrono::duration<Rep, Period> ttl) {
    constexpr Duration kCentury = std::chrono::hours(24 * 365 * 100);
    const std::chrono::duration<long double, std::milli> wanted = ttl;
    if (wanted >= kCentury) return detail::withTtl(kCentury);
    if (wanted <= Duration::zero()) return detail::withTtl(Duration::zero());
    return detail::withTtl(std::chrono::ceil<Duration>(ttl));
}

/// One level of a cache: reads and writes that touch nothing else. `l2()` reads do not promote to
/// L1; a write through `l2()` drops L1's copy. Thread-safe, cheap to copy.
class CacheLevel {
public:
    CacheLevel(std::shared_ptr<detail::Service> service, Levels level)
        : service_(std::move(service)), level_(level) {}

    template <class T>
    std::optional<T> get(std::string_view key, const ReadOptions& options = {}) const {
        return lookup<T>(key, options).value;
    }
    /// The levels of the options are this one.
    template <class T>
    Lookup<T> lookup(std::string_view key, ReadOptions options = {}) const {
        const std::string keys[] = {std::string(key)};
        options.levels = level_;
        return detail::toLookup<T>(
            std::move(service_->read(keys, detail::valueTypeOf<T>(), options)[0]));
    }
    template <class V>
    WriteReceipt set(std::string_view key, V&& value, EntryOptions options = {}) const {
        options.levels = level_;
        return service_->write(detail::LentValue<V>(std::forward<V>(value)).request(key), options);
    }
    template <class V, class Rep, class Period>
    WriteReceipt set(std::string_view key, V&& value,
                     std::chrono::duration<Rep, Period> ttl) const {
        return set(key, std::forward<V>(value), toOptions(ttl));
    }
    WriteReceipt remove(std::string_view key) const {
        const std::string keys[] = {std::string(key)};
        return std::move(service_->remove(keys, level_)[0]);
    }
    /// True when a value (not a negative), of whatever type, is there.
    bool exists(std::string_view key) const { return service_->exists(std::string(key), level_); }

private:
    std::shared_ptr<detail::Service> service_;
    Levels level_;
};

/// A named two-level cache: a cheap handle, copied by value, used from any thread. Failures of the
/// data path are values; only `getOrLoad` throws (the loader's own exception, LoadTimeout,
/// Overloaded, LoaderFailed, InvalidKey or Closed). A write that is ignored is never lost silently:
/// statistics and log tell of it.
class Cache {
public:
    explicit Cache(std::shared_ptr<detail::Service> service) : service_(std::move(service)) {}

    const std::string& name() const noexcept { return service_->name(); }

    /// A copy of the value; empty on a miss, a negative, an outage and an error alike.
    template <class T>
    std::optional<T> get(std::string_view key, const ReadOptions& options = {}) const {
        std::optional<T> value;
        visit<T>(
            key,
            [&](typename detail::ViewOf<T>::type view) {
                if constexpr (detail::BytesValue<T>)
                    value.emplace(view.begin(), view.end());
                else
                    value.emplace(view);
            },
            options);
        return value;
    }

    /// A counted handle to the cached object, without copy or (on an L1 hit) allocation.
    template <class T>
    Shared<T> getShared(std::string_view key, const ReadOptions& options = {}) const {
        const ValueType& type = detail::valueTypeOf<T>();
        if (has(options.levels, Levels::L1)) {
            if (EntryPtr entry = service_->acquire(key, type))
                return entry->negative() ? Shared<T>() : Shared<T>(std::move(entry));
        }
        EntryPtr entry = readOne(key, type, options).entry;
        return entry && !entry->negative() ? Shared<T>(std::move(entry)) : Shared<T>();
    }

    /// Calls `reader` with the value in place (`const T&`, or a view for strings and bytes),
    /// without copy or count; false when there is none. The value stays while the reader runs, even
    /// if it is replaced or evicted meanwhile; a reader that takes long keeps nobody waiting.
    template <class T, class F>
    bool visit(std::string_view key, F&& reader, const ReadOptions& options = {}) const {
        const ValueType& type = detail::valueTypeOf<T>();
        bool found = false;
        const auto read = [&](const Entry& entry) {
            if (entry.negative()) return true;
            std::invoke(reader, detail::ViewOf<T>::of(entry));
            found = true;
            return true;
        };
        if (has(options.levels, Levels::L1) && service_->visit(key, type, read)) return found;
        const detail::ReadAnswer answer = readOne(key, type, options);
        if (answer.entry) read(*answer.entry);
        return found;
    }

    /// The whole answer.
    template <class T>
    Lookup<T> lookup(std::string_view key, const ReadOptions& options = {}) const {
        return detail::toLookup<T>(readOne(key, detail::valueTypeOf<T>(), options));
    }

    /// The value, from the nearest level that has it, else from `loader`, once for any number of
    /// callers. Gives T where the loader does, else std::optional<T>.
    template <class T, class L>
    auto getOrLoad(std::string_view key, L&& loader, const EntryOptions& options = {}) const ->
        typename detail::LoaderTraits<T, std::decay_t<L>>::Given {
        constexpr bool kMayBeAbsent = detail::LoaderTraits<T, std::decay_t<L>>::kMayBeAbsent;
        return getOrMake<T, kMayBeAbsent>(key, options,
                                          [&]() -> L&& { return std::forward<L>(loader); });
    }
    template <class T, class L, class Rep, class Period>
    auto getOrLoad(std::string_view key, L&& loader, std::chrono::duration<Rep, Period> ttl) const {
        return getOrLoad<T>(key, std::forward<L>(loader), toOptions(ttl));
    }

    /// getOrLoad's answer as a value; never throws.
    template <class T, class L>
    Lookup<T> lookupOrLoad(std::string_view key, L&& loader,
                           const EntryOptions& options = {}) const {
        try {
            return detail::toLookup<T>(loadOne<T>(key, std::forward<L>(loader), options));
        } catch (const std::exception& error) {
            return detail::failedLookup<T>(error.what());
        } catch (...) {
            return detail::failedLookup<T>("a copy of the value or the loader threw");
        }
    }
    template <class T, class L, class Rep, class Period>
    Lookup<T> lookupOrLoad(std::string_view key, L&& loader,
                           std::chrono::duration<Rep, Period> ttl) const {
        return lookupOrLoad<T>(key, std::forward<L>(loader), toOptions(ttl));
    }

    template <class V>
    WriteReceipt set(std::string_view key, V&& value, const EntryOptions& options = {}) const {
        return service_->write(detail::LentValue<V>(std::forward<V>(value)).request(key), options);
    }
    template <class V, class Rep, class Period>
    WriteReceipt set(std::string_view key, V&& value,
                     std::chrono::duration<Rep, Period> ttl) const {
        return set(key, std::forward<V>(value), toOptions(ttl));
    }

    /// Nothing is left of the key, here and elsewhere; a load that is under way will not bring the
    /// old value back.
    WriteReceipt remove(std::string_view key) const {
        const std::string keys[] = {std::string(key)};
        return std::move(service_->remove(keys, Levels::All)[0]);
    }
    /// The entry becomes logically stale: reads miss it unless they allow stale values.
    WriteReceipt expire(std::string_view key) const { return service_->expire(std::string(key)); }
    /// True when a read would find a value (not a negative).
    bool exists(std::string_view key) const {
        return service_->exists(std::string(key), Levels::All);
    }

    // Batches: results in the order of the keys, each with its own outcome.
    template <class T>
    std::vector<Lookup<T>> getMany(const std::vector<std::string>& keys,
                                   const ReadOptions& options = {}) const {
        return detail::toLookups<T>(service_->read(keys, detail::valueTypeOf<T>(), options));
    }
    /// The batch loader is `(const std::vector<std::string>&) -> std::vector<std::optional<T>>`,
    /// one result per key in order; it is called with the keys that this call has to load.
    template <class T, class L>
    std::vector<Lookup<T>> getOrLoadMany(const std::vector<std::string>& keys, L&& loader,
                                         const EntryOptions& options = {}) const {
        auto owned =
            std::make_shared<detail::BatchLoaderOf<T, std::decay_t<L>>>(std::forward<L>(loader));
        return detail::toLookups<T>(
            service_->readOrLoadMany(keys, detail::valueTypeOf<T>(), std::move(owned), options));
    }
    template <class T, class L, class Rep, class Period>
    std::vector<Lookup<T>> getOrLoadMany(const std::vector<std::string>& keys, L&& loader,
                                         std::chrono::duration<Rep, Period> ttl) const {
        return getOrLoadMany<T>(keys, std::forward<L>(loader), toOptions(ttl));
    }
    template <class T>
    std::vector<WriteReceipt> setMany(std::vector<std::pair<std::string, T>> values,
                                      const EntryOptions& options = {}) const {
        std::vector<detail::LentValue<T>> lent;
        std::vector<detail::WriteRequest> requests;
        lent.reserve(values.size());
        requests.reserve(values.size());
        for (auto& [key, value] : values)
            requests.push_back(lent.emplace_back(std::move(value)).request(key));
        return service_->writeMany(requests, options);
    }
    template <class T, class Rep, class Period>
    std::vector<WriteReceipt> setMany(std::vector<std::pair<std::string, T>> values,
                                      std::chrono::duration<Rep, Period> ttl) const {
        return setMany(std::move(values), toOptions(ttl));
    }
    std::vector<WriteReceipt> removeMany(const std::vector<std::string>& keys) const {
        return service_->remove(keys, Levels::All);
    }

    /// Every entry of this service, in every process.
    WriteReceipt clear(ClearMode mode = ClearMode::Remove) const { return service_->clear(mode); }

    CacheLevel l1() const { return {service_, Levels::L1}; }
    CacheLevel l2() const { return {service_, Levels::L2}; }
    Statistics stats() const { return service_->statistics(); }
    Health health() const { return service_->health(); }

    /// Sends a command of the application's own to the server behind L2, as `{"INCR", "hits"}`:
    /// physical keys, and what it changes is not told to any L1. Unavailable where L2 is no such
    /// server. oxcache/RedisCommand.h has the same for Poco::Redis.
    Result<CommandReply> command(std::initializer_list<std::string_view> arguments,
                                 const std::optional<Duration>& deadline = {}) const {
        return service_->command({arguments.begin(), arguments.size()}, deadline);
    }
    Result<CommandReply> command(std::span<const std::string_view> arguments,
                                 const std::optional<Duration>& deadline = {}) const {
        return service_->command(arguments, deadline);
    }

private:
    detail::ReadAnswer readOne(std::string_view key, const ValueType& type,
                               const ReadOptions& options) const {
        const std::string keys[] = {std::string(key)};
        return std::move(service_->read(keys, type, options)[0]);
    }

    /// True when L1 answered; a negative only where the caller can be told of it.
    template <class T>
    bool visitForLoad(std::string_view key, const EntryOptions& options, bool acceptNegative,
                      std::optional<T>& value) const {
        if (!has(options.levels, Levels::L1) || options.skipL1Read) return false;
        return service_->visit(key, detail::valueTypeOf<T>(), [&](const Entry& entry) {
            if (entry.negative()) return acceptNegative;
            value = detail::copyOf<T>(entry);
            return true;
        });
    }

    template <class T, class L>
    detail::ReadAnswer loadOne(std::string_view key, L&& loader,
                               const EntryOptions& options) const {
        using Function = std::decay_t<L>;
        auto owned = std::make_shared<detail::LoaderOf<T, Function>>(std::forward<L>(loader));
        return service_->readOrLoad(std::string(key), detail::valueTypeOf<T>(), std::move(owned),
                                    detail::LoaderTraits<T, Function>::kMayBeAbsent, options);
    }

    /// getOrLoad with a loader that is made only when it is needed.
    template <class T, bool kMayBeAbsent, class Make>
    auto getOrMake(std::string_view key, const EntryOptions& options, Make&& makeLoader) const
        -> std::conditional_t<kMayBeAbsent, std::optional<T>, T> {
        std::optional<T> value;
        if (!visitForLoad<T>(key, options, kMayBeAbsent, value)) {
            const detail::ReadAnswer answer = loadOne<T>(key, makeLoader(), options);
            if (answer.exception) std::rethrow_exception(answer.exception);
            if (!answer.entry) throwError(answer.error);
            if (!answer.entry->negative()) value = detail::copyOf<T>(*answer.entry);
        }
        if constexpr (kMayBeAbsent)
            return value;
        else
            return std::move(*value);
    }

    friend struct detail::CacheAccess;
    std::shared_ptr<detail::Service> service_;
};

namespace detail {

/// For cached functions, which make their loaders only on a miss.
struct CacheAccess {
    template <class T, bool kMayBeAbsent, class Make>
    static auto getOrLoad(const Cache& cache, std::string_view key, const EntryOptions& options,
                          Make&& makeLoader) {
        return cache.getOrMake<T, kMayBeAbsent>(key, options, std::forward<Make>(makeLoader));
    }
};

}  // namespace detail
}  // namespace oxcache
