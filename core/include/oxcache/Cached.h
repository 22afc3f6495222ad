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

namespace oxcache {
namespace detail {

/// A function argument as text within a key.
template <class A>
Bytes keyText(const A& argument) {
    if constexpr (std::is_convertible_v<const A&, std::string_view>) {
        return Bytes(std::string_view(argument));
    } else if constexpr (std::is_same_v<A, char>) {
        return Bytes(1, argument);
    } else if constexpr (std::is_enum_v<A>) {
        return keyText(static_cast<std::underlying_type_t<A>>(argument));
    } else if constexpr (std::is_arithmetic_v<A>) {
        CodecId codec = CodecId::Raw;
        return Conversion<A>::encode(argument, codec);
    } else {
        static_assert(std::is_convertible_v<decltype(toKey(argument)), Bytes>,
                      "an argument in a key is text, a number, an enum, or has toKey(argument)");
        return toKey(argument);
    }
}

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

/// The arguments and result of a loader given to cached().
template <class F>
struct Signature : Signature<decltype(&F::operator())> {};
template <class R, class... A>
struct Signature<R (*)(A...)> {
    using Returned = R;
    using Arguments = std::tuple<A...>;
};
template <class R, class... A>
struct Signature<R(A...)> : Signature<R (*)(A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...)> : Signature<R (*)(A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...) const> : Signature<R (*)(A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...) noexcept> : Signature<R (*)(A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...) const noexcept> : Signature<R (*)(A...)> {};

/// Splits a leading LoadContext<T>& off the arguments.
template <class T, class Arguments>
struct KeyArguments {
    using type = Arguments;
    static constexpr bool kContext = false;
};
template <class T, class... A>
struct KeyArguments<T, std::tuple<LoadContext<T>&, A...>> {
    using type = std::tuple<A...>;
    static constexpr bool kContext = true;
};

template <std::size_t N>
Bytes formatKey(const KeyTemplate& pattern, const std::array<Bytes, N>& values) {
    std::array<BytesView, N> views;
    std::copy(values.begin(), values.end(), views.begin());
    return pattern.format(std::span<const BytesView>(views).first(pattern.arguments()));
}

/// Calls `function` with copied arguments on whatever thread loads.
template <class T, class F, class... A>
auto bindLoader(const std::shared_ptr<F>& function, std::tuple<A...> arguments, auto /*context*/) {
    return [function, arguments = std::move(arguments)]() mutable {
        return std::apply([&](auto&... each) { return std::invoke(*function, each...); },
                          arguments);
    };
}
template <class T, class F, class... A>
auto bindLoader(const std::shared_ptr<F>& function, std::tuple<A...> arguments, std::true_type) {
    return [function, arguments = std::move(arguments)](LoadContext<T>& context) mutable {
        return std::apply([&](auto&... each) { return std::invoke(*function, context, each...); },
                          arguments);
    };
}

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
    using Loads = detail::LoadedAs<std::remove_cvref_t<typename Called::Returned>>;
    using Value = typename Loads::Value;
    using Split = detail::KeyArguments<Value, typename Called::Arguments>;

public:
    CachedCall(detail::ClientSource source, std::string key, EntryOptions options, F loader)
        : source_(std::move(source)),
          keyText_(std::make_shared<const std::string>(std::move(key))),
          pattern_(*keyText_),
          options_(std::move(options)),
          loader_(std::make_shared<F>(std::move(loader))) {
        constexpr std::size_t kArguments = std::tuple_size_v<typename Split::type>;
        if (!pattern_.valid()) throw ConfigurationError(pattern_.describe());
        if (pattern_.arguments() > kArguments || pattern_.named())
            throw ConfigurationError("key template '" + *keyText_ +
                                     "': its placeholders must be positions ({} or {0}) of the "
                                     "loader's " +
                                     std::to_string(kArguments) + " argument(s)");
    }

    template <class... A>
    requires(sizeof...(A) == std::tuple_size_v<typename Split::type>) typename Loads::Given
    operator()(A&&... arguments) const {
        return call(typename Split::type(std::forward<A>(arguments)...),
                    std::index_sequence_for<A...>{});
    }

