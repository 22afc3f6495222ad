#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "oxcache/Cache.h"
#include "oxcache/CacheManager.h"
#include "oxcache/base/KeyTemplate.h"
#include "oxcache/detail/Arguments.h"

namespace oxcache {
namespace detail {

/// The process-wide manager's cache of a name for the time of one call, without touching shared
/// counts: each thread remembers it until that manager changes.
class OXCACHE_API ClientUse {
public:
    /// Throws what getClient throws.
    explicit ClientUse(std::string_view service);
    ~ClientUse();
    ClientUse(const ClientUse&) = delete;
    ClientUse& operator=(const ClientUse&) = delete;

    const Cache& cache() const noexcept { return *cache_; }

private:
    const Cache* cache_;
};

/// Where a cached function finds its cache: a fixed one, or a name looked up at every call.
class ClientSource {
public:
    explicit ClientSource(Cache cache) : fixed_(std::move(cache)) {}
    explicit ClientSource(std::string service) : service_(std::move(service)) {}

    template <class F>
    decltype(auto) use(F&& call) const {
        if (fixed_) return call(*fixed_);
        const ClientUse client(service_);
        return call(client.cache());
    }

private:
    std::optional<Cache> fixed_;
    std::string service_;
};

}  // namespace detail

/// A function whose results are cached: call it as the loader it was made of. Thread-safe,
/// copyable. Gives T where the loader does, else std::optional<T>; throws as Cache::getOrLoad.
template <class F>
class CachedCall {
    using Called = detail::Signature<F>;
    using Taken = typename Called::Taken;
    using Values = typename Taken::Values;
    using Loads = detail::LoadedAs<std::remove_cvref_t<typename Called::Returned>>;
    using Value = typename Loads::Value;

public:
    CachedCall(detail::ClientSource source, std::string key, EntryOptions options, F loader)
        : source_(std::move(source)),
          keyText_(std::make_shared<const std::string>(std::move(key))),
          pattern_(*keyText_),
          options_(options),
          loader_(std::make_shared<F>(std::move(loader))) {
        if (!pattern_.valid()) throw ConfigurationError(pattern_.describe());
        if (pattern_.arguments() > Taken::kCount || pattern_.named())
            throw ConfigurationError("key template '" + *keyText_ +
                                     "': its placeholders must be positions ({} or {0}) of the "
                                     "loader's " +
                                     std::to_string(Taken::kCount) + " argument(s)");
        for (std::size_t i = 0; i < pattern_.arguments(); ++i)
            if (!Taken::kHaveText[i])
                throw ConfigurationError("key template '" + *keyText_ + "': argument " +
                                         std::to_string(i) +
                                         " has no text; give its type a toKey(argument)");
    }

    template <class... A>
    requires(sizeof...(A) == Taken::kCount) typename Loads::Given operator()(
        A&&... arguments) const {
        Values values{std::forward<A>(arguments)...};
        const std::string name = keyOf(values);
        return source_.use([&](const Cache& cache) {
            return detail::CacheAccess::getOrLoad<Value, Loads::kMayBeAbsent>(
                cache, name, options_, [&] { return bind(std::move(values)); });
        });
    }

    /// The key that a call with these arguments uses.
    template <class... A>
    requires(sizeof...(A) == Taken::kCount) std::string key(A&&... arguments)
    const { return keyOf(Values{std::forward<A>(arguments)...}); }

    /// As calling it, with the whole answer as a value; throws only what getClient throws.
    template <class... A>
    requires(sizeof...(A) == Taken::kCount) Lookup<Value> lookup(A&&... arguments)
    const {
        Values values{std::forward<A>(arguments)...};
        const std::string name = keyOf(values);
        return source_.use([&](const Cache& cache) {
            return cache.lookupOrLoad<Value>(name, bind(std::move(values)), options_);
        });
    }

private:
    std::string keyOf(const Values& values) const {
        const auto texts = Taken::textsOf(values);
        std::array<BytesView, Taken::kCount> views;
        std::copy(texts.begin(), texts.end(), views.begin());
        return pattern_.format(std::span<const BytesView>(views).first(pattern_.arguments()));
    }
    auto bind(Values values) const {
        return detail::loaderWith<Value, Called::kContext>(
            [function = loader_, kept = std::move(values)](auto&... context) mutable {
                return Taken::call(*function, kept, context...);
            });
    }

    detail::ClientSource source_;
    std::shared_ptr<const std::string> keyText_;
    KeyTemplate pattern_;
    EntryOptions options_;
    std::shared_ptr<F> loader_;
};

/// Makes `loader` a cached function of a service of the process-wide manager, which need not exist
/// yet. The key template's placeholders are the arguments by position: "user:{}", "{0}:{1}". A
/// leading `LoadContext<T>&` parameter of the loader is no argument. Throws ConfigurationError for
/// an unusable template.
template <class F>
CachedCall<std::decay_t<F>> cached(std::string service, std::string key, EntryOptions options,
                                   F&& loader) {
    return {detail::ClientSource(std::move(service)), std::move(key), options,
            std::forward<F>(loader)};
}
template <class Rep, class Period, class F>
auto cached(std::string service, std::string key, std::chrono::duration<Rep, Period> ttl,
            F&& loader) {
    return cached(std::move(service), std::move(key), toOptions(ttl), std::forward<F>(loader));
}
/// As above, over a cache at hand.
template <class F>
CachedCall<std::decay_t<F>> cached(Cache cache, std::string key, EntryOptions options, F&& loader) {
    return {detail::ClientSource(std::move(cache)), std::move(key), options,
            std::forward<F>(loader)};
}
template <class Rep, class Period, class F>
auto cached(Cache cache, std::string key, std::chrono::duration<Rep, Period> ttl, F&& loader) {
    return cached(std::move(cache), std::move(key), toOptions(ttl), std::forward<F>(loader));
}

/// What OXCACHE_CACHED takes after the parameters, in any order; `service` and `key` are required.
namespace attribute {

struct Service {
    std::string_view name;
};
struct KeyPattern {
    std::string_view text;
};
struct Ttl {
    Duration value;
};
struct L1Ttl {
    Duration value;
};
struct Idle {
    Duration value;
};
struct Jitter {
    Duration value;
};
struct NegativeTtl {
    Duration value;
};
struct DeadlineIn {
    Duration value;
};
struct Cost {
    std::uint64_t value;
};

template <std::size_t N>
consteval Service service(const char (&name)[N]) {
    return {std::string_view(name, N - 1)};
}
template <std::size_t N>
consteval KeyPattern key(const char (&text)[N]) {
    return {std::string_view(text, N - 1)};
}
template <class R, class P>
consteval Ttl ttl(std::chrono::duration<R, P> value) {
    return {std::chrono::ceil<Duration>(value)};
}
template <class R, class P>
consteval L1Ttl l1Ttl(std::chrono::duration<R, P> value) {
    return {std::chrono::ceil<Duration>(value)};
}
template <class R, class P>
consteval Idle idle(std::chrono::duration<R, P> value) {
    return {std::chrono::ceil<Duration>(value)};
}
template <class R, class P>
consteval Jitter jitter(std::chrono::duration<R, P> value) {
    return {std::chrono::ceil<Duration>(value)};
}
template <class R, class P>
consteval NegativeTtl negativeTtl(std::chrono::duration<R, P> value) {
    return {std::chrono::ceil<Duration>(value)};
}
template <class R, class P>
consteval DeadlineIn deadline(std::chrono::duration<R, P> value) {
    return {std::chrono::ceil<Duration>(value)};
}
consteval Cost cost(std::uint64_t value) { return {value}; }

}  // namespace attribute

namespace detail {

/// The attributes of one cached function, gathered at compile time.
struct CachedAttributes {
    std::string_view service{};
    std::string_view key{};
    std::optional<Duration> ttl{}, l1Ttl{}, idle{}, jitter{}, negativeTtl{}, deadline{};
    std::optional<std::uint64_t> cost{};

    constexpr void take(attribute::Service value) { service = value.name; }
    constexpr void take(attribute::KeyPattern value) { key = value.text; }
    constexpr void take(attribute::Ttl value) { ttl = value.value; }
    constexpr void take(attribute::L1Ttl value) { l1Ttl = value.value; }
    constexpr void take(attribute::Idle value) { idle = value.value; }
    constexpr void take(attribute::Jitter value) { jitter = value.value; }
    constexpr void take(attribute::NegativeTtl value) { negativeTtl = value.value; }
    constexpr void take(attribute::DeadlineIn value) { deadline = value.value; }
    constexpr void take(attribute::Cost value) { cost = value.value; }