    /// The key that a call with these arguments uses.
    template <class... A>
    std::string key(const A&... arguments) const {
        return detail::formatKey(pattern_,
                                 std::array<Bytes, sizeof...(A)>{detail::keyText(arguments)...});
    }
    /// As calling it, with the whole answer as a value; never throws but for an unknown service.
    template <class... A>
    requires(sizeof...(A) ==
             std::tuple_size_v<typename Split::type>) Lookup<Value> lookup(A&&... arguments)
    const {
        typename Split::type values(std::forward<A>(arguments)...);
        const std::string name = keyOf(values, std::index_sequence_for<A...>{});
        return source_.use([&](const Cache& cache) {
            return cache.lookupOrLoad<Value>(name, bind(std::move(values)), options_);
        });
    }

private:
    template <std::size_t... I>
    std::string keyOf(const typename Split::type& values, std::index_sequence<I...>) const {
        return key(std::get<I>(values)...);
    }
    template <std::size_t... I>
    typename Loads::Given call(typename Split::type values, std::index_sequence<I...> all) const {
        const std::string name = keyOf(values, all);
        return source_.use([&](const Cache& cache) {
            return detail::CacheAccess::getOrLoad<Value, Loads::kMayBeAbsent>(
                cache, name, options_, [&] { return bind(std::move(values)); });
        });
    }
    auto bind(typename Split::type values) const {
        return detail::bindLoader<Value>(
            loader_,
            std::apply(
                [](auto&... each) {
                    return std::tuple<std::decay_t<decltype(each)>...>(std::move(each)...);
                },
                values),
            std::bool_constant<Split::kContext>{});
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
    return {detail::ClientSource(std::move(service)), std::move(key), std::move(options),
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
    return {detail::ClientSource(std::move(cache)), std::move(key), std::move(options),
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

inline constexpr std::string_view kNameCharacters =
    "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// Position of a parameter by name in the text of a parameter list; KeyTemplate::kNone if absent.
/// A name is the last identifier before a comma outside brackets, or before the end.
consteval std::size_t parameterNamed(std::string_view list, std::string_view name) {
    std::size_t position = 0;
    int depth = 0;
    std::string_view last;
    for (std::size_t i = 1; i < list.size(); ++i) {
        const char c = list[i];
        const bool end = i + 1 == list.size();
        if (end || (c == ',' && depth == 0)) {
            if (last == name) return position;
            ++position;
            last = {};
        } else if (c == '<' || c == '(' || c == '[') {
            ++depth;
        } else if (c == '>' || c == ')' || c == ']') {
            --depth;
        } else if (kNameCharacters.find(c) != std::string_view::npos) {
            const std::size_t to = list.find_first_not_of(kNameCharacters, i);
            if (depth == 0) last = list.substr(i, to - i);
            i = to - 1;
        }
    }
    return KeyTemplate::kNone;
}

/// For every argument of the template the position of the parameter that it stands for.
template <std::size_t N>
consteval std::array<std::size_t, N> parameterPositions(const KeyTemplate& pattern,
                                                        std::string_view list) {
    std::array<std::size_t, N> positions{};
    for (std::size_t i = 0; i < N; ++i)
        positions[i] = pattern.named() ? parameterNamed(list, pattern.argumentName(i)) : i;
    return positions;
}

template <std::size_t N>
consteval bool allBelow(const std::array<std::size_t, N>& positions, std::size_t limit) {
    for (const std::size_t position : positions)
        if (position >= limit) return false;
    return true;
}

/// The object that OXCACHE_CACHED defines.
template <class Traits, class Function>
class CachedFunction;

template <class Traits, class R, class... A>
class CachedFunction<Traits, R(A...)> {
    using Loads = LoadedAs<std::remove_cvref_t<R>>;
    using Value = typename Loads::Value;
    static constexpr CachedAttributes kAttributes = Traits::attributes();
    static constexpr KeyTemplate kPattern{kAttributes.key};
    static_assert(!kAttributes.service.empty(), "OXCACHE_CACHED needs service(\"name\")");
    static_assert(!kAttributes.key.empty(), "OXCACHE_CACHED needs key(\"template\")");
    static_assert(kPattern.valid(), "OXCACHE_CACHED: the key template is malformed");
    static constexpr auto kPositions =
        parameterPositions<kPattern.arguments()>(kPattern, Traits::kParameters);
    static_assert(allBelow(kPositions, sizeof...(A)),
                  "OXCACHE_CACHED: a {placeholder} in the key names no parameter");

public:
    typename Loads::Given operator()(A... arguments) const {
        const std::string name = key(arguments...);
        const ClientUse client(kAttributes.service);
        const auto makeLoader = [&] {
            return [values =
                        std::tuple<std::decay_t<A>...>(std::forward<A>(arguments)...)]() mutable {
                return std::apply(
                    [](auto&... each) { return Traits::body(static_cast<A>(each)...); }, values);
            };
        };
        return CacheAccess::getOrLoad<Value, Loads::kMayBeAbsent>(client.cache(), name, options(),
                                                                  makeLoader);
    }

    /// The key that a call with these arguments uses.
    std::string key(const std::decay_t<A>&... arguments) const {
        const std::array<Bytes, sizeof...(A)> texts{textOf(arguments)...};
        std::array<BytesView, kPattern.arguments()> values{};
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = texts[kPositions[i]];
        return kPattern.format(values);
    }

private:
    static const EntryOptions& options() {
        static const EntryOptions all = kAttributes.options();
        return all;
    }

    /// Parameters that the key does not name need no text.
    template <class P>
    static Bytes textOf(const P& argument) {
        if constexpr (requires { toKey(argument); } || std::is_arithmetic_v<P> ||
                      std::is_enum_v<P> || std::is_convertible_v<const P&, std::string_view>)
            return keyText(argument);
        else
            return {};
    }
};

}  // namespace detail
}  // namespace oxcache

/// Defines, at namespace scope, a function whose results are cached:
///
///     OXCACHE_CACHED(User, findUser, (std::uint64_t id),
///                    service("my_service"), key("user:{id}"), ttl(300s))
///     { return loadFromDb(id); }
///
/// `findUser` is a constexpr callable object. The body runs on a miss; its result type is T, or
/// std::optional<T> where nullopt means "not there". A {name} that names no parameter does not
/// compile. A type with a comma in it needs an alias.
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