    EntryOptions options() const {
        EntryOptions options;
        options.ttl = ttl;
        options.l1Ttl = l1Ttl;
        options.idle = idle;
        options.jitter = jitter;
        options.negativeTtl = negativeTtl;
        options.deadline = deadline;
        options.cost = cost;
        return options;
    }
};

template <class... A>
consteval CachedAttributes gather(A... attributes) {
    CachedAttributes all;
    (all.take(attributes), ...);
    return all;
}

/// The object that OXCACHE_CACHED defines; `S` is the function's type, P its parameters without a
/// leading LoadContext.
template <class Traits, class S, class... P>
class CachedFunctionOf {
    using Called = Signature<S>;
    using Taken = typename Called::Taken;
    using Loads = LoadedAs<std::remove_cvref_t<typename Called::Returned>>;
    using Value = typename Loads::Value;
    static constexpr CachedAttributes kAttributes = Traits::attributes();
    static constexpr KeyTemplate kPattern{kAttributes.key};
    static_assert(!kAttributes.service.empty(), "OXCACHE_CACHED needs service(\"name\")");
    static_assert(!kAttributes.key.empty(), "OXCACHE_CACHED needs key(\"template\")");
    static_assert(kPattern.valid(), "OXCACHE_CACHED: the key template is malformed");
    static constexpr auto kPositions = parameterPositions<kPattern.arguments()>(
        kPattern, Traits::kParameters, Called::kContext ? 1 : 0);
    static_assert(allBelow(kPositions, sizeof...(P)),
                  "OXCACHE_CACHED: a {placeholder} in the key names no parameter");
    static_assert(allHaveText(kPositions, Taken::kHaveText),
                  "OXCACHE_CACHED: a parameter in the key is no text, number or enum; give its "
                  "type a toKey(argument)");

public:
    typename Loads::Given operator()(P... arguments) const {
        typename Taken::Values values{std::forward<P>(arguments)...};
        const std::string name = keyOf(Taken::textsOf(values));
        const ClientUse client(kAttributes.service);
        return CacheAccess::getOrLoad<Value, Loads::kMayBeAbsent>(
            client.cache(), name, options(), [&] { return bind(std::move(values)); });
    }

    /// The key that a call with these arguments uses.
    std::string key(const typename Kept<P>::type&... arguments) const {
        return keyOf(Taken::texts(arguments...));
    }

private:
    static const EntryOptions& options() {
        static const EntryOptions all = kAttributes.options();
        return all;
    }
    static std::string keyOf(const std::array<Bytes, sizeof...(P)>& texts) {
        std::array<BytesView, kPattern.arguments()> views{};
        for (std::size_t i = 0; i < views.size(); ++i) views[i] = texts[kPositions[i]];
        return kPattern.format(views);
    }
    static auto bind(typename Taken::Values values) {
        return loaderWith<Value, Called::kContext>(
            [kept = std::move(values)](auto&... context) mutable {
                const auto body = [](auto&&... each) -> typename Called::Returned {
                    return Traits::body(std::forward<decltype(each)>(each)...);
                };
                return Taken::call(body, kept, context...);
            });
    }
};

template <class Traits, class S>
struct CachedFunction;
template <class Traits, class R, class... P>
struct CachedFunction<Traits, R(P...)> : CachedFunctionOf<Traits, R(P...), P...> {};
template <class Traits, class R, class T, class... P>
struct CachedFunction<Traits, R(LoadContext<T>&, P...)>
    : CachedFunctionOf<Traits, R(LoadContext<T>&, P...), P...> {};

}  // namespace detail
}  // namespace oxcache

/// Defines, at namespace scope, a function whose results are cached:
///
///     OXCACHE_CACHED(User, findUser, (std::uint64_t id),
///                    service("my_service"), key("user:{id}"), ttl(300s))
///     { return loadFromDb(id); }
///
/// `findUser` is a constexpr callable object. The body runs on a miss; its result type is T, or
/// std::optional<T> where nullopt means "not there"; a leading parameter `LoadContext<T>&` is given
/// by the cache, not by callers. A {name} that names no parameter does not compile. A type with a
/// comma in it needs an alias.
#define OXCACHE_CACHED(Type, name, parameters, ...)                                             \
    static Type oxcache_body_of_##name parameters;                                              \
    struct OxcacheTraitsOf_##name {                                                             \
        static constexpr ::std::string_view kParameters = #parameters;                          \
        static consteval ::oxcache::detail::CachedAttributes attributes() {                     \
            using ::oxcache::attribute::cost;                                                   \
            using ::oxcache::attribute::deadline;                                               \
            using ::oxcache::attribute::idle;                                                   \
            using ::oxcache::attribute::jitter;                                                 \
            using ::oxcache::attribute::key;                                                    \
            using ::oxcache::attribute::l1Ttl;                                                  \
            using ::oxcache::attribute::negativeTtl;                                            \
            using ::oxcache::attribute::service;                                                \
            using ::oxcache::attribute::ttl;                                                    \
            return ::oxcache::detail::gather(__VA_ARGS__);                                      \
        }                                                                                       \
        template <class... OxcacheArguments>                                                    \
        static Type body(OxcacheArguments&&... arguments) {                                     \
            return oxcache_body_of_##name(::std::forward<OxcacheArguments>(arguments)...);      \
        }                                                                                       \
    };                                                                                          \
    [[maybe_unused]] inline constexpr ::oxcache::detail::CachedFunction<OxcacheTraitsOf_##name, \
                                                                        Type parameters>        \
        name{};                                                                                 \
    static Type oxcache_body_of_##name parameters
